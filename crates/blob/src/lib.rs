//! Binary-safe, immutable strings with shared ownership, for Redis and Lua.

#![deny(clippy::float_arithmetic)]

mod serial;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};

use bytes::{Bytes, BytesMut};

/// A binary-safe string: a key, a value, an argument, a line of a reply.
///
/// A short blob (up to [`Blob::SHORT_LEN`] bytes) is stored inline: it needs no allocation, and
/// comparing keys follows no pointer. A long blob is [`Bytes`], and its clones share the bytes.
///
/// Human-readable formats store UTF-8 as a string and other bytes as `{"hex": "00ff"}`. Binary
/// formats store bytes.
///
/// ```
/// use blob::Blob;
///
/// let ballot = Blob::format(format_args!("{},{}", 3, "proposer-1"));
/// assert_eq!(ballot, Blob::from("3,proposer-1"));
/// assert_eq!(&ballot[..2], b"3,");
/// assert_eq!(format!("{ballot:?}"), r#"b"3,proposer-1""#);
/// ```
#[derive(Clone)]
pub struct Blob(Storage);

#[derive(Clone)]
enum Storage {
    Short(Short),
    Long(Bytes),
}

/// Bytes stored inline, followed by zeros, and their number at the end. So comparing the whole
/// arrays compares the strings: the zeros of a shorter string come before any longer one. The size
/// is chosen so that a blob is no larger than [`Bytes`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct Short([u8; Short::SIZE]);

const _: () = assert!(size_of::<Blob>() == size_of::<Bytes>());

impl Blob {
    /// The most bytes that are stored inline.
    pub const SHORT_LEN: usize = 23;

    /// A blob of a static text, without an allocation.
    #[inline]
    #[must_use]
    pub const fn from_static(text: &'static str) -> Blob {
        Blob(match Short::new(text.as_bytes()) {
            Some(short) => Storage::Short(short),
            None => Storage::Long(Bytes::from_static(text.as_bytes())),
        })
    }

    /// A copy of these bytes.
    #[must_use]
    pub fn copy_from_slice(bytes: &[u8]) -> Blob {
        let long = || Storage::Long(Bytes::copy_from_slice(bytes));
        Blob(Short::new(bytes).map_or_else(long, Storage::Short))
    }

    /// The bytes in `range`, which must exist. A large part shares the bytes. A small part is
    /// copied, because it would keep the whole blob in memory.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Blob {
        match &self.0 {
            Storage::Long(bytes) if 2 * range.len() >= bytes.len() => {
                Blob::from(bytes.slice(range))
            }
            _ => Blob::copy_from_slice(&self[range]),
        }
    }

    /// Changes the bytes. They are copied first if another blob shares them.
    pub fn change(&mut self, change: impl FnOnce(&mut BytesMut)) {
        let mut bytes = match std::mem::take(self).0 {
            Storage::Short(short) => BytesMut::from(&short.0[..short.len()]),
            Storage::Long(bytes) => {
                bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared))
            }
        };
        change(&mut bytes);
        *self = Blob::from(bytes.freeze());
    }

    /// A blob of formatted text, without an allocation if it is short.
    #[must_use]
    pub fn format(arguments: fmt::Arguments<'_>) -> Blob {
        let mut short = Short::EMPTY;
        if fmt::write(&mut short, arguments).is_ok() {
            return Blob(Storage::Short(short));
        }
        Blob::from(fmt::format(arguments))
    }
}

impl Short {
    const SIZE: usize = Blob::SHORT_LEN + 1;
    const EMPTY: Short = Short([0; Short::SIZE]);

    #[inline]
    const fn new(bytes: &[u8]) -> Option<Short> {
        let mut short = Short::EMPTY;
        match short.0.split_at_mut_checked(bytes.len()) {
            Some((start, _)) if bytes.len() <= Blob::SHORT_LEN => start.copy_from_slice(bytes),
            _ => return None,
        }
        short.0[Blob::SHORT_LEN] = bytes.len() as u8;
        Some(short)
    }

    fn len(&self) -> usize {
        usize::from(self.0[Blob::SHORT_LEN])
    }

    /// Adds bytes at the end. Returns `None`, and adds nothing, if they do not fit.
    fn append(&mut self, bytes: &[u8]) -> Option<()> {
        let start = self.len();
        let end = start.checked_add(bytes.len())?;
        let (room, len) = self.0.split_at_mut(Blob::SHORT_LEN);
        room.get_mut(start..end)?.copy_from_slice(bytes);
        len[0] = u8::try_from(end).ok()?;
        Some(())
    }

