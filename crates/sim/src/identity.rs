//! What makes one state differ from another, whatever its numbers are called.
//!
//! Two states of a world that differ only in absolute time, and in the numbers of timers,
//! operations and connections, have the same future but for these numbers. An [`Identifier`]
//! collects what a state consists of, and replaces such numbers:
//!
//! - a time becomes relative to the present, by the clock of the node that is identified;
//! - a timer or operation gets the number of its first appearance in the state;
//! - a connection counts from the present one backwards.
//!
//! An identifier is a [`Hasher`] too: what holds no such numbers can be hashed into it. So a
//! process that holds one operation and a deadline is identified like this:
//!
//! ```
//! use std::hash::Hash;
//!
//! use history::{OpId, Time};
//! use sim::{Identifier, Identity};
//!
//! struct Client {
//!     attempts: u32,
//!     doing: Option<OpId>,
//!     deadline: Time,
//! }
//!
//! impl Identity for Client {
//!     fn identify(&self, into: &mut Identifier<'_>) {
//!         self.attempts.hash(into);
//!         self.doing.identify(into);
//!         self.deadline.identify(into);
//!     }
//! }
//! ```
//!
//! Renaming is right only for numbers that a process compares for equality, passes on, or (times)
//! takes differences of. A process that computes with them otherwise, such as rounding a time to
//! whole milliseconds, hashes what the computation depends on.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use history::{NodeId, OpId, Time};
use xxhash_rust::xxh3::Xxh3;

use crate::{Clock, LocalTime, TimerId, WallTime};

/// Something that has an identity beside its numbers.
pub trait Identity {
    /// Tells what makes this differ from others.
    fn identify(&self, into: &mut Identifier<'_>);
}

/// Collects what a state consists of.
pub struct Identifier<'a> {
    hasher: Xxh3,
    now: Time,
    me: NodeId,
    clock: Clock,
    /// The present connection of each link, in order.
    epochs: &'a [((NodeId, NodeId), u32)],
    /// The order of first appearance.
    names: BTreeMap<Name, u32>,
    /// Whether names that have not appeared yet all look alike, and get no number.
    is_sorting: bool,
    /// Whether something was added as it stands, so that the numbers themselves matter.
    is_absolute: bool,
}

/// A number that stands for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    Timer(NodeId, u64),
    Operation(OpId),
}

impl<'a> Identifier<'a> {
    pub(crate) fn new(now: Time, epochs: &'a [((NodeId, NodeId), u32)]) -> Identifier<'a> {
        Identifier {
            hasher: Xxh3::new(),
            now,
            me: NodeId::WORLD,
            clock: Clock::default(),
            epochs,
            names: BTreeMap::new(),
            is_sorting: false,
            is_absolute: false,
        }
    }

    /// From now on this node is identified.
    pub(crate) fn at(&mut self, me: NodeId, clock: Clock) {
        (self.me, self.clock) = (me, clock);
    }

    /// Adds all that a value hashes, with the numbers that it has. The present time and all numbers
    /// of the state become part of its identity.
    pub fn as_it_stands<T: Hash + ?Sized>(&mut self, value: &T) {
        self.is_absolute = true;
        value.hash(self);
    }

    /// Adds the number of a connection between this node and a peer.
    pub fn connection(&mut self, peer: NodeId, epoch: u32) {
        let link = (self.me, peer);
        let place = self.epochs.binary_search_by_key(&link, |(link, _)| *link);
        let present = place.map_or(0, |place| self.epochs[place].1);
        self.write_u32(present.wrapping_sub(epoch));
    }

    fn name(&mut self, name: Name) {
        let next = self.names.len() as u32;
        let number = match self.is_sorting {
            true => self.names.get(&name).copied().unwrap_or(u32::MAX),
            false => *self.names.entry(name).or_insert(next),
        };
        self.write_u32(number);
    }

    /// Adds things whose order makes no difference.
    pub(crate) fn unordered<T>(&mut self, things: &[T], add: impl Fn(&mut Self, &T)) {
        self.write_usize(things.len());
        if let [thing] = things {
            return add(self, thing);
        }
        // Their order must not depend on numbers. Things that look alike beside their numbers are
        // left in the order in which they are; that can only split states that are equal.
        let mut places: Vec<(u128, usize)> = Vec::with_capacity(things.len());
        for (place, thing) in things.iter().enumerate() {
            let hasher = std::mem::replace(&mut self.hasher, Xxh3::new());
            self.is_sorting = true;
            add(self, thing);
            self.is_sorting = false;
            let alone = std::mem::replace(&mut self.hasher, hasher);
            places.push((alone.digest128(), place));
        }
        places.sort_unstable();
        places.into_iter().for_each(|(_, place)| add(self, &things[place]));
    }

    /// Whether the numbers themselves matter.
    pub(crate) fn is_absolute(&self) -> bool {
        self.is_absolute
    }

    /// The fingerprint of all that was added.
    pub(crate) fn fingerprint(mut self) -> u128 {
        if self.is_absolute {
            self.now.0.hash(&mut self.hasher);
            self.epochs.hash(&mut self.hasher);
            self.names.hash(&mut self.hasher);
        }
        self.hasher.digest128()
    }
}

impl Hasher for Identifier<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.hasher.digest()
    }
}

