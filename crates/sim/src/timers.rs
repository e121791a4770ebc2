//! Which timers of a node are still to run out.

use std::collections::VecDeque;

const BITS: u64 = u64::BITS as u64;

/// Timers that have been set and have neither run out nor been cancelled: a bit for each since the
/// oldest of them. A node numbers its timers as it sets them, most are short-lived, and each
/// operation of a client sets one and cancels it: nothing else is as cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    /// How many words of bits are gone, because none was set any more.
    gone: u64,
    words: VecDeque<u64>,
}

impl Timers {
    /// Adds a timer, whose number is larger than all before.
    pub(crate) fn set(&mut self, number: u64) {
        if self.words.is_empty() {
            self.gone = number / BITS;
        }
        let word = (number / BITS - self.gone) as usize;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (number % BITS);
    }

    /// Whether a timer is there.
    pub(crate) fn has(&self, number: u64) -> bool {
        let Some(word) = (number / BITS).checked_sub(self.gone) else { return false };
        self.words.get(word as usize).is_some_and(|word| word & 1 << (number % BITS) != 0)
    }

    /// Takes a timer away, and tells whether it was there.
    pub(crate) fn take(&mut self, number: u64) -> bool {
        let Some(word) = (number / BITS).checked_sub(self.gone) else { return false };
        let Some(word) = self.words.get_mut(word as usize) else { return false };
        let bit = 1 << (number % BITS);
        let was_there = *word & bit != 0;
        *word &= !bit;
        // The last word stays: the next timers are going to be in it.
        while self.words.len() > 1 && self.words[0] == 0 {
            self.words.pop_front();
            self.gone += 1;
        }
        was_there
    }

    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((0..4u8, 0..300u64), 0..400)) {
            let (mut timers, mut set, mut next) = (Timers::default(), BTreeSet::new(), 0);
            for (what, number) in steps {
                match what {
                    0 => {
                        timers.set(next);
                        set.insert(next);
                        next += 1 + number % 3 * 50;
                    }
                    1 if number == 0 => {
                        timers.clear();
                        set.clear();
                    }
                    1 | 2 => {
                        let oldest = set.first().copied().unwrap_or(number);
                        prop_assert_eq!(timers.take(oldest), set.remove(&oldest));
                    }
                    _ => {
                        prop_assert_eq!(timers.has(number), set.contains(&number));
                        prop_assert_eq!(timers.take(number), set.remove(&number));
                    }
                }
            }
        }

        #[test]
        fn it_does_not_grow_with_what_is_over(count in 1..5_000u64) {
            let mut timers = Timers::default();
            for number in 0..count {
                timers.set(number);
                prop_assert!(timers.take(number));
            }
            prop_assert!(timers.words.len() <= 1);
        }
    }
}
