//! SHA-1 digests, which identify scripts.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use sha1::Digest;
use thiserror::Error;

use crate::Blob;

/// The SHA-1 of a script's text, which `EVALSHA` takes. Written as 40 hexadecimal digits.
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
pub struct Sha1([u32; Sha1::WORDS]);

/// A text that is not 40 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a SHA-1 is 40 hexadecimal digits")]
pub struct NotASha1;

impl Sha1 {
    /// Stored as words, because comparing them takes no function call.
    const WORDS: usize = 5;

    /// The number of hexadecimal digits.
    pub(crate) const HEX_LEN: usize = 8 * Sha1::WORDS;

    /// The SHA-1 of `text`.
    #[must_use]
    pub fn of(text: &[u8]) -> Sha1 {
        let bytes: [u8; 4 * Sha1::WORDS] = sha1::Sha1::digest(text).into();
        let (words, _) = bytes.as_chunks::<4>();
        Sha1(std::array::from_fn(|place| u32::from_be_bytes(words[place])))
    }

    /// Reads 40 hexadecimal digits of either case.
    ///
    /// # Errors
    /// If `hex` is not 40 hexadecimal digits.
    pub fn from_hex(hex: &[u8]) -> Result<Sha1, NotASha1> {
        let hex: &[u8; Sha1::HEX_LEN] = hex.try_into().map_err(|_| NotASha1)?;
        let (chunks, _) = hex.as_chunks::<8>();
        let mut words = [0; Sha1::WORDS];
        for (word, digits) in words.iter_mut().zip(chunks) {
            for character in digits {
                *word = *word << 4 | u32::from(digit(*character)?);
            }
        }
        Ok(Sha1(words))
    }

    fn digits(self) -> [u8; Sha1::HEX_LEN] {
        std::array::from_fn(|place| {
            let digit = self.0[place / 8] >> (28 - 4 * (place % 8)) & 0xF;
            b"0123456789abcdef"[digit as usize]
        })
    }

    /// The 40 hexadecimal digits, in lower case. Keep the result if you send it often.
    #[must_use]
    pub fn to_hex(self) -> Blob {
        Blob::copy_from_slice(&self.digits())
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
        self.digits().iter().try_for_each(|digit| f.write_char(char::from(*digit)))
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
