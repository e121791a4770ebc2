//! Lines that may come in pieces.

/// The beginning of a line whose end has not come yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    begun: Vec<u8>,
    /// A zero byte has come where there must be none.
    endless: bool,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With `\n`; a `\r` before it is no part of the line. A line with a zero byte in it has no
    /// end, because Redis looks for the end in a C string.
    Newline,
    /// With `\r` and one more byte, whatever it is: so Redis reads what announces a size. Again, a
    /// zero byte leaves it without an end.
    ReturnAndOne,
    /// With `\r\n`: so replies end. What follows a `\r` is left in the line if it is no `\n`.
    ReturnAndNewline,
}

/// The line is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Line {
    /// How many bytes wait for the line's end.
    pub(super) fn len(&self) -> usize {
        self.begun.len()
    }

    /// Takes bytes off the `input`, up to the end of the line if that has come. What `read` makes
    /// of the whole line, without its end.
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

    /// How many bytes of the input belong to the line, if its end is among them.
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
