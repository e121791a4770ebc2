//! Checkers for caches: what a read through a cache may be told, and what a cache may be told.
//!
//! A cache that is invalidated after each update is not linearizable, and need not be: one reader
//! that missed sees the new row while another one still hits the old entry. So there are several
//! weaker promises, and it is a scenario's business to say which of them are kept.
//!
//! - [`Reads`] holds what reads observe against one [`Promise`]: agreement when all is quiet,
//!   bounded staleness, reading one's own writes, never going back.
//! - [`Fills`] looks at the cache itself: nobody fills in an entry with what has been invalidated.
//!   That is how most broken promises come about, and it is found before anybody reads it.
//! - [`Queries`] counts how often each version is read from the database: the herd that a cache is
//!   there to keep away.
//! - [`Ages`] measures how old the versions were that reads saw.
//! - [`ReadPromises`] holds reads against several promises at once: a
//!   [`HistoryChecker`](crate::HistoryChecker).
//!
//! All are pure and look at one step at a time.

mod ages;
mod fills;
mod promises;
mod queries;
mod reads;
mod told;

pub use ages::Ages;
pub use fills::{Fills, StaleFill};
pub use promises::ReadPromises;
pub use queries::{Herd, Queries};
pub use reads::{Promise, Reads, StaleRead};
pub use told::Told;
