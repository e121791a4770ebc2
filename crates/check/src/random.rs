//! Random histories of a correct register, and of a register with one fault.
//!
//! A [`Simulation`] plays clients of registers: operations are invoked, take effect at some moment
//! before they return, and return. Some operations fail, and some take effect without a reply. Some
//! take effect long after their outcome became unknown to the client. The histories are
//! linearizable.
//!
//! [`history()`] generates short histories for comparing checkers, and spoils most of them in
//! exactly one place: during the simulation (a [`Hazard`]) or afterwards (a [`Mutation`]). A wrong
//! checker is wrong near the border between legal and illegal, and such histories lie there.
//!
//! Everything is a function of the seed: ChaCha8 gives the bits, and integers are drawn by one
//! multiplication each, so no library's way of sampling can change a history.

mod mutation;
mod simulation;

use history::Entry;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub use self::mutation::Mutation;
pub use self::simulation::{Hazard, Mix, Simulation};
use crate::RegisterKind;

/// A stream of random integers.
///
/// ```
/// # use check::random::Source;
/// let mut one = Source::new(7, 0);
/// let mut same = Source::new(7, 0);
/// assert_eq!(one.below(1000), same.below(1000));
/// assert_eq!(one.below(1), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Source(ChaCha8Rng);

impl Source {
    /// The stream of this number among all those of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Source {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut bits = ChaCha8Rng::from_seed(key);
        bits.set_stream(stream);
        Source(bits)
    }

    /// An integer in `0..bound`; 0 if there is none. Each call takes exactly one draw. The price is
    /// a bias of at most `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.0.next_u64()) * u128::from(bound);
        (product >> 64) as u64
    }

    /// Returns true with this probability, in percent.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.below(from.len() as u64);
        from.get(usize::try_from(index).ok()?)
    }
}

/// A short random history, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// Its steps: 3 to 9 operations of 2 to 5 clients, mostly on one key.
    pub entries: Vec<Entry>,
    /// How the history was spoilt, if it was.
    pub spoilt: Option<Spoilt>,
}

/// The one fault of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoilt {
    /// The register misbehaved once.
    Simulated(Hazard),
    /// The history of a correct register was changed in one place.
    Changed(Mutation),
}

/// The short history of this number among all those of a seed.
///
/// ```
/// # use check::random;
/// let short = random::history(7, 12);
/// assert_eq!(short, random::history(7, 12));
/// assert!(short.entries.len() <= 18);
/// ```
#[must_use]
pub fn history(seed: u64, number: u64) -> Short {
    history_of(RegisterKind::Kept, seed, number)
}

/// The same for registers of some kind.
#[must_use]
pub fn history_of(kind: RegisterKind, seed: u64, number: u64) -> Short {
    let mut source = Source::new(seed, number);
    let (mix, hazards) = match kind {
        RegisterKind::Kept => (Mix::short(&mut source), &Hazard::ALL),
        RegisterKind::Deletable => (Mix::short_with_deletions(&mut source), &Hazard::OF_DELETABLE),
    };
    let spoil = source.percent(SPOILT_PERCENT);
    let hazard = source.pick(hazards).copied();
    let mut simulation = Simulation::new(mix, source);
    if let Some(hazard) = hazard.filter(|_| spoil && number.is_multiple_of(4)) {
        simulation.plant(hazard);
    }
    let mut entries: Vec<Entry> = simulation.by_ref().collect();
    let mut spoilt = simulation.sprung().map(Spoilt::Simulated);
    if spoil && spoilt.is_none() {
        let mut source = simulation.into_source();
        if let Some((mutation, changed)) = Mutation::any(&entries, &mut source) {
            entries = changed;
            spoilt = Some(Spoilt::Changed(mutation));
        }
    }
    Short { entries, spoilt }
}

/// Enough that at least half of all histories are impossible, and one change away from legal.
const SPOILT_PERCENT: u64 = 85;

#[cfg(test)]
mod tests {
    use super::*;

    /// These numbers are pinned. A change here changes the histories of every seed.
    #[test]
    fn golden_vectors() {
        let mut source = Source::new(42, 7);
        let drawn: Vec<u64> = (0..8).map(|_| source.below(1000)).collect();
        assert_eq!(drawn, [185, 580, 945, 734, 862, 370, 428, 629]);
    }

    #[test]
    fn all_residues_come_up_about_as_often() {
        let mut source = Source::new(1, 1);
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[source.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
    }
}
