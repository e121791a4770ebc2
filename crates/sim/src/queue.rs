//! The queue of what is going to happen.
//!
//! A total order: by time, then in the order of scheduling. Nothing is ever scheduled for a time
//! before that of the last item taken, which is what a *radix heap* needs. Times are read as eleven
//! digits of six bits. An item lies in the list for the highest digit in which its time differs from
//! the present one, and for the value of that digit there. So the first list that is not empty, from
//! the lowest digit up, holds what is next. If that is more than one item, the earliest time among
//! them becomes the present; the items of that time are next, in a row, and the others move to lists
//! of lower digits. An item moves a few times in its life, whatever else is in the queue, and the
//! present is all that it is ever compared with.
//!
//! Lists are last in, first out, and are turned round when they are taken apart. Items of the same
//! time meet in the same list, so they come out in the order of scheduling, which is nowhere written
//! down.

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
    /// What the lists are made of, and the items themselves: apart, because moving an item from
    /// list to list does not touch it.
    links: Vec<Link>,
    items: Vec<Option<T>>,
    /// A list of the places without an item.
    free: Place,
    len: usize,
}

/// The lists for one digit, by its value.
#[derive(Clone, Debug)]
struct Digit {
    /// The values that have a list that is not empty, a bit each.
    occupied: u64,
    lists: [Place; VALUES],
}

/// Where an item lies; in a list, the first.
type Place = u32;

const NOWHERE: Place = Place::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    time: u64,
    /// The next in the list.
    next: Place,
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
        const EMPTY: Digit = Digit {
            occupied: 0,
            lists: [NOWHERE; VALUES],
        };
        EventQueue {
            now: 0,
            row: NOWHERE,
            occupied: 0,
            digits: Box::new([EMPTY; DIGITS]),
            links: Vec::new(),
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
        if self.free == NOWHERE {
            self.grow();
        }
        let place = self.free;
        let link = &mut self.links[place as usize];
        self.free = link.next;
        link.time = at.0.max(self.now);
        self.put(place);
        self.len += 1;
        self.items[place as usize].get_or_insert_with(make);
    }

    #[cold]
    fn grow(&mut self) {
        let place = self.links.len() as u32;
        assert!(place < NOWHERE, "the event queue is full");
        let (time, next) = (0, NOWHERE);
        self.links.push(Link { time, next });
        self.items.push(None);
        self.free = place;
    }

    /// Puts a place, which is in no list, into the list for its time.
    #[inline(always)]
    fn put(&mut self, place: Place) {
        let link = &mut self.links[place as usize];
        let highest_difference = ((link.time ^ self.now) | 1).ilog2();
        let digit = highest_difference / DIGIT_BITS;
        let value = (link.time >> (digit * DIGIT_BITS)) as usize % VALUES;
        self.occupied |= 1 << digit;
        let digit = &mut self.digits[digit as usize % DIGITS];
        digit.occupied |= 1 << value;
        link.next = std::mem::replace(&mut digit.lists[value], place);
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
            let link = self.links[place as usize];
            if link.next == NOWHERE {
                if link.time > limit.0 {
                    return Err(NoNext::TooLate);
                }
                self.empty(digit, value);
                self.now = link.time;
                return Ok(Next {
                    at: Time(link.time),
                    place,
                });
            }
            self.take_apart(digit, value);
        }
        if self.now > limit.0 {
            return Err(NoNext::TooLate);
        }
        let place = self.row;
        self.row = self.links[place as usize].next;
        Ok(Next {
            at: Time(self.now),
            place,
        })
    }

    /// Looks at an item that is out of the order.
    #[inline(always)]
    pub(crate) fn item(&self, next: &Next) -> &T {
        self.items[next.place as usize].as_ref().expect("there")
    }

    /// Takes an item that is out of the order.
    #[inline(always)]
    pub(crate) fn take(&mut self, next: Next) -> T {
        self.links[next.place as usize].next = self.free;
        self.free = next.place;
        self.len -= 1;
        self.items[next.place as usize].take().expect("there")
    }

    /// Takes a list apart: what is earliest makes the row, the rest goes to lists for lower digits.
    #[inline(never)]
    fn take_apart(&mut self, digit: usize, value: usize) {
        let mut place = self.digits[digit].lists[value];
        self.empty(digit, value);
        let mut earliest = u64::MAX;
        let mut turned = NOWHERE;
        while place != NOWHERE {
            let link = &mut self.links[place as usize];
            earliest = earliest.min(link.time);
            let next = std::mem::replace(&mut link.next, turned);
            turned = place;
            place = next;
        }
        self.now = earliest;
        let mut last_in_row = NOWHERE;
        let mut place = turned;
        while place != NOWHERE {
            let Link { time, next } = self.links[place as usize];
            if time > earliest {
                self.put(place);
            } else {
                match last_in_row {
                    NOWHERE => self.row = place,
                    last => self.links[last as usize].next = place,
                }
                self.links[place as usize].next = NOWHERE;
                last_in_row = place;
            }
            place = next;
        }
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
            steps in prop::collection::vec(prop::option::weighted(0.6, (0u32..64, 0u64..20)), 0..200),
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
    }
}
