//! The strings of a run.

use std::cell::Cell;

use blob::Blob;

use crate::value::{StringRef, Value};

/// The size of a string without its bytes.
const OVERHEAD: usize = 48;

/// How many places keep their memory from run to run.
pub(crate) const KEPT: usize = 16 << 10;

/// All strings of the heap.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    all: Vec<LuaString>,
    free: Vec<u32>,
    /// The cost in units of finding and comparing strings, as far as it has not been charged yet.
    pub(crate) work: Cell<u64>,
}

#[derive(Debug, Default)]
struct LuaString {
    bytes: Blob,
    hash: u32,
}

impl Strings {
    /// A new string, and how much memory it takes.
    pub(crate) fn add(&mut self, bytes: Blob) -> (StringRef, usize) {
        let size = OVERHEAD + bytes.len();
        let hash = hash(&bytes);
        let string = LuaString { bytes, hash };
        let place = match self.free.pop() {
            Some(place) => {
                self.all[place as usize] = string;
                place
            }
            None => {
                self.all.push(string);
                index(self.all.len() - 1)
            }
        };
        (StringRef(place), size)
    }

    /// Forgets which places are free: new strings come after all others.
    pub(crate) fn forget_free(&mut self) {
        self.free.clear();
    }

    #[inline]
    pub(crate) fn bytes(&self, string: StringRef) -> &Blob {
        &self.all[string.0 as usize].bytes
    }

    #[inline]
    pub(crate) fn hash(&self, string: StringRef) -> u32 {
        self.all[string.0 as usize].hash
    }

    /// Whether they have the same bytes.
    #[inline]
    pub(crate) fn equal(&self, one: StringRef, other: StringRef) -> bool {
        if one == other {
            return true;
        }
        let (one, other) = (&self.all[one.0 as usize], &self.all[other.0 as usize]);
        if one.hash != other.hash || one.bytes.len() != other.bytes.len() {
            return false;
        }
        self.work.set(self.work.get() + (one.bytes.len() / 32) as u64);
        one.bytes == other.bytes
    }

    /// Whether two values are the same, by the rules of `rawequal`.
    #[inline]
    pub(crate) fn values_equal(&self, one: Value, other: Value) -> bool {
        match (one, other) {
            (Value::String(one), Value::String(other)) => self.equal(one, other),
            (one, other) => one == other,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// Frees the strings from `permanent` on that are not marked.
    pub(crate) fn sweep(&mut self, permanent: usize, marks: &[bool]) {
        self.free.clear();
        for place in (permanent..self.all.len()).rev() {
            if !marks[place] {
                self.all[place] = LuaString::default();
                self.free.push(index(place));
            }
        }
    }

    /// Drops all strings but the first `permanent` ones.
    pub(crate) fn reset(&mut self, permanent: usize) {
        self.all.truncate(permanent);
        self.all.shrink_to(permanent + KEPT);
        self.free.clear();
        self.free.shrink_to(KEPT);
        self.work.set(0);
    }

    /// How much memory a string takes.
    pub(crate) fn size(&self, place: usize) -> usize {
        OVERHEAD + self.all[place].bytes.len()
    }
}

/// The hash of Lua 5.1, which decides the order of a table's fields. It reads at most 32 bytes.
fn hash(bytes: &[u8]) -> u32 {
    let len = bytes.len();
    let step = (len >> 5) + 1;
    let mut hash = len as u32;
    let mut left = len;
    while left >= step {
        let mixed = (hash << 5).wrapping_add(hash >> 2).wrapping_add(u32::from(bytes[left - 1]));
        hash ^= mixed;
        left -= step;
    }
    hash
}

/// A place in the heap. Memory limits keep the number of places below 2^32.
pub(crate) fn index(place: usize) -> u32 {
    u32::try_from(place).expect("memory is bounded, and so are places")
}
