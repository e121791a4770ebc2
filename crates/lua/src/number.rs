//! Lua's numbers, which are doubles, as C converts and prints them.

#![expect(clippy::cast_precision_loss, reason = "Lua's numbers are doubles")]

mod parse;

use blob::Blob;

pub use self::parse::parse;

/// The nearest double.
pub const fn from_integer(number: i64) -> f64 {
    number as f64
}

/// The nearest double.
pub const fn from_unsigned(number: u64) -> f64 {
    number as f64
}

/// A length; none that fits in memory is past `i64::MAX`.
pub fn length(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// The integer towards zero. What does not fit, and what is no number, is the smallest integer, as
/// it is on x86.
pub fn truncate(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// The low 32 bits, as C cuts a long to an int.
pub const fn c_int(number: i64) -> i32 {
    number as i32
}

/// The number that C's `strtod` reads at the start of `text`, and how long it is. `None` if there
/// is none.
pub fn strtod(text: &[u8]) -> Option<(f64, usize)> {
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    let (magnitude, len) = magnitude(unsigned)?;
    let number = if text.starts_with(b"-") { -magnitude } else { magnitude };
    Some((number, len + text.len() - unsigned.len()))
}

fn magnitude(text: &[u8]) -> Option<(f64, usize)> {
    let begins =
        |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if begins(b"inf") {
        return Some((f64::INFINITY, if begins(b"infinity") { 8 } else { 3 }));
    }
    if begins(b"nan") {
        return Some((f64::NAN, 3));
    }
    if begins(b"0x")
        && let Some(hexadecimal) = hexadecimal(&text[2..])
    {
        return Some((hexadecimal.0, hexadecimal.1 + 2));
    }
    let digits = |from: usize| text[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let mut len = whole;
    if text.get(len) == Some(&b'.') {
        let fraction = digits(len + 1);
        if whole + fraction == 0 {
            return None;
        }
        len += 1 + fraction;
    } else if whole == 0 {
        return None;
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let exponent = if len + 1 + signed <= text.len() { digits(len + 1 + signed) } else { 0 };
        if exponent > 0 {
            len += 1 + signed + exponent;
        }
    }
    let number = std::str::from_utf8(&text[..len]).ok()?.parse().ok()?;
    Some((number, len))
}

/// Digits to the base of 16, without fraction and exponent: those of JSON's guests have none.
fn hexadecimal(text: &[u8]) -> Option<(f64, usize)> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let digits = text.iter().map_while(digit);
    let number = digits.clone().fold(0.0, |number, digit| number * 16.0 + f64::from(digit));
    let len = digits.count();
    (len > 0).then_some((number, len))
}

/// As C prints it with `%.{digits}g`.
pub fn general(number: f64, digits: usize) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let digits = digits.max(1);
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if (-4..limit).contains(&exponent) {
        let places = usize::try_from(limit - 1 - exponent).unwrap_or(0);
        return without_zeros(&format!("{number:.places$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.unsigned_abs())
}

/// As `tostring` writes it: `%.14g`.
#[must_use]
pub fn text(number: f64) -> Blob {
    let integer = number as i32;
    if f64::from(integer) == number && (integer != 0 || number.is_sign_positive()) {
        return Blob::format(format_args!("{integer}"));
    }
    Blob::from(general(number, 14))
}

/// What counts of a decimal fraction.
fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_in_c() {
        let cases = [
            (0.0, 14, "0"),
            (1.0, 14, "1"),
            (-1.5, 14, "-1.5"),
            (1.0 / 3.0, 14, "0.33333333333333"),
            (1e14, 14, "1e+14"),
            (123_456_789_012_345.0, 14, "1.2345678901234e+14"),
            (0.0001, 14, "0.0001"),
            (0.000_01, 14, "1e-05"),
            (0.1, 17, "0.10000000000000001"),
            (1e300, 17, "1.0000000000000001e+300"),
            (f64::INFINITY, 14, "inf"),
        ];
        for (number, digits, expected) in cases {
            assert_eq!(general(number, digits), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_the_smallest_integer() {
        for (number, expected) in
            [(-1.9, -1), (1.9, 1), (9.3e18, i64::MIN), (f64::NAN, i64::MIN), (-1e300, i64::MIN)]
        {
            assert_eq!(truncate(number), expected);
        }
    }
}
