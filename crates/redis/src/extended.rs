//! The floating-point numbers of `INCRBYFLOAT` and `HINCRBYFLOAT`.
//!
//! Redis calculates with C's `long double`. On x86, that is the x87 format: 80 bits, 64 of them for
//! the significand. Sums here have the same digits on every machine.

use rustc_apfloat::ieee::X87DoubleExtended;
use rustc_apfloat::{Float, Round, Status};

use crate::Blob;

/// An 80-bit number, which may be infinite.
#[derive(Clone, Copy)]
pub(crate) struct Extended(X87DoubleExtended);

impl Extended {
    pub(crate) const ZERO: Extended = Extended(X87DoubleExtended::ZERO);

    /// The exclusive limit for the length of a number's text in Redis.
    const TEXT_END: usize = 5 << 10;
    /// How many digits Redis writes after the point, before it removes trailing zeros.
    const PLACES: u32 = 17;

    /// Parses all of `text` as `strtold` does. `None` if it is not a number, or does not fit.
    pub(crate) fn parse(text: &[u8]) -> Option<Extended> {
        if text.len() >= Extended::TEXT_END {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let lower = rest.to_ascii_lowercase();
        let number = match &lower[..] {
            "inf" | "infinity" => X87DoubleExtended::INFINITY,
            digits => {
                let parsed =
                    X87DoubleExtended::from_str_r(&plain(digits)?, Round::NearestTiesToEven);
                let parsed = parsed.ok()?;
                let lost = parsed.status.intersects(Status::UNDERFLOW) && parsed.value.is_zero();
                if lost || parsed.value.is_infinite() {
                    return None;
                }
                parsed.value
            }
        };
        Some(Extended(if negative { -number } else { number }))
    }

    pub(crate) fn is_finite(self) -> bool {
        self.0.is_finite()
    }

    /// The sum, if it is finite.
    pub(crate) fn checked_add(self, other: Extended) -> Option<Extended> {
        let sum = Extended(self.0.add_r(other.0, Round::NearestTiesToEven).value);
        sum.is_finite().then_some(sum)
    }

    /// Writes a finite number as Redis does: without an exponent, with at most 17 digits after the
    /// point.
    pub(crate) fn write(self) -> Blob {
        let bits = self.0.to_bits();
        let significand = bits & u128::from(u64::MAX);
        let biased = u32::try_from(bits >> 64 & 0x7fff).unwrap_or(0).max(1);
        let exponent = biased.cast_signed() - 16_383 - 63;
        let (whole, fraction) = match u32::try_from(-exponent) {
            Ok(shift) => split(significand, shift),
            Err(_) => (shifted_left(significand, exponent.unsigned_abs()), 0),
        };
        let sign = if self.0.is_negative() && (whole != "0" || fraction != 0) { "-" } else { "" };
        let text = format!("{sign}{whole}.{fraction:017}");
        Blob::from(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// The same number in the complete form that the parser needs.
fn plain(digits: &str) -> Option<String> {
    let (prefix, digits, mark, is_digit): (_, _, _, fn(char) -> bool) =
        match digits.strip_prefix("0x") {
            Some(digits) => ("0x", digits, 'p', |digit| digit.is_ascii_hexdigit()),
            None => ("", digits, 'e', |digit| digit.is_ascii_digit()),
        };
    let (mantissa, exponent) = match digits.split_once(mark) {
        Some((mantissa, exponent)) => (mantissa, plain_exponent(exponent)?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = (!whole.is_empty() || !fraction.is_empty())
        && whole.chars().all(is_digit)
        && fraction.chars().all(is_digit);
    is_number.then(|| format!("{prefix}0{whole}.{fraction}0{mark}{exponent}"))
}

/// Clamps the exponent. Beyond the limit, the digits of a text of this length make no difference.
fn plain_exponent(text: &str) -> Option<i32> {
    const FAR: i32 = 99_999;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(FAR).min(FAR);
    Some(if text.starts_with('-') { -size } else { size })
}

/// The integer part of `significand / 2^shift`, and the fraction in units of the last place,
/// rounded to even.
fn split(significand: u128, shift: u32) -> (String, u128) {
    const UNIT: u128 = 10u128.pow(Extended::PLACES);
    let whole = significand.checked_shr(shift).unwrap_or(0);
    let Some(one) = 1u128.checked_shl(shift) else {
        return ("0".to_owned(), 0);
    };
    let scaled = (significand % one) * UNIT;
    let (fraction, rest) = (scaled / one, scaled % one);
    let half = one / 2;
    let up = shift > 0 && (rest > half || (rest == half && fraction % 2 == 1));
    let fraction = fraction + u128::from(up);
    (format!("{}", whole + fraction / UNIT), fraction % UNIT)
}

/// `significand * 2^shift` in decimal.
fn shifted_left(significand: u128, shift: u32) -> String {
    const LIMB: u64 = 1_000_000_000_000_000_000;
    let limb = |number: u128| u64::try_from(number % u128::from(LIMB)).unwrap_or(0);
    let mut limbs = vec![limb(significand), limb(significand / u128::from(LIMB))];
    let mut left = shift;
    while left > 0 {
        let step = left.min(32);
        left -= step;
        let mut carry = 0u128;
        for place in &mut limbs {
            let number = (u128::from(*place) << step) + carry;
            *place = limb(number);
            carry = number / u128::from(LIMB);
        }
        limbs.push(limb(carry));
    }
    let digits: String = limbs.iter().rev().map(|limb| format!("{limb:018}")).collect();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written_as_a_long_double_is() {
        for (text, expected) in [
            ("0x10", "16"),
            ("0x.8", "0.5"),
            ("0x1p-2", "0.25"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0", "0"),
            ("+1e3", "1000"),
            ("1000.1", "1000.09999999999999998"),
            ("0.000003814697265625", "0.00000381469726562"),
            ("0.999999999999999999", "1"),
            ("-0.000000000000000001", "0"),
            ("1e-4950", "0"),
            ("18446744073709551615", "18446744073709551615"),
            ("36893488147419103230", "36893488147419103230"),
            ("1e30", "1000000000000000000024696061952"),
        ] {
            let written = Extended::parse(text.as_bytes()).map(Extended::write);
            assert_eq!(written, Some(Blob::from(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            " 1",
            "1 ",
            "1e",
            "e1",
            ".",
            "0x",
            "0x.",
            "nan",
            "1e5000",
            "1e-5000",
            "1\0",
            "--1",
            "1e+",
            "1e99999999999999999999",
            "é",
        ] {
            assert!(Extended::parse(text.as_bytes()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn the_largest_number_has_all_its_digits() {
        let written = Extended::parse(b"1.18973149535723176502e4932").map(Extended::write);
        let written = written.expect("it fits");
        assert_eq!(written.len(), 4933);
        assert!(written.starts_with(b"118973149535723176502126385303"));
    }
}
