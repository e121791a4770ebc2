//! Checkers for caches: what a read through a cache may return, and what a cache may store.
//!
//! A cache that is invalidated after each update is not linearizable, and need not be: one reader
//! that missed sees the new row while another one still hits the old entry. So there are several
//! weaker promises. A scenario says which of them hold.
//!
//! - [`Reads`] checks what reads observe against one [`Promise`]: quiescent agreement, bounded
//!   staleness, read your writes, or monotonic reads.
//! - [`Fills`] checks the cache itself: no fill stores a row that was already invalidated there.
//!   Such a fill causes most broken promises, and this checker finds it before a client reads the
//!   entry.
//! - [`Queries`] counts how often each version is read from the database. A cache exists to prevent
//!   a thundering herd.
//! - [`Ages`] measures the age of the versions that reads saw.
//! - [`ReadPromises`] checks reads against several promises at once. It is a
//!   [`HistoryChecker`](crate::HistoryChecker).
//!
//! All of them are pure, and process one step at a time.

mod ages;
mod fills;
mod observed;
mod promises;
mod queries;
mod reads;

pub use ages::Ages;
pub use fills::{Fills, StaleFill};
pub use observed::Observed;
pub use promises::ReadPromises;
pub use queries::{Herd, Queries};
pub use reads::{Promise, Reads, StaleRead};