impl Identity for TimerId {
    fn identify(&self, into: &mut Identifier<'_>) {
        into.name(Name::Timer(into.me, self.0));
    }
}

impl Identity for OpId {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.client.hash(into);
        into.name(Name::Operation(*self));
    }
}

/// A reading of the node's monotonic clock.
impl Identity for Time {
    fn identify(&self, into: &mut Identifier<'_>) {
        let now = into.clock.read(into.now).monotonic;
        into.write_i128(i128::from(self.0) - i128::from(now.0));
    }
}

impl Identity for WallTime {
    fn identify(&self, into: &mut Identifier<'_>) {
        into.write_i128(i128::from(self.0) - i128::from(into.now.0));
    }
}

impl Identity for LocalTime {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.wall.identify(into);
        self.monotonic.identify(into);
    }
}

/// Adds what they hash: they hold no numbers that have to be replaced.
macro_rules! plain {
    ($($plain:ty),*) => {$(
        impl Identity for $plain {
            fn identify(&self, into: &mut Identifier<'_>) {
                self.hash(into);
            }
        }
    )*};
}

plain!(u8, u16, u32, u64, usize, i32, i64, bool, str, String, history::Span, NodeId, history::Key);

impl Identity for () {
    fn identify(&self, _: &mut Identifier<'_>) {}
}

impl<A: Identity, B: Identity> Identity for (A, B) {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.0.identify(into);
        self.1.identify(into);
    }
}

impl<T: Identity + ?Sized> Identity for &T {
    fn identify(&self, into: &mut Identifier<'_>) {
        (**self).identify(into);
    }
}

impl<T: Identity + ?Sized> Identity for Arc<T> {
    fn identify(&self, into: &mut Identifier<'_>) {
        (**self).identify(into);
    }
}

impl<T: Identity> Identity for Option<T> {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.is_some().hash(into);
        self.iter().for_each(|value| value.identify(into));
    }
}

impl<T: Identity> Identity for [T] {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.len().hash(into);
        self.iter().for_each(|value| value.identify(into));
    }
}

impl<T: Identity> Identity for Vec<T> {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.as_slice().identify(into);
    }
}

impl<T: Identity> Identity for VecDeque<T> {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.len().hash(into);
        self.iter().for_each(|value| value.identify(into));
    }
}

/// In the order of the keys. Keys that are replaced must come in the same order in all states that
/// are to be equal.
impl<K: Identity, V: Identity> Identity for BTreeMap<K, V> {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.len().hash(into);
        for (key, value) in self {
            key.identify(into);
            value.identify(into);
        }
    }
}
