//! Virtual time: integer nanoseconds, never a float, never the wall clock of the machine.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A point of virtual time: nanoseconds since the run began.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// The beginning of a run.
    pub const ZERO: Time = Time(0);

    /// The length of time since `earlier`, or zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Time {
    type Output = Time;

    /// Saturates at the maximum, which no run reaches.
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_nanoseconds(f, self.0)
    }
}

/// A length of virtual time, in nanoseconds. Written with its unit: `250us`, `13ms`, `1.5s`, `10m`,
/// `2h`.
///
/// ```
/// # use history::Span;
/// let span: Span = "1.5s".parse()?;
/// assert_eq!(span, Span::from_millis(1500));
/// assert_eq!(span.to_string(), "1.5s");
/// assert!("13".parse::<Span>().is_err(), "a number needs a unit");
/// # Ok::<(), history::ParseSpanError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Span {
    /// A span of zero.
    pub const ZERO: Span = Span(0);

    /// A span of `ms` milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Span {
        Span(ms * 1_000_000)
    }

    /// A span of `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Span {
        Span(secs * 1_000_000_000)
    }

    /// The span in whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }
}

impl Add for Span {
    type Output = Span;

    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Span;

    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// A text that is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not a length of time: write a number and its unit, such as 250us, 13ms, 1.5s, 10m"
)]
pub struct ParseSpanError(String);

impl FromStr for Span {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Span, ParseSpanError> {
        parse_nanoseconds(text).map(Span).ok_or_else(|| ParseSpanError(text.to_owned()))
    }
}

fn parse_nanoseconds(text: &str) -> Option<u64> {
    let number_len = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(number_len);
    let &(_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if [whole, fraction].iter().any(|s| s.is_empty() || !s.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let fraction_scale = 10u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction: u64 = fraction.parse().ok()?;
    let fraction_ns = fraction.checked_mul(scale).filter(|ns| ns % fraction_scale == 0)?;
    whole.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(fraction_ns / fraction_scale)
}

fn write_nanoseconds(f: &mut fmt::Formatter<'_>, ns: u64) -> fmt::Result {
    // Hours and minutes are used only for whole numbers: `90s` reads better than `1.5m`.
    let exact = UNITS[..2].iter().find(|(_, scale)| ns > 0 && ns.is_multiple_of(*scale));
    let Some(&(unit, scale)) = exact.or_else(|| UNITS[2..].iter().find(|(_, scale)| ns >= *scale))
    else {
        return write!(f, "0s");
    };
    write!(f, "{}", ns / scale)?;
    let digits = scale.ilog10() as usize;
    let fraction = format!("{:0digits$}", ns % scale);
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        write!(f, ".{fraction}")?;
    }
    write!(f, "{unit}")
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_nanoseconds(f, self.0)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_back_as_they_were_written() {
        for text in ["0s", "1ns", "250us", "13ms", "1.5s", "90s", "10m", "2h", "1.000000001s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("60s".parse::<Span>().unwrap().to_string(), "1m");
        assert_eq!("1500ms".parse::<Span>().unwrap().to_string(), "1.5s");
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        let too_long = "99999999999999999999s";
        for text in ["", "13", "ms", "-1ms", "1 ms", "1.ms", ".5s", "1.5ns", "1e3s", "1d", too_long]
        {
            assert!(text.parse::<Span>().is_err(), "{text:?} was accepted");
        }
    }
}
