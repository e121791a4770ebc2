//! Writes whose outcome stays unknown. Each may take effect at any later time, or never.

use std::collections::BTreeMap;

use history::{Observation, OpId, Value, Version};

/// An unconditional write whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LostWrite {
    pub(super) op: OpId,
    /// The newest version when it was invoked. It can only make a newer one.
    pub(super) noted: Version,
}

/// A compare-and-set whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LostSwap {
    pub(super) op: OpId,
    /// It can only make the version after this one.
    pub(super) expected: Observation,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Lost {
    /// The unconditional writes by value. No operation has observed these values.
    writes: BTreeMap<Value, LostWrite>,
    /// The compare-and-sets by the version that each would make. No operation has observed these
    /// versions.
    swaps: BTreeMap<(Version, Value), LostSwap>,
}

impl Lost {
    pub(super) fn len(&self) -> usize {
        self.writes.len() + self.swaps.len()
    }

    pub(super) fn add_write(&mut self, value: Value, write: LostWrite) {
        self.writes.insert(value, write);
    }

    pub(super) fn add_swap(&mut self, value: Value, swap: LostSwap) {
        self.swaps.insert((swap.expected.version.next(), value), swap);
    }

    /// The unconditional write of a value.
    pub(super) fn write(&self, value: Value) -> Option<LostWrite> {
        self.writes.get(&value).copied()
    }

    /// The compare-and-set of a value, whatever it makes.
    pub(super) fn swap(&self, value: Value) -> Option<LostSwap> {
        let mut swaps = self.swaps.iter();
        let (_, swap) = swaps.find(|((_, written), _)| *written == value)?;
        Some(*swap)
    }

    /// Whether there is a compare-and-set that can have made exactly this state.
    pub(super) fn has_swap(&self, makes: Version, value: Value) -> bool {
        self.swaps.contains_key(&(makes, value))
    }

    /// Forgets an unconditional write, because the version that it made is known.
    pub(super) fn forget_write(&mut self, value: Value) {
        self.writes.remove(&value);
    }

    /// Forgets the unconditional writes that had noted less than `version`: what they made is
    /// accounted for.
    pub(super) fn forget_writes_below(&mut self, version: Version) {
        self.writes.retain(|_, write| write.noted >= version);
    }

    /// Forgets the compare-and-sets that could have made `version`. Its value is known, or no
    /// operation can return it any more.
    pub(super) fn forget_swaps(&mut self, version: Version) {
        if !self.swaps.is_empty() {
            self.swaps.retain(|(makes, _), _| *makes != version);
        }
    }
}
