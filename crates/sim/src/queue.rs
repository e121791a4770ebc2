//! The queue of what is going to happen.
//!
//! A total order: by time, then in the order of scheduling. The heap holds small keys only (time,
//! sequence number and slot, in 16 bytes); what is going to happen lies in a slab and does not move
//! while the heap is sifted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use history::Time;

const SLOT_BITS: u32 = 24;
const SEQUENCE_BITS: u32 = 40;

/// Time (64 bits), sequence number (40 bits), slot (24 bits), from the most significant down.
type HeapKey = u128;

/// Items by time, and among those of the same time first in, first out.
#[derive(Clone, Debug)]
pub(crate) struct EventQueue<T> {
    heap: BinaryHeap<Reverse<HeapKey>>,
    items: Slots<T>,
    next_sequence: u64,
}

impl<T> EventQueue<T> {
    /// How many items a queue can hold; the world ends a run before that.
    pub(crate) const CAPACITY: usize = 1 << SLOT_BITS;

    pub(crate) fn new() -> EventQueue<T> {
        EventQueue {
            heap: BinaryHeap::new(),
            items: Slots {
                slots: Vec::new(),
                free: Vec::new(),
            },
            next_sequence: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, at: Time, item: T) {
        let slot = self.items.insert(item);
        let sequence = self.next_sequence;
        assert!(
            slot < Self::CAPACITY && sequence < 1 << SEQUENCE_BITS,
            "the event queue is full"
        );
        self.next_sequence += 1;
        let key = u128::from(at.0) << 64 | u128::from(sequence << SLOT_BITS | slot as u64);
        self.heap.push(Reverse(key));
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<(Time, T)> {
        let Reverse(key) = self.heap.pop()?;
        let slot = key as usize & (Self::CAPACITY - 1);
        Some((Time((key >> 64) as u64), self.items.take(slot)))
    }

    #[inline]
    pub(crate) fn next_time(&self) -> Option<Time> {
        self.heap
            .peek()
            .map(|Reverse(key)| Time((key >> 64) as u64))
    }
}

/// Where things lie while their keys are in the heap. The `slab` crate would do, but its insertion
/// is not inlined, and the detour of each item over the stack costs a tenth of the run.
#[derive(Clone, Debug)]
struct Slots<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Slots<T> {
    #[inline(always)]
    fn insert(&mut self, item: T) -> usize {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(item);
            return slot as usize;
        }
        self.slots.push(Some(item));
        self.slots.len() - 1
    }

    #[inline(always)]
    fn take(&mut self, slot: usize) -> T {
        self.free.push(slot as u32);
        self.slots[slot]
            .take()
            .expect("a key in the heap has an item")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the obvious twin: a stable sort by time of whatever is in the queue.
        #[test]
        fn pops_by_time_then_first_in_first_out(
            steps in prop::collection::vec(prop::option::weighted(0.6, 0u64..20), 0..200),
        ) {
            let mut queue = EventQueue::new();
            let mut twin: Vec<(Time, usize)> = Vec::new();
            let mut now = Time::ZERO;
            for (id, step) in steps.into_iter().enumerate() {
                if let Some(delay) = step {
                    let at = Time(now.0 + delay);
                    queue.push(at, id);
                    twin.push((at, id));
                } else {
                    twin.sort_by_key(|(at, _)| *at);
                    let expected = (!twin.is_empty()).then(|| twin.remove(0));
                    prop_assert_eq!(queue.next_time(), expected.map(|(at, _)| at));
                    prop_assert_eq!(queue.pop(), expected);
                    now = expected.map_or(now, |(at, _)| at);
                }
                prop_assert_eq!(queue.len(), twin.len());
            }
        }
    }
}
