//! Lines that may arrive in pieces.

/// The beginning of an incomplete line.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    begun: Vec<u8>,
    /// Whether a zero byte has arrived, after which the line has no end.
    endless: bool,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With `\n`. A `\r` before it is removed. A line with a zero byte has no end, because Redis
    /// searches a C string for it.
    Newline,
    /// With `\r` and one byte of any value, as Redis reads header lines. Again, a line with a zero
    /// byte has no end.
    ReturnAndOne,
    /// With `\r\n`, as in replies. Another byte after `\r` is a part of the line.
    ReturnAndNewline,
}

/// The line is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Line {
    /// The number of bytes of the incomplete line.
    pub(super) fn len(&self) -> usize {
        self.begun.len()
    }

    /// Takes bytes off the `input`, at most to the end of the line. Calls `read` with the complete
    /// line, without its end.
    pub(super) fn take<T>(
        &mut self,
        input: &mut &[u8],
        end: End,
        limit: usize,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, TooLong> {
        let Some(piece) = self.piece(input, end) else {
            self.begun.extend_from_slice(input);
            *input = &[];
            let begun = self.begun.strip_suffix(b"\r").unwrap_or(&self.begun);
            return if begun.len() > limit { Err(TooLong) } else { Ok(None) };
        };
        let (piece, rest) = input.split_at(piece);
        *input = rest;
        let mut whole = std::mem::take(&mut self.begun);
        let line = if whole.is_empty() {
            piece
        } else {
            whole.extend_from_slice(piece);
            &whole
        };
        let line = end.strip(line);
        if line.len() > limit { Err(TooLong) } else { Ok(Some(read(line))) }
    }

    /// The number of input bytes up to the end of the line, if the input contains the end.
    fn piece(&mut self, input: &[u8], end: End) -> Option<usize> {
        if self.endless {
            return None;
        }
        if end != End::Newline && self.begun.last() == Some(&b'\r') {
            return (!input.is_empty()).then_some(1);
        }
        let last = if end == End::Newline { b'\n' } else { b'\r' };
        let zero_stops = end != End::ReturnAndNewline;
        let stops = |byte: &u8| *byte == last || (zero_stops && *byte == 0);
        let found = input.iter().position(stops)?;
        self.endless = zero_stops && input[found] == 0;
        let len = if end == End::Newline { found + 1 } else { found + 2 };
        (!self.endless && len <= input.len()).then_some(len)
    }
}

impl End {
    fn strip(self, line: &[u8]) -> &[u8] {
        match self {
            End::Newline => {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                line.strip_suffix(b"\r").unwrap_or(line)
            }
            End::ReturnAndOne => &line[..line.len().saturating_sub(2)],
            End::ReturnAndNewline => line.strip_suffix(b"\r\n").unwrap_or(line),
        }
    }
}
