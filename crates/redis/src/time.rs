//! Wall-clock time, as the server's own clock shows it. It is always a parameter: this crate never
//! asks what time it is.

use serde::{Deserialize, Serialize};

/// What a server's wall clock shows: nanoseconds since the Unix epoch.
///
/// It may step back and forth, as wall clocks do; expiry follows it wherever it goes.
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
    /// So many milliseconds after the epoch; the end of time (the year 2554) if that is later.
    #[must_use]
    pub const fn from_millis(ms: u64) -> UnixTime {
        UnixTime(ms.saturating_mul(1_000_000))
    }

    /// In whole milliseconds, rounded down: the grain in which Redis expires keys.
    #[must_use]
    pub const fn millis(self) -> UnixMillis {
        UnixMillis(self.0 / 1_000_000)
    }

    /// The whole seconds, rounded down: the first half of the reply to `TIME`.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// The microseconds since the last whole second: the second half of the reply to `TIME`.
    #[must_use]
    pub const fn subsecond_micros(self) -> u64 {
        self.0 % 1_000_000_000 / 1_000
    }

    /// In whole milliseconds, as the signed number that Redis calculates with. It always fits: the
    /// last nanosecond that `u64` can hold is in millisecond 18446744073709.
    pub(crate) const fn signed_millis(self) -> i64 {
        self.millis().0.cast_signed()
    }
}

/// When a key expires: milliseconds since the Unix epoch, as in `PEXPIRETIME`. Never past
/// `i64::MAX`, which Redis cannot say.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);
