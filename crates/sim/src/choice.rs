//! The one door through which all chance enters a run.
//!
//! Whatever is decided by chance is a question with a stable name: a *purpose* ("delay"), the name
//! of the *link or node* that asks, and how many times it has asked for that purpose before. So the
//! 17th delay on the link `p1->a0` is the same number in every run with that seed, whatever else
//! there is in the scenario: another client, or another fault, does not reshuffle the rest.
//!
//! [`Seeded`] answers from ChaCha8. Its key is made of the seed; each (purpose, name) reads the
//! stream of its own that the cipher has for each 64-bit number, and each answer takes exactly one
//! 64-bit word of it. A bounded answer is made by multiplication without rejection, which keeps the
//! number of words fixed; the bias is below bound / 2^64.
//!
//! ```
//! use sim::{Choices, Seeded};
//!
//! let mut alone = Seeded::new("seed1");
//! let delay = alone.stream("delay", "p1->a0");
//! let mut crowded = Seeded::new("seed1");
//! let other = crowded.stream("delay", "p9->a0");
//! crowded.draw(other, 10);
//! let same = crowded.stream("delay", "p1->a0");
//! assert_eq!(alone.draw(delay, 1000), crowded.draw(same, 1000));
//! ```

use std::collections::BTreeMap;

use history::Time;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use crate::Fate;
use crate::network::{self, Link};

/// A stream of answers: those to one purpose on one link or node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u32);

/// A source of the answers to the questions of a run: a seed, a recording, an explorer.
pub trait Choices {
    /// The stream for `purpose` on the link or node called `name`. Asking twice gives the same.
    fn stream(&mut self, purpose: &str, name: &str) -> StreamId;

    /// The next answer of a stream: a number below `bound`.
    fn draw(&mut self, stream: StreamId, bound: u64) -> u64;

    /// The stream of the fates of the link called `name`, for a source that has answers to those.
    fn fates_of(&mut self, name: &str) -> StreamId {
        let _ = name;
        network::UNUSED
    }

    /// What the network does with the next message on `link`, sent `now`: by the link's rule,
    /// unless the source knows better.
    #[inline(always)]
    fn fate(&mut self, link: &mut Link, now: Time) -> Fate
    where
        Self: Sized,
    {
        link.draw_fate(self, now)
    }
}

/// Answers from the seed.
#[derive(Clone, Debug)]
pub struct Seeded {
    key: [u8; 32],
    streams: Vec<ChaCha8Rng>,
    by_name: BTreeMap<u64, StreamId>,
}

impl Seeded {
    /// The answers of this seed. A seed is any text; `7` is the same seed wherever it is written.
    #[must_use]
    pub fn new(seed: &str) -> Seeded {
        let mut key = [0; 32];
        for (part, chunk) in (0u64..).zip(key.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&xxh3_64_with_seed(seed.as_bytes(), part).to_le_bytes());
        }
        Seeded { key, streams: Vec::new(), by_name: BTreeMap::new() }
    }
}

impl Choices for Seeded {
    fn stream(&mut self, purpose: &str, name: &str) -> StreamId {
        let mut number = Xxh3::new();
        number.update(purpose.as_bytes());
        number.update(&[0]);
        number.update(name.as_bytes());
        let number = number.digest();
        *self.by_name.entry(number).or_insert_with(|| {
            let mut stream = ChaCha8Rng::from_seed(self.key);
            stream.set_stream(number);
            self.streams.push(stream);
            StreamId((self.streams.len() - 1) as u32)
        })
    }

    #[inline]
    fn draw(&mut self, stream: StreamId, bound: u64) -> u64 {
        below(bound, self.streams[stream.0 as usize].next_u64())
    }
}

/// Maps a uniform 64-bit word to a number below `bound` (which must not be 0): the upper half of
/// their 128-bit product.
#[inline]
#[must_use]
pub fn below(bound: u64, word: u64) -> u64 {
    assert!(bound > 0, "a choice among nothing");
    ((u128::from(word) * u128::from(bound)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pinned: a change here changes every run of every seed.
    #[test]
    fn golden_vectors() {
        let mut choices = Seeded::new("seed1");
        let delay = choices.stream("delay", "p1->a0");
        let loss = choices.stream("loss", "p1->a0");
        let delays: Vec<u64> = (0..5).map(|_| choices.draw(delay, 10_000_000)).collect();
        let losses: Vec<u64> = (0..5).map(|_| choices.draw(loss, 1_000_000)).collect();
        assert_eq!(delays, [8672486, 2926103, 9353080, 456737, 1055037]);
        assert_eq!(losses, [236329, 467429, 706058, 967372, 7089]);
        assert_eq!(below(10, u64::MAX), 9);
        assert_eq!(below(10, 0), 0);
        assert_eq!(below(u64::MAX, u64::MAX), u64::MAX - 1);
    }

    #[test]
    fn purposes_names_and_seeds_have_streams_of_their_own() {
        let word = |seed: &str, purpose: &str, name: &str| {
            let mut choices = Seeded::new(seed);
            let stream = choices.stream(purpose, name);
            choices.draw(stream, u64::MAX)
        };
        let all = [
            word("1", "delay", "a->b"),
            word("1", "delay", "b->a"),
            word("1", "loss", "a->b"),
            word("2", "delay", "a->b"),
            word("1", "delaya", "->b"),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b), "two streams agree: {all:?}");
        }
    }

    #[test]
    fn answers_are_spread_evenly() {
        let mut choices = Seeded::new("spread");
        let stream = choices.stream("die", "n1");
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[choices.draw(stream, 6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    }
}
