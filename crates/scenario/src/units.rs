//! How amounts are written in scenario files and flags: always with a unit, such as `20%`,
//! `4ms..14ms`, `-200ppm`. Ranges are half-open.
//!
//! ```
//! use scenario::units::{Amount, Drift};
//! assert_eq!("20%".parse(), Ok(Amount(sim::Chance::from_ppm(200_000).unwrap())));
//! assert_eq!("-200ppm".parse(), Ok(Drift { ppb: -200_000 }));
//! ```

use std::fmt;
use std::str::FromStr;

use history::Span;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sim::{Chance, Delay};

/// Makes a type read and written as the text of its `FromStr` and `Display`.
macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text!(Amount, Latency, Drift, SignedSpan);

/// A probability, written in percent with at most four decimals: `20%`, `0.5%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount(pub Chance);

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Amount, String> {
        let wrong =
            || format!("{text:?} is no probability: write 0% to 100%, with at most four decimals");
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let ppm = decimal(number, 4).ok_or_else(wrong)?;
        u32::try_from(ppm).ok().and_then(Chance::from_ppm).map(Amount).ok_or_else(wrong)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Decimal { number: u64::from(self.0.ppm()), places: 4 })
    }
}

/// How long a message takes: a length of time, or a half-open range of it, `4ms..14ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Latency(pub Delay);

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Latency, String> {
        let span = |part: &str| part.parse::<Span>().map_err(|error| error.to_string());
        let Some((min, max)) = text.split_once("..") else {
            let exact = span(text)?;
            return Ok(Latency(Delay { min: exact, max: exact }));
        };
        let delay = Delay { min: span(min)?, max: span(max)? };
        if delay.min >= delay.max {
            return Err(format!("the range {text:?} is empty: the first is less than the second"));
        }
        Ok(Latency(delay))
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Delay { min, max } = self.0;
        if min == max { write!(f, "{min}") } else { write!(f, "{min}..{max}") }
    }
}

/// How much faster than true time a clock runs: `100ppm`, `-2%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// In parts per billion.
    pub ppb: i32,
}

impl FromStr for Drift {
    type Err = String;

    fn from_str(text: &str) -> Result<Drift, String> {
        let wrong =
            || format!("{text:?} is no drift: write -50% to 50%, or parts per million as 100ppm");
        let (negative, size) = match text.strip_prefix('-') {
            Some(size) => (true, size),
            None => (false, text),
        };
        let ppb = match (size.strip_suffix("ppm"), size.strip_suffix('%')) {
            (Some(number), _) => decimal(number, 3),
            (None, Some(number)) => decimal(number, 7),
            (None, None) => None,
        };
        let ppb = ppb.filter(|ppb| *ppb <= 500_000_000).ok_or_else(wrong)? as i32;
        Ok(Drift { ppb: if negative { -ppb } else { ppb } })
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.ppb < 0 { "-" } else { "" };
        let size = Decimal { number: u64::from(self.ppb.unsigned_abs()), places: 3 };
        write!(f, "{sign}{size}ppm")
    }
}

/// A length of time that can be negative: `-5s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignedSpan {
    /// In nanoseconds.
    pub ns: i64,
}

impl FromStr for SignedSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<SignedSpan, String> {
        let (negative, size) = match text.strip_prefix('-') {
            Some(size) => (true, size),
            None => (false, text),
        };
        let span: Span =
            size.parse().map_err(|error: history::ParseSpanError| error.to_string())?;
        let ns = i64::try_from(span.0).map_err(|_| format!("{text:?} is too long"))?;
        Ok(SignedSpan { ns: if negative { -ns } else { ns } })
    }
}

impl fmt::Display for SignedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.ns < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Span(self.ns.unsigned_abs()))
    }
}

/// A number, or one drawn anew each time from a half-open range: `11`, `"1..5"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The least.
    pub min: u64,
    /// The first that is too much; `min` if there is nothing to draw.
    pub max: u64,
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.min == self.max {
            serializer.serialize_u64(self.min)
        } else {
            serializer.collect_str(&format_args!("{}..{}", self.min, self.max))
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a number such as 11, or a range such as \"1..5\"")]
        enum Written {
            Number(u64),
            Range(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => {
                return Ok(Count { min: number, max: number });
            }
            Written::Range(text) => text,
        };
        let range = text
            .split_once("..")
            .and_then(|(min, max)| Some(Count { min: min.parse().ok()?, max: max.parse().ok()? }));
        range.filter(|range| range.min < range.max).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is no range: write the first and the one after the last, as \"1..5\""
            ))
        })
    }
}

/// Reads `12.5` as 125 with one decimal place; `None` if it is no such number or has more places.
fn decimal(text: &str, places: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if [whole, fraction].iter().any(|s| s.is_empty() || !s.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let missing = places.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let fraction: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scaled = whole.parse::<u64>().ok()?.checked_mul(10u64.pow(places))?;
    scaled.checked_add(fraction * 10u64.pow(missing))
}

/// Writes 125 with one decimal place as `12.5`.
struct Decimal {
    number: u64,
    places: u32,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10u64.pow(self.places);
        let fraction = format!("{:0width$}", self.number % scale, width = self.places as usize);
        let fraction = fraction.trim_end_matches('0');
        write!(f, "{}", self.number / scale)?;
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T: FromStr<Err = String> + fmt::Display>(text: &str) {
        assert_eq!(text.parse::<T>().map(|value| value.to_string()), Ok(text.to_owned()));
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["0%", "20%", "0.5%", "100%", "0.0001%"] {
            round_trip::<Amount>(text);
        }
        for text in ["0s", "4ms..14ms", "13ms"] {
            round_trip::<Latency>(text);
        }
        for text in ["100ppm", "-200ppm", "0.001ppm", "0ppm"] {
            round_trip::<Drift>(text);
        }
        assert_eq!("-2%".parse(), Ok(Drift { ppb: -20_000_000 }));
        round_trip::<SignedSpan>("-5s");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["20", "101%", "-1%", "%", "0.00001%", "1e1%", "99999999999999999999%"] {
            assert!(text.parse::<Amount>().is_err(), "{text:?} was accepted");
        }
        for text in ["4ms..4ms", "14ms..4ms", "4..14", "4ms..", "..4ms"] {
            assert!(text.parse::<Latency>().is_err(), "{text:?} was accepted");
        }
        for text in ["51%", "100", "1ppb", "--1ppm"] {
            assert!(text.parse::<Drift>().is_err(), "{text:?} was accepted");
        }
        assert!("9999999h".parse::<SignedSpan>().is_err());
    }
}
