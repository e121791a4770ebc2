//! Finds the boundaries between the server's replies.
//!
//! Replies are passed on byte by byte as they arrive, without being decoded. So clients get them
//! exactly as the server wrote them, in RESP2 or RESP3, and a large reply takes no memory. The
//! state is the number of missing elements and bytes. Nesting needs no stack.

use thiserror::Error;

/// The server sent bytes that are not a reply to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the server does not reply in RESP")]
pub(crate) struct NoReply;

/// The progress within one reply.
#[derive(Clone, Debug)]
pub(crate) struct Frames {
    /// The number of missing elements, including one that has begun. 0 between two replies.
    missing: u64,
    part: Part,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// The type byte of an element.
    Kind,
    /// The rest of a line.
    Line,
    /// The rest of a number, after these digits.
    Number { kind: u8, digits: u64, is_negative: bool },
    /// This many bytes of a string.
    Bytes(u64),
}

/// The most elements or bytes that a header may announce.
const ANNOUNCED_MAX: u64 = 1 << 40;

impl Default for Frames {
    fn default() -> Frames {
        Frames { missing: 0, part: Part::Kind }
    }
}

impl Frames {
    /// Whether a reply has begun and not ended.
    pub(crate) fn is_within(&self) -> bool {
        self.missing > 0
    }

    /// Returns how many bytes of the input belong to the reply, and whether the reply ends with
    /// them. If it does not end, all bytes belong to it.
    pub(crate) fn scan(&mut self, input: &[u8]) -> Result<(usize, bool), NoReply> {
        let before = self.clone();
        let scanned = self.scan_all(input);
        if scanned.is_err() {
            *self = before;
        }
        scanned
    }

    fn scan_all(&mut self, input: &[u8]) -> Result<(usize, bool), NoReply> {
        self.missing = self.missing.max(1);
        let mut place = 0;
        while let Some(rest) = input.get(place..).filter(|rest| !rest.is_empty()) {
            place += self.step(rest)?;
            if self.missing == 0 {
                return Ok((place, true));
            }
        }
        Ok((place, false))
    }

    /// Takes one step. Returns how many bytes it took.
    fn step(&mut self, input: &[u8]) -> Result<usize, NoReply> {
        match self.part {
            Part::Kind => {
                self.part = match input[0] {
                    b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => Part::Line,
                    kind @ (b'$' | b'!' | b'=' | b'*' | b'~' | b'%' | b'|') => {
                        Part::Number { kind, digits: 0, is_negative: false }
                    }
                    _ => return Err(NoReply),
                };
                Ok(1)
            }
            Part::Line => {
                let Some(end) = memchr::memchr(b'\n', input) else { return Ok(input.len()) };
                self.end_element();
                Ok(end + 1)
            }
            Part::Number { kind, digits, is_negative } => {
                match input[0] {
                    digit @ b'0'..=b'9' => {
                        let digits = digits * 10 + u64::from(digit - b'0');
                        if digits > ANNOUNCED_MAX {
                            return Err(NoReply);
                        }
                        self.part = Part::Number { kind, digits, is_negative };
                    }
                    b'-' => self.part = Part::Number { kind, digits, is_negative: true },
                    b'\r' => {}
                    b'\n' if is_negative => self.end_element(),
                    b'\n' => self.announced(kind, digits),
                    _ => return Err(NoReply),
                }
                Ok(1)
            }
            Part::Bytes(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                match left - here as u64 {
                    0 => self.end_element(),
                    left => self.part = Part::Bytes(left),
                }
                Ok(here)
            }
        }
    }

    fn announced(&mut self, kind: u8, number: u64) {
        match kind {
            b'*' | b'~' => {
                self.missing = self.missing.saturating_add(number);
                self.end_element();
            }
            b'%' => {
                self.missing = self.missing.saturating_add(2 * number);
                self.end_element();
            }
            // Attributes are not an element. The element that they describe follows them.
            b'|' => {
                self.missing = self.missing.saturating_add(2 * number);
                self.part = Part::Kind;
            }
            _ => self.part = Part::Bytes(number + 2),
        }
    }

    fn end_element(&mut self) {
        self.missing = self.missing.saturating_sub(1);
        self.part = Part::Kind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLIES: [&[u8]; 16] = [
        b"+OK\r\n",
        b"-ERR no\r\n",
        b":-7\r\n",
        b"$3\r\na\nb\r\n",
        b"$0\r\n\r\n",
        b"$-1\r\n",
        b"*-1\r\n",
        b"*0\r\n",
        b"*2\r\n*1\r\n:1\r\n$1\r\na\r\n",
        b"_\r\n",
        b"#t\r\n",
        b",1.5\r\n",
        b"%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n_\r\n_\r\n",
        b"~1\r\n(12345678901234567890\r\n",
        b"|1\r\n+ttl\r\n:3\r\n=7\r\ntxt:abc\r\n",
        b"*3\r\n!5\r\nERR a\r\n*0\r\n%0\r\n",
    ];

    #[test]
    fn replies_end_where_they_end_however_they_are_cut_into_pieces() {
        let all = REPLIES.concat();
        for size in 1..=all.len() {
            let (mut frames, mut ends, mut place) = (Frames::default(), Vec::new(), 0);
            for mut piece in all.chunks(size) {
                while !piece.is_empty() {
                    let (len, is_end) = frames.scan(piece).unwrap();
                    place += len;
                    piece = &piece[len..];
                    assert!(is_end || piece.is_empty());
                    assert_eq!(frames.is_within(), !is_end);
                    ends.extend(is_end.then_some(place));
                }
            }
            let expected = REPLIES.iter().scan(0, |end, reply| {
                *end += reply.len();
                Some(*end)
            });
            assert_eq!(ends, expected.collect::<Vec<_>>(), "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for text in ["hello", "$x\r\n", "*99999999999999999999\r\n", ">1\r\n+a\r\n", "\r\n"] {
            assert_eq!(Frames::default().scan(text.as_bytes()), Err(NoReply), "{text:?}");
        }
    }
}
