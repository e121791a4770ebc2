//! The queue of what is going to happen.
//!
//! A total order: by time, then in the order of scheduling. Nothing is ever scheduled for a time
//! before that of the last item taken, which is what a *radix heap* needs. Times are read as eleven
//! digits of six bits. An item lies in the list for the highest digit in which its time differs
//! from the present one, and for the value of that digit there. So the first list that is not
//! empty, from the lowest digit up, holds what is next. If that is more than one item, the earliest
//! time among them becomes the present; the items of that time are next, in a row, and the others
//! move to lists of lower digits. An item moves a few times in its life, whatever else is in the
//! queue, and the present is all that it is ever compared with.
//!
//! Lists are last in, first out, and are turned round when they are taken apart. Items of the same
//! time meet in the same list, so they come out in the order of scheduling, which is nowhere
//! written down.

use history::Time;

const DIGIT_BITS: u32 = 6;
const VALUES: usize = 1 << DIGIT_BITS;
/// Eleven, and some more, so that an index made of four bits needs no check.
const DIGITS: usize = 16;

/// Items by time, and among those of the same time first in, first out.
#[derive(Clone, Debug)]
pub(crate) struct EventQueue<T> {
    /// The present: the time of the last item taken, or else of those in the row. Nothing in the
    /// queue is before.
    now: u64,
    /// What is next: items of the present time, before all that lie in the lists.
    row: Place,
    /// The digits that have a list that is not empty, a bit each.
    occupied: u32,
    digits: Box<[Digit; DIGITS]>,
    slots: Vec<Slot<T>>,
    /// The items of a list that is being taken apart, and their times; empty at other times.
    apart: Vec<(u64, Place)>,
    /// A list of the slots without an item.
    free: Place,
    len: usize,
    /// What an item that is pushed now is stamped with.
    pub(crate) stamp: u32,
}

/// The lists for one digit, by its value.
#[derive(Clone, Debug)]
struct Digit {
    /// The values that have a list that is not empty, a bit each.
    occupied: u64,
    lists: [Place; VALUES],
}

/// Where an item lies; in a list, the first.
pub(crate) type Place = u32;

const NOWHERE: Place = Place::MAX;

/// What the lists are made of. With many items in flight each is out of the cache when its time
/// comes, and then is moved and taken soon after: it should not lie across two cache lines.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Slot<T> {
    time: u64,
    /// The next in the list.
    next: Place,
    stamp: u32,
    item: Option<T>,
}

/// An item that stays in the order.
#[derive(Debug)]
pub(crate) struct Entry<'a, T> {
    pub(crate) place: Place,
    pub(crate) at: Time,
    pub(crate) stamp: u32,
    pub(crate) item: &'a T,
}

/// An item that is out of the order, to be taken before the next push.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next {
    pub(crate) at: Time,
    place: Place,
}

/// Why there is no next item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoNext {
    Empty,
    TooLate,
}