    /// The bytes as numbers that have the same order. Comparing them takes a few instructions;
    /// comparing slices is a call.
    fn words(&self) -> [u64; Short::SIZE / 8] {
        let (words, _) = self.0.as_chunks::<8>();
        std::array::from_fn(|index| u64::from_be_bytes(words[index]))
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.append(text.as_bytes()).ok_or(fmt::Error)
    }
}

impl Deref for Blob {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Storage::Short(short) => &short.0[..short.len()],
            Storage::Long(bytes) => bytes,
        }
    }
}

impl Default for Blob {
    fn default() -> Blob {
        Blob(Storage::Short(Short::EMPTY))
    }
}

impl PartialEq for Blob {
    #[inline]
    fn eq(&self, other: &Blob) -> bool {
        match (&self.0, &other.0) {
            (Storage::Short(left), Storage::Short(right)) => left == right,
            _ => **self == **other,
        }
    }
}

impl Eq for Blob {}

impl PartialOrd for Blob {
    #[inline]
    fn partial_cmp(&self, other: &Blob) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Orders blobs by their bytes, as `memcmp` does.
impl Ord for Blob {
    #[inline]
    fn cmp(&self, other: &Blob) -> Ordering {
        match (&self.0, &other.0) {
            (Storage::Short(left), Storage::Short(right)) => left.words().cmp(&right.words()),
            _ => (**self).cmp(&**other),
        }
    }
}

impl Hash for Blob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

/// Displays the text, with U+FFFD in place of invalid UTF-8.
impl fmt::Display for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self))
    }
}

impl From<&str> for Blob {
    fn from(text: &str) -> Blob {
        Blob::copy_from_slice(text.as_bytes())
    }
}

impl From<String> for Blob {
    fn from(text: String) -> Blob {
        Blob::from(text.into_bytes())
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Blob {
        let short = Short::new(&bytes).map(Storage::Short);
        Blob(short.unwrap_or_else(|| Storage::Long(Bytes::from(bytes))))
    }
}

/// Shares the bytes unless they are few. Note that a part of a large buffer keeps the whole buffer
/// in memory.
impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Blob {
        let short = Short::new(&bytes).map(Storage::Short);
        Blob(short.unwrap_or(Storage::Long(bytes)))
    }
}

impl From<Blob> for Bytes {
    fn from(blob: Blob) -> Bytes {
        match blob.0 {
            Storage::Short(_) => Bytes::copy_from_slice(&blob),
            Storage::Long(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blobs_on_both_sides_of_the_short_length_keep_their_bytes() {
        for len in 0..2 * Blob::SHORT_LEN {
            let text = "x".repeat(len);
            for blob in [
                Blob::from(text.as_str()),
                Blob::from(text.clone()),
                Blob::format(format_args!("{text}")),
                Blob::from(Bytes::from(text.clone())),
            ] {
                assert_eq!(&*blob, text.as_bytes());
                assert_eq!(Bytes::from(blob), text.as_bytes());
            }
        }
    }

    #[test]
    fn a_change_does_not_affect_blobs_that_share_the_bytes() {
        for len in [0, 1, Blob::SHORT_LEN, 100] {
            let mut blob = Blob::from("x".repeat(len));
            let shared = blob.clone();
            blob.change(|bytes| bytes.extend_from_slice(b"yz"));
            assert_eq!(&*shared, "x".repeat(len).as_bytes());
            assert_eq!(&*blob, ("x".repeat(len) + "yz").as_bytes());
            drop(shared);
            blob.change(|bytes| bytes.truncate(1));
            assert_eq!(blob.len(), 1);
        }
    }

    #[test]
    fn a_large_part_is_shared_and_a_small_one_copied() {
        let blob = Blob::from("x".repeat(1_000));
        assert_eq!(blob.part(100..900).as_ptr(), blob[100..].as_ptr());
        assert_ne!(blob.part(100..200).as_ptr(), blob[100..].as_ptr());
        assert_eq!(blob.part(3..3), Blob::default());
        assert_eq!(blob.part(100..200).len(), 100);
    }

    proptest! {
        #[test]
        fn blobs_are_equal_and_ordered_by_their_bytes_however_they_are_kept(
            left in prop::collection::vec(0..3u8, 0..2 * Blob::SHORT_LEN),
            right in prop::collection::vec(0..3u8, 0..2 * Blob::SHORT_LEN),
        ) {
            let kept = |bytes: &[u8]| {
                let long = Storage::Long(Bytes::copy_from_slice(bytes));
                [Blob::copy_from_slice(bytes), Blob(long)]
            };
            for (one, other) in kept(&left).iter().zip(&kept(&left)) {
                prop_assert_eq!(one, other);
            }
            for one in kept(&left) {
                for other in kept(&right) {
                    prop_assert_eq!(one.cmp(&other), left.cmp(&right));
                    prop_assert_eq!(one == other, left == right);
                }
            }
        }
    }
}
