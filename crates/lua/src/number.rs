//! Lua's numbers are doubles. These functions convert and print them as C does.

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

/// A length in memory, which is at most `i64::MAX`.
pub fn length(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// Rounds towards zero. NaN and numbers that do not fit become the smallest integer, as on x86.
pub fn truncate(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// The low 32 bits, as C cuts a long to an int.
pub const fn c_int(number: i64) -> i32 {
    number as i32
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

/// What [`text`] costs in units. Numbers other than small integers take long to write.
#[must_use]
pub fn text_cost(number: f64) -> u64 {
    let integer = number as i32;
    if f64::from(integer) == number { 5 } else { 120 }
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

/// A decimal fraction without the zeros at its end.
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