impl<T> EventQueue<T> {
    pub(crate) fn new() -> EventQueue<T> {
        const EMPTY: Digit = Digit { occupied: 0, lists: [NOWHERE; VALUES] };
        EventQueue {
            now: 0,
            row: NOWHERE,
            occupied: 0,
            digits: Box::new([EMPTY; DIGITS]),
            slots: Vec::new(),
            apart: Vec::new(),
            free: NOWHERE,
            len: 0,
            stamp: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Schedules an item. A time that has passed is now.
    pub(crate) fn push(&mut self, at: Time, item: T) {
        self.push_with(at, || item);
    }

    /// Schedules an item, and makes it where it lies: what is put together elsewhere, field by
    /// field, and then moved as a whole, the processor has to wait for.
    #[inline(always)]
    pub(crate) fn push_with(&mut self, at: Time, make: impl FnOnce() -> T) {
        if self.free == NOWHERE {
            self.grow();
        }
        let place = self.free;
        let slot = &mut self.slots[place as usize];
        self.free = slot.next;
        let time = at.0.max(self.now);
        slot.time = time;
        slot.stamp = self.stamp;
        self.put(place, time);
        self.len += 1;
        self.slots[place as usize].item.get_or_insert_with(make);
    }

    #[cold]
    fn grow(&mut self) {
        self.free = self.slots.len() as u32;
        assert!(self.free < NOWHERE, "the event queue is full");
        self.slots.push(Slot { time: 0, next: NOWHERE, stamp: 0, item: None });
    }

    /// Puts a place, which is in no list, into the list for its time.
    #[inline(always)]
    fn put(&mut self, place: Place, time: u64) {
        let slot = &mut self.slots[place as usize];
        let highest_difference = ((time ^ self.now) | 1).ilog2();
        let digit = highest_difference / DIGIT_BITS;
        let value = (time >> (digit * DIGIT_BITS)) as usize % VALUES;
        self.occupied |= 1 << digit;
        let digit = &mut self.digits[digit as usize % DIGITS];
        digit.occupied |= 1 << value;
        slot.next = std::mem::replace(&mut digit.lists[value], place);
    }

    /// Takes the next item out of the order, if it is not after `limit`.
    #[inline(always)]
    pub(crate) fn next(&mut self, limit: Time) -> Result<Next, NoNext> {
        while self.row == NOWHERE {
            if self.occupied == 0 {
                return Err(NoNext::Empty);
            }
            let digit = self.occupied.trailing_zeros() as usize % DIGITS;
            let value = self.digits[digit].occupied.trailing_zeros() as usize % VALUES;
            let place = self.digits[digit].lists[value];
            let Slot { time, next, .. } = self.slots[place as usize];
            if next == NOWHERE {
                if time > limit.0 {
                    return Err(NoNext::TooLate);
                }
                self.empty(digit, value);
                self.now = time;
                return Ok(self.release(place));
            }
            self.take_apart(digit, value);
        }
        if self.now > limit.0 {
            return Err(NoNext::TooLate);
        }
        let place = self.row;
        self.row = self.slots[place as usize].next;
        Ok(self.release(place))
    }

    /// Lets go of a place, whose item is of the present time.
    #[inline(always)]
    fn release(&mut self, place: Place) -> Next {
        self.slots[place as usize].next = self.free;
        self.free = place;
        self.len -= 1;
        let at = Time(self.now);
        Next { at, place }
    }

    /// Looks at an item that is out of the order.
    #[inline(always)]
    pub(crate) fn item(&self, next: &Next) -> &T {
        self.slots[next.place as usize].item.as_ref().expect("there")
    }

    /// Takes an item that is out of the order.
    #[inline(always)]
    pub(crate) fn take(&mut self, next: Next) -> T {
        self.slots[next.place as usize].item.take().expect("there")
    }

    /// All items, in the order in which they would be taken.
    pub(crate) fn entries(&self) -> Vec<Entry<'_, T>> {
        let mut entries = Vec::with_capacity(self.len);
        self.collect(self.row, &mut entries);
        for digit in self.digits.iter().filter(|digit| digit.occupied != 0) {
            for &list in digit.lists.iter().filter(|list| **list != NOWHERE) {
                let before = entries.len();
                self.collect(list, &mut entries);
                entries[before..].reverse();
            }
        }
        entries.sort_by_key(|entry| entry.at);
        entries
    }

    fn collect<'a>(&'a self, mut place: Place, entries: &mut Vec<Entry<'a, T>>) {
        while let Some(slot) = self.slots.get(place as usize) {
            let item = slot.item.as_ref().expect("there");
            entries.push(Entry { place, at: Time(slot.time), stamp: slot.stamp, item });
            place = slot.next;
        }
    }

    /// Takes the item at a place out of the order, wherever in the order it is. This takes as long
    /// as the list is in which the item lies.
    pub(crate) fn remove(&mut self, place: Place) -> T {
        let Slot { time, next, .. } = self.slots[place as usize];
        if !(time == self.now && self.unlink_from_row(place, next)) {
            let digit = (((time ^ self.now) | 1).ilog2() / DIGIT_BITS) as usize;
            let value = (time >> (digit as u32 * DIGIT_BITS)) as usize % VALUES;
            let head = self.digits[digit].lists[value];
            if head == place {
                self.digits[digit].lists[value] = next;
            } else {
                assert!(
                    self.unlink_after(head, place, next),
                    "a place lies in the list of its time"
                );
            }
            if self.digits[digit].lists[value] == NOWHERE {
                self.empty(digit, value);
            }
        }
        let slot = &mut self.slots[place as usize];
        slot.next = std::mem::replace(&mut self.free, place);
        self.len -= 1;
        slot.item.take().expect("there")
    }

    fn unlink_from_row(&mut self, place: Place, next: Place) -> bool {
        if self.row == place {
            self.row = next;
            return true;
        }
        self.unlink_after(self.row, place, next)
    }

