//! Integers as Redis reads them. It is stricter than most parsers: the text must be exactly what
//! the number is written as.

use crate::{Blob, ErrorReply};

/// Parses the canonical decimal form of a number: no blank, no `+`, no leading zero, no `-0`.
///
/// # Errors
/// "value is not an integer or out of range" for everything else.
pub(crate) fn parse(text: &[u8]) -> Result<i64, ErrorReply> {
    canonical(text).ok_or(ErrorReply::not_an_integer())
}

fn canonical(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        b"0" if digits.len() == text.len() => return Some(0),
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {}
        _ => return None,
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Parses a number that is not negative: a count or a length.
///
/// # Errors
/// `refusal` for every other text.
pub(crate) fn parse_count(text: &[u8], refusal: &'static str) -> Result<usize, ErrorReply> {
    let number = canonical(text).and_then(|number| usize::try_from(number).ok());
    number.ok_or(ErrorReply::from_static(refusal))
}

/// Parses a count that may be negative, and whose negation must fit in `i64`.
///
/// # Errors
/// If the text is not a number, or its negation does not fit.
pub(crate) fn parse_signed_count(text: &[u8]) -> Result<i64, ErrorReply> {
    match parse(text)? {
        i64::MIN => Err(ErrorReply::from_static(
            "ERR value is out of range, value must between -9223372036854775807 and \
             9223372036854775807",
        )),
        number => Ok(number),
    }
}

/// The number as Redis stores it.
pub(crate) fn write(number: i64) -> Blob {
    Blob::format(format_args!("{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_a_number() {
        for number in [0, 1, -1, 10, i64::MAX, i64::MIN] {
            assert_eq!(parse(&write(number)), Ok(number));
        }
        for text in [
            "",
            "-",
            "+1",
            " 1",
            "1 ",
            "01",
            "-01",
            "-0",
            "00",
            "1.0",
            "1e3",
            "0x1",
            "١",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999999",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(ErrorReply::not_an_integer()), "{text:?}");
        }
    }
}
