//! The versions of one key that an open operation can still touch: a ring of consecutive versions.
//!
//! An operation notes the newest version at its invocation, and whatever it returns lies there or
//! above. So the ring begins at the oldest version that an open operation has noted, or at the
//! newest if there is none. Its newest version is always one that somebody has been told of.

use std::collections::VecDeque;

use history::{NodeId, Observation, OpId, Value, Version};

/// Who tells clients that a register starts out empty.
const WORLD: OpId = OpId { client: NodeId::WORLD, ordinal: 0 };

/// What is known of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Its one value.
    pub(super) value: Value,
    /// The first operation that was told of it.
    pub(super) by: OpId,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// `None` is a version that must have existed, since a newer one is known.
    told: Option<Told>,
    /// How many open operations have noted this version.
    noted: u32,
    /// How many compare-and-sets may have made this version, if nobody was told of it.
    swaps: u32,
}

/// A version that left the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgotten {
    /// Somebody was told of it.
    Told,
    /// Nobody was, but some compare-and-set may have made it.
    Swapped(Version),
    /// Nobody was, and only an unconditional write can have made it.
    Missing,
}

#[derive(Clone, Debug)]
pub(super) struct Versions {
    oldest: u64,
    slots: VecDeque<Slot>,
    /// How many compare-and-sets may make the version after the newest.
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
            value: told.expect("somebody was told of the newest version").value,
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

    /// Lets go of the oldest version, unless it is the newest too or an open operation noted it.
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

    /// A compare-and-set that could have made `version` did not. True if that leaves the version
    /// without any that could.
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

    /// Somebody is told of an older version of which nobody had been told. True if no
    /// compare-and-set could have made it.
    pub(super) fn fill(&mut self, version: Version, told: Told) -> bool {
        let slot = self.slot(version).expect("an observed version was noted");
        slot.told = Some(told);
        std::mem::take(&mut slot.swaps) == 0
    }

    /// There is a version above the newest, of which nobody has been told. True if no
    /// compare-and-set could have made it. The newest version must follow with [`Versions::push`].
    pub(super) fn push_gap(&mut self) -> bool {
        let swaps = std::mem::take(&mut self.next_swaps);
        self.slots.push_back(Slot { told: None, noted: 0, swaps });
        swaps == 0
    }

    /// Somebody is told of a version above all others.
    pub(super) fn push(&mut self, told: Told) {
        self.next_swaps = 0;
        self.slots.push_back(Slot { told: Some(told), noted: 0, swaps: 0 });
    }
}
