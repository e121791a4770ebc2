//! Numbers as Redis stores them: decimal texts, written and read without going through `fmt`, which
//! takes as long as the rest of a command.

use redis::Blob;

/// A text of at most `N` bytes that is put together from numbers.
///
/// ```
/// use redis_node::text::Text;
///
/// let mut text = Text::<41>::new();
/// assert_eq!(&text.number(17).byte(b':').number(4).blob()[..], b"17:4");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// An empty text.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no generic code makes one")]
    pub fn new() -> Text<N> {
        Text { bytes: [0; N], len: 0 }
    }

    /// Appends a byte.
    ///
    /// # Panics
    /// If the text is longer than `N` bytes then.
    pub fn byte(&mut self, byte: u8) -> &mut Text<N> {
        self.bytes[self.len] = byte;
        self.len += 1;
        self
    }

    /// Appends a number, of at most 20 digits.
    ///
    /// # Panics
    /// If the text is longer than `N` bytes then.
    pub fn number(&mut self, number: u64) -> &mut Text<N> {
        // Most are like that.
        if number < 10 {
            return self.byte(b'0' + number as u8);
        }
        let end = self.len + number.ilog10() as usize + 1;
        let mut rest = number;
        for digit in self.bytes[self.len..end].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.len = end;
        self
    }

    /// The text so far.
    #[must_use]
    pub fn blob(&self) -> Blob {
        Blob::copy_from_slice(&self.bytes[..self.len])
    }
}

/// Reads a decimal number; none if there is anything else, or if it is above `u64::MAX`.
///
/// ```
/// use redis_node::text::number;
///
/// assert_eq!(number(b"17"), Some(17));
/// assert_eq!((number(b""), number(b"+17"), number(b"17 ")), (None, None, None));
/// ```
#[must_use]
#[inline]
pub fn number(digits: &[u8]) -> Option<u64> {
    first_number(digits).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

/// Reads the decimal number that a text begins with. Returns it and what comes after it.
#[must_use]
#[inline]
pub fn first_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let value = |byte: u8| u64::from(byte.wrapping_sub(b'0'));
    let (first, mut rest) = text.split_first()?;
    let mut number = Some(value(*first)).filter(|digit| *digit < 10)?;
    while let Some((next, more)) = rest.split_first()
        && value(*next) < 10
    {
        number = number.checked_mul(10)?.checked_add(value(*next))?;
        rest = more;
    }
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_as_they_were_written() {
        for value in [0, 1, 9, 10, 99, 100, 12_345, u64::MAX] {
            let text = Text::<20>::new().number(value).blob();
            assert_eq!(text, Blob::from(value.to_string()));
            assert_eq!(number(&text), Some(value));
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-1", "+1", " 1", "1 ", "1,", "x", ":", "/", "18446744073709551616"] {
            assert_eq!(number(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(first_number(b"12,3"), Some((12, &b",3"[..])));
    }
}
