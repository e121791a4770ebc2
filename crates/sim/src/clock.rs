//! The clocks of a node: wrong in the ways in which real ones are.
//!
//! A node has a *monotonic* clock, which runs fast or slow by its drift, and a *wall* clock, which
//! runs with it from an offset of its own and can be stepped forward or back. Timers count by the
//! monotonic clock; expiry in a Redis server goes by the wall clock.

use history::{Span, Time};
use serde::{Deserialize, Serialize};

/// A wall-clock reading: nanoseconds since 1970.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct WallTime(pub u64);

impl WallTime {
    /// What a faultless wall clock shows when a run begins: 2024-01-01T00:00:00Z.
    pub const EPOCH: WallTime = WallTime(1_704_067_200_000_000_000);

    /// In whole milliseconds, rounded down, as Redis counts.
    #[must_use]
    pub fn as_unix_millis(self) -> u64 {
        self.0 / 1_000_000
    }
}

/// What a process can know of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalTime {
    /// Comparable between nodes as far as their clocks agree; may jump, and may go back.
    pub wall: WallTime,
    /// Never goes back; means nothing on another node.
    pub monotonic: Time,
}

/// How a node's clocks relate to true time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clock {
    /// How far ahead the wall clock is, in nanoseconds; grows by each step.
    pub offset_ns: i64,
    /// How much faster than true time both clocks run, in parts per billion.
    pub drift_ppb: i32,
}

const BILLION: i128 = 1_000_000_000;

impl Clock {
    /// A clock that is off by `offset_ns` and runs fast by `drift_ppb`.
    ///
    /// # Panics
    /// If the drift is not within ±50 %: such a clock would stand still, or run backwards.
    #[must_use]
    pub fn new(offset_ns: i64, drift_ppb: i32) -> Clock {
        assert!(drift_ppb.abs() <= 500_000_000, "a drift of {drift_ppb} ppb is beyond ±50 %");
        Clock { offset_ns, drift_ppb }
    }

    /// What the clocks show at true time `now`.
    #[inline(always)]
    #[must_use]
    pub fn read(&self, now: Time) -> LocalTime {
        let monotonic = self.monotonic(now);
        let wall = WallTime::EPOCH.0.saturating_add(monotonic.0);
        LocalTime { wall: WallTime(wall.saturating_add_signed(self.offset_ns)), monotonic }
    }

    #[inline(always)]
    fn monotonic(&self, now: Time) -> Time {
        match self.drift_ppb {
            0 => now,
            _ => self.drifted(now),
        }
    }

    fn drifted(&self, now: Time) -> Time {
        let gained = (i128::from(now.0) * i128::from(self.drift_ppb)).div_euclid(BILLION);
        Time((i128::from(now.0) + gained).clamp(0, i128::from(u64::MAX)) as u64)
    }

    /// The first true time at which `after` has passed on this clock since `now`.
    ///
    /// A timer therefore never fires early by the clock of its own node.
    #[must_use]
    pub fn when(&self, now: Time, after: Span) -> Time {
        if self.drift_ppb == 0 {
            return now + after;
        }
        let deadline = self.monotonic(now) + after;
        let rate = BILLION + i128::from(self.drift_ppb);
        let estimate = (i128::from(deadline.0) * BILLION).div_euclid(rate);
        let mut at = Time(estimate.clamp(i128::from(now.0), i128::from(u64::MAX)) as u64);
        while self.monotonic(at) < deadline && at.0 < u64::MAX {
            at.0 += 1;
        }
        at
    }

    /// What the clock adds to a span that begins `now`, beside its rate: readings are whole
    /// nanoseconds, so the same span can be measured one nanosecond longer or shorter.
    pub(crate) fn phase(&self, now: Time) -> i128 {
        (i128::from(now.0) * i128::from(self.drift_ppb)).rem_euclid(BILLION)
    }

    /// Moves the wall clock by `by_ns`, forward or back. The monotonic clock does not notice.
    pub fn step(&mut self, by_ns: i64) {
        self.offset_ns = self.offset_ns.saturating_add(by_ns);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fast_clock_sees_its_timer_early_in_true_time() {
        let fast = Clock::new(0, 100_000_000); // 10 % fast
        assert_eq!(fast.when(Time::ZERO, Span::from_millis(110)), Time(100_000_000));
        let slow = Clock::new(0, -100_000_000);
        assert_eq!(slow.when(Time::ZERO, Span::from_millis(90)), Time(100_000_000));
    }

    #[test]
    fn a_step_moves_the_wall_clock_only() {
        let mut clock = Clock::new(-5, 0);
        let before = clock.read(Time(1_000));
        assert_eq!(before.wall.0, WallTime::EPOCH.0 + 995);
        clock.step(-900);
        let after = clock.read(Time(1_000));
        assert_eq!(after.wall.0, WallTime::EPOCH.0 + 95);
        assert_eq!(after.monotonic, before.monotonic);
    }

    proptest! {
        #[test]
        fn a_timer_fires_neither_early_nor_late_by_its_own_clock(
            now in 0u64..1 << 50, after in 0u64..1 << 45, drift in -500_000_000i32..=500_000_000,
        ) {
            let clock = Clock::new(0, drift);
            let (now, after) = (Time(now), Span(after));
            let at = clock.when(now, after);
            let passed = |at| clock.read(at).monotonic.since(clock.read(now).monotonic);
            prop_assert!(passed(at) >= after);
            prop_assert!(at == now || passed(Time(at.0 - 1)) < after);
        }
    }
}
