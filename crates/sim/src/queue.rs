//! The queue of what is going to happen.
//!
//! A total order: by time, then in the order of scheduling. Nothing is ever scheduled for a time
//! before that of the last item taken, which is what a *radix heap* needs. Times are read as eleven
//! digits of six bits. An item lies in the list for the highest digit in which its time differs from
//! the present one, and for the value of that digit there. So the first list that is not empty, from
//! the lowest digit up, holds what is next; if that is more than one item, the earliest time in it
//! becomes the present one and its items move to lists of lower digits. An item moves a few times in
//! its life, whatever else is in the queue, and no two items are ever compared.
//!
//! Lists are first in, first out, and items of the same time meet in the same list: so they come out
//! in the order of scheduling, which is therefore nowhere written down.

use history::Time;

const DIGIT_BITS: u32 = 6;
const VALUES: usize = 1 << DIGIT_BITS;
const DIGITS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;

/// Items by time, and among those of the same time first in, first out.
#[derive(Clone, Debug)]
pub(crate) struct EventQueue<T> {
    /// The present time: nothing in the queue is before.
    now: u64,
    /// The digits that have a list that is not empty, a bit each.
    occupied: u32,
    digits: Vec<Digit>,
    /// What the lists are made of, and the items themselves: apart, because moving an item from
    /// list to list does not touch it.
    places: Vec<Place>,
    items: Vec<Option<T>>,
    /// A list of places without an item: its first, or `NOWHERE`.
    free: u32,
    len: usize,
}

/// The lists for one digit, by its value.
#[derive(Clone, Debug)]
struct Digit {
    /// The values that have a list that is not empty, a bit each.
    occupied: u64,
    lists: [List; VALUES],
}

#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    time: u64,
    /// The next place in the list, or `NOWHERE`.
    next: u32,
}

const NOWHERE: u32 = u32::MAX;

/// What is next, and where it is. Void after the next push.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next {
    pub(crate) at: Time,
    digit: usize,
    value: usize,
    place: u32,
}

impl<T> EventQueue<T> {
    pub(crate) fn new() -> EventQueue<T> {
        let empty = List {
            first: NOWHERE,
            last: NOWHERE,
        };
        let digit = Digit {
            occupied: 0,
            lists: [empty; VALUES],
        };
        EventQueue {
            now: 0,
            occupied: 0,
            digits: vec![digit; DIGITS],
            places: Vec::new(),
            items: Vec::new(),
            free: NOWHERE,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Schedules an item. A time that has passed is now.
    pub(crate) fn push(&mut self, at: Time, item: T) {
        self.push_with(at, || item);
    }

    /// Schedules an item, and makes it where it lies: what is put together elsewhere, field by field,
    /// and then moved as a whole, the processor has to wait for.
    #[inline(always)]
    pub(crate) fn push_with(&mut self, at: Time, make: impl FnOnce() -> T) {
        let time = at.0.max(self.now);
        let next = NOWHERE;
        if self.free == NOWHERE {
            self.grow();
        }
        let place = self.free;
        let there = &mut self.places[place as usize];
        self.free = there.next;
        *there = Place { time, next };
        self.append(place, time);
        self.len += 1;
        self.items[place as usize].get_or_insert_with(make);
    }

    #[cold]
    fn grow(&mut self) {
        let place = self.places.len() as u32;
        assert!(place < NOWHERE, "the event queue is full");
        self.places.push(Place {
            time: 0,
            next: NOWHERE,
        });
        self.items.push(None);
        self.free = place;
    }

    /// Finds the next item. It stays where it is.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<Next> {
        while self.occupied != 0 {
            let digit = self.occupied.trailing_zeros() as usize;
            let value = self.digits[digit].occupied.trailing_zeros() as usize % VALUES;
            let List { first, last } = self.digits[digit].lists[value];
            // In the lists for the lowest digit all times are the same.
            if digit == 0 || first == last {
                let at = Time(self.places[first as usize].time);
                return Some(Next {
                    at,
                    digit,
                    value,
                    place: first,
                });
            }
            self.spread(digit, value);
        }
        None
    }

    #[inline(always)]
    pub(crate) fn item(&self, next: &Next) -> &T {
        self.items[next.place as usize].as_ref().expect("not taken")
    }

    /// Takes the next item.
    #[inline(always)]
    pub(crate) fn take(&mut self, next: Next) -> T {
        let Next {
            at,
            digit,
            value,
            place,
        } = next;
        self.now = at.0;
        let there = &mut self.places[place as usize];
        let list = &mut self.digits[digit].lists[value];
        let following = there.next;
        there.next = self.free;
        self.free = place;
        self.len -= 1;
        if list.last == place {
            self.empty(digit, value);
        } else {
            list.first = following;
        }
        self.items[place as usize].take().expect("not taken")
    }

    /// Spreads the items of a list over those of lower digits.
    #[inline(never)]
    fn spread(&mut self, digit: usize, value: usize) {
        let first = self.digits[digit].lists[value].first;
        self.empty(digit, value);
        let mut place = first;
        let mut earliest = u64::MAX;
        while place != NOWHERE {
            let Place { time, next } = self.places[place as usize];
            earliest = earliest.min(time);
            place = next;
        }
        self.now = earliest;
        let mut place = first;
        while place != NOWHERE {
            let Place { time, next } = self.places[place as usize];
            self.places[place as usize].next = NOWHERE;
            self.append(place, time);
            place = next;
        }
    }

    #[inline(always)]
    fn empty(&mut self, digit: usize, value: usize) {
        let occupied = &mut self.digits[digit].occupied;
        *occupied &= !(1 << value);
        if *occupied == 0 {
            self.occupied &= !(1 << digit);
        }
    }

    #[inline(always)]
    fn append(&mut self, place: u32, time: u64) {
        let highest_difference = ((time ^ self.now) | 1).ilog2();
        let digit = highest_difference / DIGIT_BITS;
        let value = (time >> (digit * DIGIT_BITS)) as usize % VALUES;
        self.occupied |= 1 << digit;
        let digit = &mut self.digits[digit as usize];
        let list = &mut digit.lists[value];
        if digit.occupied & 1 << value == 0 {
            digit.occupied |= 1 << value;
            list.first = place;
        } else {
            self.places[list.last as usize].next = place;
        }
        list.last = place;
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
            steps in prop::collection::vec(prop::option::weighted(0.6, (0u32..64, 0u64..20)), 0..200),
        ) {
            let mut queue = EventQueue::new();
            let mut twin: Vec<(Time, usize)> = Vec::new();
            let mut now = Time::ZERO;
            for (id, step) in steps.into_iter().enumerate() {
                if let Some((magnitude, delay)) = step {
                    let at = Time(now.0.saturating_add(delay << magnitude));
                    queue.push(at, id);
                    twin.push((at, id));
                } else {
                    twin.sort_by_key(|(at, _)| *at);
                    let expected = (!twin.is_empty()).then(|| twin.remove(0));
                    let next = queue.next();
                    prop_assert_eq!(next.map(|next| next.at), expected.map(|(at, _)| at));
                    if let Some((next, (at, id))) = next.zip(expected) {
                        prop_assert_eq!(*queue.item(&next), id);
                        prop_assert_eq!(queue.take(next), id);
                        now = at;
                    }
                }
                prop_assert_eq!(queue.len(), twin.len());
            }
        }
    }
}
