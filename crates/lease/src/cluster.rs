//! A Redis cluster: the masters and the slots of their keys.
//!
//! Each key is in one of 16,384 *slots*, by the CRC-16 of the text in its first pair of braces, or
//! of the whole key. Each master has a range of slots. All keys of a command must be in one slot;
//! otherwise the reply is `CROSSSLOT`. The wrong master replies with the right one (`MOVED`). This
//! follows the "Redis cluster specification", without the moving of slots.

use std::ops::Range;

use history::NodeId;
use redis::Blob;

use crate::Answer;

/// The number of slots.
pub const SLOTS: u16 = 16_384;

/// A master's view of its cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slots {
    /// All masters, in the order of their slots.
    pub masters: Vec<NodeId>,
    /// Its index among them.
    pub me: usize,
}

impl Slots {
    /// The error reply to a command with these keys, if it is refused.
    #[must_use]
    pub fn refusal(&self, keys: &[Blob]) -> Option<Answer> {
        let (first, others) = keys.split_first()?;
        let slot = slot(first);
        if others.iter().any(|other| self::slot(other) != slot) {
            return Some(Answer::CrossSlot);
        }
        let master = (0..self.masters.len()).find(|place| self.range(*place).contains(&slot))?;
        (master != self.me).then(|| Answer::Moved(self.masters[master]))
    }

    fn range(&self, place: usize) -> Range<u16> {
        let border = |place: usize| (place * usize::from(SLOTS) / self.masters.len()) as u16;
        border(place)..border(place + 1)
    }
}

/// The slot of a key.
///
/// ```
/// use lease::cluster::slot;
///
/// assert_eq!(slot(b"{key1}"), slot(b"lease:{key1}"));
/// assert_ne!(slot(b"key1"), slot(b"lease:key1"));
/// assert_eq!(slot(b"123456789"), 0x31c3, "the specification's own example");
/// ```
#[must_use]
pub fn slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key)) % SLOTS
}

/// The text in the first pair of braces, or the whole key if that is empty or missing.
fn hash_tag(key: &[u8]) -> &[u8] {
    let position = |bytes: &[u8], wanted| bytes.iter().position(|byte| *byte == wanted);
    let tag = position(key, b'{').and_then(|open| {
        let inside = &key[open + 1..];
        Some(&inside[..position(inside, b'}')?])
    });
    tag.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

/// CRC-16 in the XMODEM variant.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc: u16, _| match crc >> 15 {
            1 => crc << 1 ^ 0x1021,
            _ => crc << 1,
        })
    })
}