    /// Takes a place out of a list that does not begin with it, if it is there.
    fn unlink_after(&mut self, mut before: Place, place: Place, next: Place) -> bool {
        while let Some(slot) = self.slots.get_mut(before as usize) {
            if slot.next == place {
                slot.next = next;
                return true;
            }
            before = slot.next;
        }
        false
    }

    /// Takes a list apart: what is earliest makes the row, the rest goes to lists for lower digits.
    #[inline(never)]
    fn take_apart(&mut self, digit: usize, value: usize) {
        let mut place = self.digits[digit].lists[value];
        self.empty(digit, value);
        let mut earliest = u64::MAX;
        let mut apart = std::mem::take(&mut self.apart);
        while place != NOWHERE {
            let Slot { time, next, .. } = self.slots[place as usize];
            earliest = earliest.min(time);
            apart.push((time, place));
            place = next;
        }
        self.now = earliest;
        // From the youngest to the oldest, so that the oldest comes first in the row; and then the
        // other way round, because a list takes the youngest last.
        for &(time, place) in &apart {
            if time == earliest {
                self.slots[place as usize].next = std::mem::replace(&mut self.row, place);
            }
        }
        for (time, place) in apart.drain(..).rev() {
            if time != earliest {
                self.put(place, time);
            }
        }
        self.apart = apart;
    }

    #[inline(always)]
    fn empty(&mut self, digit: usize, value: usize) {
        let lists = &mut self.digits[digit];
        lists.lists[value] = NOWHERE;
        lists.occupied &= !(1 << value);
        if lists.occupied == 0 {
            self.occupied &= !(1 << digit);
        }
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
            steps in
                prop::collection::vec(prop::option::weighted(0.6, (0u32..64, 0u64..20)), 0..200),
            limit in prop::option::of(any::<u64>()),
        ) {
            let limit = Time(limit.unwrap_or(u64::MAX));
            let mut queue = EventQueue::new();
            let mut twin: Vec<(Time, usize)> = Vec::new();
            let mut now = Time::ZERO;
            for (id, step) in steps.into_iter().enumerate() {
                if let Some((magnitude, delay)) = step {
                    let at = Time(now.0.saturating_add(delay << magnitude));
                    queue.push(at, id);
                    twin.push((at, id));
                    continue;
                }
                twin.sort_by_key(|(at, _)| *at);
                match queue.next(limit) {
                    Err(NoNext::Empty) => prop_assert!(twin.is_empty()),
                    Err(NoNext::TooLate) => {
                        prop_assert!(twin[0].0 > limit);
                        return Ok(());
                    }
                    Ok(next) => {
                        let (at, id) = twin.remove(0);
                        prop_assert_eq!((next.at, *queue.item(&next)), (at, id));
                        prop_assert!(at <= limit);
                        prop_assert_eq!(queue.take(next), id);
                        now = at;
                    }
                }
                prop_assert_eq!(queue.len(), twin.len());
            }
        }

        /// Items are listed in the order in which they are taken, and each can be taken out of it.
        #[test]
        fn any_item_can_be_removed(
            steps in prop::collection::vec((0u8..3, 0u32..20, 0u64..20, any::<u16>()), 0..200),
        ) {
            let mut queue = EventQueue::new();
            let mut twin: Vec<(Time, usize)> = Vec::new();
            let mut now = Time::ZERO;
            for (id, (what, magnitude, delay, which)) in steps.into_iter().enumerate() {
                twin.sort_by_key(|(at, _)| *at);
                match what {
                    1 if !twin.is_empty() => {
                        let next = queue.next(Time(u64::MAX)).expect("there is one");
                        now = next.at;
                        prop_assert_eq!((now, queue.take(next)), twin.remove(0));
                    }
                    2 if !twin.is_empty() => {
                        let which = usize::from(which) % twin.len();
                        let place = queue.entries()[which].place;
                        prop_assert_eq!(queue.remove(place), twin.remove(which).1);
                    }
                    _ => {
                        let at = Time(now.0 + (delay << magnitude));
                        queue.push(at, id);
                        twin.push((at, id));
                    }
                }
                twin.sort_by_key(|(at, _)| *at);
                let entries = queue.entries();
                let listed: Vec<_> = entries.iter().map(|entry| (entry.at, *entry.item)).collect();
                prop_assert_eq!(&listed, &twin);
                prop_assert_eq!(queue.len(), twin.len());
            }
        }
    }
}
