//! The versions of one key that an open operation can still touch: a ring of consecutive versions.
//!
//! An operation notes the newest version at its invocation, and returns that version or a newer
//! one. So the ring begins at the oldest version that an open operation has noted, or at the newest
//! if there is none. The newest version in the ring has always been observed.

use std::collections::VecDeque;

use history::{NodeId, Observation, OpId, Value, Version};

/// The operation that stands for the initial, empty state of a register.
const WORLD: OpId = OpId { client: NodeId::WORLD, ordinal: 0 };

/// An observed version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Its value.
    pub(super) value: Value,
    /// The first operation that observed it.
    pub(super) by: OpId,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// `None` for a version that must have existed, because a newer one is known.
    told: Option<Told>,
    /// The number of open operations that have noted this version.
    noted: u32,
    /// The number of compare-and-sets that may have made this version, if it was not observed.
    swaps: u32,
}

/// A version that left the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgotten {
    /// It was observed.
    Told,
    /// It was not observed, but a compare-and-set may have made it.
    Swapped(Version),
    /// It was not observed, and only an unconditional write can have made it.
    Missing,
}

#[derive(Clone, Debug)]
pub(super) struct Versions {
    oldest: u64,
    slots: VecDeque<Slot>,
    /// The number of compare-and-sets that may make the version after the newest.
    next_swaps: u32,
}

impl Versions {
    pub(super) fn new() -> Versions {
        let told = Told { value: Value::NONE, by: WORLD };
        Versions {
            oldest: 0,
            slots: VecDeque::from([Slot { told: Some(told), noted: 0, swaps: 0 }]),
            next_swaps: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn oldest(&self) -> Version {
        Version(self.oldest)
    }

    pub(super) fn newest(&self) -> Observation {
        let told = self.slots.back().and_then(|slot| slot.told);
        Observation {
            version: Version(self.oldest + self.slots.len() as u64 - 1),
            value: told.expect("the newest version was observed").value,
        }
    }

    fn index(&self, version: Version) -> Option<usize> {
        usize::try_from(version.0.checked_sub(self.oldest)?).ok()
    }

    fn slot(&mut self, version: Version) -> Option<&mut Slot> {
        let index = self.index(version)?;
        self.slots.get_mut(index)
    }

    /// What is known of a version in the ring.
    pub(super) fn told(&self, version: Version) -> Option<Told> {
        self.slots.get(self.index(version)?)?.told
    }

    /// An operation begins, and notes the newest version.
    pub(super) fn note(&mut self) -> Version {
        let slot = self.slots.back_mut().expect("the ring is never empty");
        slot.noted += 1;
        self.newest().version
    }

    /// An operation that had noted `version` is over.
    pub(super) fn release(&mut self, version: Version) {
        let slot = self.slot(version);
        slot.expect("a noted version stays in the ring").noted -= 1;
    }

    /// Forgets the oldest version, unless it is also the newest or an open operation noted it.
    pub(super) fn forget_oldest(&mut self) -> Option<Forgotten> {
        if self.slots.len() == 1 || self.slots.front()?.noted > 0 {
            return None;
        }
        let version = self.oldest();
        let slot = self.slots.pop_front()?;
        self.oldest += 1;
        Some(match slot {
            Slot { told: Some(_), .. } => Forgotten::Told,
            Slot { swaps: 0, .. } => Forgotten::Missing,
            Slot { .. } => Forgotten::Swapped(version),
        })
    }

    /// A compare-and-set begins that expects the newest version.
    pub(super) fn swap_began(&mut self) {
        self.next_swaps += 1;
    }

    /// A compare-and-set that could have made `version` did not. Returns true if no other
    /// compare-and-set could have made it.
    pub(super) fn swap_gone(&mut self, version: Version) -> bool {
        if version == self.newest().version.next() {
            self.next_swaps -= 1;
            return false;
        }
        match self.slot(version) {
            Some(slot) if slot.told.is_none() => {
                slot.swaps -= 1;
                slot.swaps == 0
            }
            _ => false,
        }
    }

    /// An older version is observed for the first time. Returns true if no compare-and-set could
    /// have made it.
    pub(super) fn fill(&mut self, version: Version, told: Told) -> bool {
        let slot = self.slot(version).expect("an observed version was noted");
        slot.told = Some(told);
        std::mem::take(&mut slot.swaps) == 0
    }

    /// Adds a version above the newest that no operation has observed. Returns true if no
    /// compare-and-set could have made it. The newest version must follow with [`Versions::push`].
    pub(super) fn push_gap(&mut self) -> bool {
        let swaps = std::mem::take(&mut self.next_swaps);
        self.slots.push_back(Slot { told: None, noted: 0, swaps });
        swaps == 0
    }

    /// A version above all others is observed.
    pub(super) fn push(&mut self, told: Told) {
        self.next_swaps = 0;
        self.slots.push_back(Slot { told: Some(told), noted: 0, swaps: 0 });
    }
}
