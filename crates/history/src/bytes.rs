//! Amounts of memory.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// An amount of memory, in bytes. Written with its unit: `900B`, `64KiB`, `1MiB`, `2GiB`.
///
/// ```
/// # use history::Bytes;
/// let amount: Bytes = "64KiB".parse()?;
/// assert_eq!(amount, Bytes(65_536));
/// assert_eq!(amount.to_string(), "64KiB");
/// assert!("900".parse::<Bytes>().is_err(), "a number needs a unit");
/// # Ok::<(), history::ParseBytesError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// The units, the largest first.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A text that is not an amount of memory.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no amount of memory: write 900B, 64KiB, 1MiB or 2GiB")]
pub struct ParseBytesError(String);

impl FromStr for Bytes {
    type Err = ParseBytesError;

    fn from_str(text: &str) -> Result<Bytes, ParseBytesError> {
        let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)));
        let whole = |number: &str| {
            let is_digit = |byte: u8| byte.is_ascii_digit();
            number.bytes().all(is_digit).then(|| number.parse::<u64>().ok()).flatten()
        };
        let bytes = unit.and_then(|(number, size)| whole(number)?.checked_mul(*size));
        bytes.map(Bytes).ok_or_else(|| ParseBytesError(text.to_owned()))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, size): &&(&str, u64)| self.0.is_multiple_of(*size) && self.0 >= *size;
        let (unit, size) = UNITS.iter().find(fits).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_back_as_they_were_written() {
        for text in ["0B", "900B", "1025B", "64KiB", "1MiB", "3GiB"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        assert_eq!("1024B".parse::<Bytes>().unwrap().to_string(), "1KiB");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["900", "1.5KiB", "KiB", "-1B", "+1B", "1 B", "", "99999999999GiB"] {
            assert!(text.parse::<Bytes>().is_err(), "{text:?} was accepted");
        }
    }
}
