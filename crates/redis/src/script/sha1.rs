//! The names of scripts.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha1::Digest;
use thiserror::Error;

use crate::Blob;

/// The SHA-1 of a script's text, by which `EVALSHA` calls it. Written as 40 hexadecimal digits.
///
/// ```
/// use redis::Sha1;
///
/// let sha = Sha1::of(b"return 1");
/// assert_eq!(sha.to_string(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
/// assert_eq!(Sha1::from_hex(b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"), Ok(sha));
/// assert!(Sha1::from_hex(b"e0e1").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "Blob", try_from = "Blob")]
pub struct Sha1([u8; Sha1::LEN]);

/// A text that is not 40 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a SHA-1 is 40 hexadecimal digits")]
pub struct NotASha1;

impl Sha1 {
    const LEN: usize = 20;

    /// The number of hexadecimal digits.
    pub(crate) const HEX_LEN: usize = 2 * Sha1::LEN;

    /// The SHA-1 of `text`.
    #[must_use]
    pub fn of(text: &[u8]) -> Sha1 {
        Sha1(sha1::Sha1::digest(text).into())
    }

    /// Reads 40 hexadecimal digits of either case.
    ///
    /// # Errors
    /// If that is not what they are.
    pub fn from_hex(hex: &[u8]) -> Result<Sha1, NotASha1> {
        let (pairs, []) = hex.as_chunks::<2>() else {
            return Err(NotASha1);
        };
        let pairs: &[[u8; 2]; Sha1::LEN] = pairs.try_into().map_err(|_| NotASha1)?;
        let mut bytes = [0; Sha1::LEN];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Sha1(bytes))
    }

    /// The 40 hexadecimal digits, in lower case, to be kept by whoever sends them often.
    #[must_use]
    pub fn to_hex(self) -> Blob {
        Blob::format(format_args!("{self}"))
    }
}

fn digit(character: u8) -> Result<u8, NotASha1> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        b'A'..=b'F' => Ok(character - b'A' + 10),
        _ => Err(NotASha1),
    }
}

impl fmt::Display for Sha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha1({self})")
    }
}

impl From<Sha1> for Blob {
    fn from(sha: Sha1) -> Blob {
        sha.to_hex()
    }
}

impl TryFrom<Blob> for Sha1 {
    type Error = NotASha1;

    fn try_from(hex: Blob) -> Result<Sha1, NotASha1> {
        Sha1::from_hex(&hex)
    }
}
