//! The wall-clock time of a server. It is always a parameter: this crate never reads a clock.

use serde::{Deserialize, Serialize};

/// The time on a server's wall clock, in nanoseconds since the Unix epoch.
///
/// It may jump forward and back, like a wall clock. Expiry follows it.
///
/// ```
/// use redis::{UnixMillis, UnixTime};
///
/// let now = UnixTime::from_millis(1_500);
/// assert_eq!(now, UnixTime(1_500_000_000));
/// assert_eq!(now.millis(), UnixMillis(1_500));
/// assert_eq!((now.seconds(), now.subsecond_micros()), (1, 500_000));
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The time this many milliseconds after the epoch, or the latest time (in the year 2554) if
    /// that is earlier.
    #[must_use]
    pub const fn from_millis(ms: u64) -> UnixTime {
        UnixTime(ms.saturating_mul(1_000_000))
    }

    /// Whole milliseconds since the epoch, rounded down. Redis expires keys at this precision.
    #[must_use]
    pub const fn millis(self) -> UnixMillis {
        UnixMillis(self.0 / 1_000_000)
    }

    /// Whole seconds since the epoch, rounded down: the first part of the reply to `TIME`.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// Microseconds since the last whole second: the second part of the reply to `TIME`.
    #[must_use]
    pub const fn subsecond_micros(self) -> u64 {
        self.0 % 1_000_000_000 / 1_000
    }

    /// Whole milliseconds since the epoch, as the signed number that Redis calculates with. It
    /// always fits: the latest time is in millisecond 18446744073709.
    pub(crate) const fn signed_millis(self) -> i64 {
        self.millis().0.cast_signed()
    }
}

/// The expiry of a key: milliseconds since the Unix epoch, as in `PEXPIRETIME`. It is at most
/// `i64::MAX`, as in Redis.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);
