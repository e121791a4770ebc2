//! Amounts of memory, with their units.

use std::str::FromStr;

/// A number of bytes, written as `64MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

const UNITS: [(&str, u32); 4] = [("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let unit = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, shift)));
        let size = unit.and_then(|(number, shift)| {
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            let number: usize = number.parse().ok().filter(|_| is_number)?;
            number.checked_mul(1 << shift)
        });
        size.map(Size).ok_or_else(|| format!("{text:?} is not a size: write it as 512KiB or 64MiB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_carry_units() {
        for (text, bytes) in [("0B", 0), ("512KiB", 512 << 10), ("64MiB", 64 << 20)] {
            assert_eq!(text.parse(), Ok(Size(bytes)));
        }
        for text in ["64", "64MB", "MiB", "-1B", "+1B", "1.5MiB", "99999999999999GiB", ""] {
            assert!(text.parse::<Size>().is_err(), "{text:?}");
        }
    }
}
