//! The random number generator of a deterministic server.

use std::collections::BTreeSet;

/// The generator that `RANDOMKEY`, `SPOP` and similar commands draw from. It is part of the
/// server's state. So the same commands on the same state draw the same numbers, and a copy of a
/// server draws what its original would have drawn. A refused command draws nothing.
///
/// The algorithm is SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators"). Each pick takes one draw, so the number of draws never depends on what was drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Chance(u64);

impl Chance {
    /// A number in `0..bound`. `bound` must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let drawn = u128::from(mixed ^ (mixed >> 31));
        let scaled = (drawn * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// `count` different numbers in `0..bound`, or all of them if there are not more. This is
    /// Floyd's sampling, with one draw for each number.
    pub(crate) fn distinct(&mut self, count: usize, bound: usize) -> BTreeSet<usize> {
        let mut picked = BTreeSet::new();
        if count >= bound {
            picked.extend(0..bound);
            return picked;
        }
        for last in bound - count..bound {
            let pick = self.below(last + 1);
            if !picked.insert(pick) {
                picked.insert(last);
            }
        }
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_are_below_their_bound_and_reach_all_of_it() {
        let mut chance = Chance::default();
        for bound in 1..20 {
            let seen: BTreeSet<usize> = (0..500).map(|_| chance.below(bound)).collect();
            assert_eq!(seen, (0..bound).collect());
            assert!(chance.below(usize::MAX) < usize::MAX);
        }
    }

    #[test]
    fn distinct_picks_are_as_many_as_asked_for_or_all() {
        let mut chance = Chance::default();
        for (count, bound, expected) in [(0, 5, 0), (3, 5, 3), (5, 5, 5), (9, 5, 5), (2, 0, 0)] {
            let picked = chance.distinct(count, bound);
            assert_eq!(picked.len(), expected);
            assert!(picked.iter().all(|pick| *pick < bound));
        }
    }
}
