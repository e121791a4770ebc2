//! Scores of sorted sets: floating-point numbers, read and written as in Redis.

mod strtod;

use std::cmp::Ordering;
use std::fmt;

use crate::{Blob, ErrorReply};

pub(crate) use self::strtod::strtod;

/// A double that is not NaN.
///
/// Two scores are equal if their bits are. 0 and -0 differ, because they are printed differently.
/// But they have the same place in a sorted set ([`Score::order`]).
///
/// ```
/// use redis::Score;
///
/// let score = Score::new(0.1).expect("not NaN");
/// assert_eq!(score.to_string(), "0.10000000000000001");
/// assert_eq!(Score::new(f64::NEG_INFINITY).expect("not NaN").to_string(), "-inf");
/// assert_eq!(Score::new(f64::NAN), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Score {
    bits: u64,
}

impl Score {
    /// The score of the members of a plain set.
    pub(crate) const ONE: Score = Score { bits: 1.0_f64.to_bits() };

    /// A score, unless `number` is NaN.
    #[must_use]
    pub const fn new(number: f64) -> Option<Score> {
        if number.is_nan() { None } else { Some(Score { bits: number.to_bits() }) }
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// The order in a sorted set. 0 and -0 are equal here.
    #[must_use]
    #[inline]
    pub fn order(self, other: Score) -> Ordering {
        // Neither is NaN, so there is an order.
        self.number().partial_cmp(&other.number()).unwrap_or(Ordering::Equal)
    }

    /// The same number, but 0 for -0.
    pub(crate) fn without_sign_of_zero(self) -> Score {
        if self.number() == 0.0 { Score::default() } else { self }
    }

    /// The sum. `None` for opposite infinities, whose sum is NaN.
    #[expect(clippy::float_arithmetic, reason = "IEEE addition is the same on every machine")]
    pub(crate) fn plus(self, other: Score) -> Option<Score> {
        Score::new(self.number() + other.number())
    }

    /// The product. `None` for 0 and an infinity, whose product is NaN.
    #[expect(clippy::float_arithmetic, reason = "IEEE products are the same on every machine")]
    pub(crate) fn times(self, weight: Score) -> Option<Score> {
        Score::new(self.number() * weight.number())
    }

    /// Parses an argument. All of it must be a number in the range of a double.
    ///
    /// # Errors
    /// "value is not a valid float" for everything else.
    pub(crate) fn parse(text: &[u8]) -> Result<Score, ErrorReply> {
        let starts_well = text.first().is_some_and(|byte| !strtod::is_space(*byte));
        let read = strtod(text);
        let whole = starts_well && read.len == text.len() && !read.is_out_of_range;
        Score::new(read.number)
            .filter(|_| whole)
            .ok_or(ErrorReply::from_static("ERR value is not a valid float"))
    }

    /// The text of the score in replies.
    pub(crate) fn to_blob(self) -> Blob {
        Blob::format(format_args!("{self}"))
    }

    /// The text of the score in the reply of `ZSCAN` for a small sorted set. An integer has no
    /// exponent, unless it is too far from 0.
    pub(crate) fn to_packed_blob(self) -> Blob {
        const FAR: f64 = (1_u64 << 62) as f64;
        let number = self.number();
        if number.trunc() == number && number.abs() <= FAR {
            return Blob::format(format_args!("{}", number as i64));
        }
        self.to_blob()
    }
}

/// With 17 significant digits, which are unique for each double: C's `%.17g`.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number();
        if number.is_infinite() {
            return f.write_str(if number > 0.0 { "inf" } else { "-inf" });
        }
        let scientific = format!("{number:.16e}");
        let (mantissa, exponent) = scientific.split_once('e').ok_or(fmt::Error)?;
        let exponent: i32 = exponent.parse().map_err(|_| fmt::Error)?;
        let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
        let sign = if unsigned.len() < mantissa.len() { "-" } else { "" };
        let all_digits = unsigned.replace('.', "");
        let (first, rest) = all_digits.split_at(1);
        let rest = rest.trim_end_matches('0');
        let digits = &all_digits[..1 + rest.len()];
        match exponent {
            -4..0 => {
                let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
                write!(f, "{sign}0.{zeros}{digits}")
            }
            0..17 => match digits.split_at_checked(exponent as usize + 1) {
                Some((whole, "")) => write!(f, "{sign}{whole}"),
                Some((whole, fraction)) => write!(f, "{sign}{whole}.{fraction}"),
                None => write!(f, "{sign}{digits:0<width$}", width = exponent as usize + 1),
            },
            _ => {
                let point = if rest.is_empty() { "" } else { "." };
                let exponent_sign = if exponent < 0 { '-' } else { '+' };
                let exponent = exponent.unsigned_abs();
                write!(f, "{sign}{first}{point}{rest}e{exponent_sign}{exponent:02}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Option<f64> {
        Score::parse(text.as_bytes()).ok().map(Score::number)
    }

    #[test]
    fn numbers_are_printed_as_c_prints_them() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.10000000000000001"),
            (100.0, "100"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e100, "1e+100"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(Score::new(number).expect("a number").to_string(), expected);
        }
    }

    #[test]
    fn arguments_are_numbers_from_the_first_byte_to_the_last() {
        for (text, expected) in [
            ("1", 1.0),
            ("+1.50", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("0x10", 16.0),
            ("-0x1.8p1", -3.0),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e-320", 1e-320),
        ] {
            assert_eq!(parse(text), Some(expected), "{text:?}");
        }
        for text in [
            "", " 1", "1 ", "1\0", ".", "-", "e5", "1e", "1e+", "0x", "nan", "infin", "1e400",
            "1e-400", "0x1p2000", "1,5", "١", "--1", "+-1",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_as_the_same_number(bits in any::<u64>()) {
            if let Some(score) = Score::new(f64::from_bits(bits)) {
                prop_assert_eq!(parse(&score.to_string()).map(f64::to_bits), Some(score.bits));
            }
        }
    }
}
