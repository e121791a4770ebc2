//! Checkers of what clients observed, and explanations of violations.
//!
//! A *history* is a list of invocations and returns of operations on shared objects, in the order
//! in which they happened. The crate [`history`] defines it. Some operations never return. Most of
//! this crate is about versioned registers. A checker decides whether the registers behaved as if
//! all operations had happened one after the other, each at some moment between its invocation and
//! its return. That is [linearizability](https://dl.acm.org/doi/10.1145/78969.78972) (Herlihy and
//! Wing, 1990).
//!
//! - [`Rumor`] decides this step by step in bounded memory, and [`check_history`] for a whole
//!   history. Versions make that easy: an operation may not see a version older than one that any
//!   client had already observed.
//! - [`explain`] explains to a person why a history is impossible. The explanation ends with the
//!   smallest cycle of operations that proves it.
//! - [`RegisterKind`] says whether registers can be deleted. After a deletion versions start over.
//! - [`exhaustive`] is the slow and obvious twin, which tries all orders. [`random`] generates
//!   histories, most of which are one change away from a legal one. [`compare`] compares the two
//!   checkers on them.
//! - [`cache`] checks reads through a cache against the weaker promises of caches.
//! - [`lock`] checks that no two clients rely on the same lock at the same time.
//! - [`notation`] is histories as text, for people to read and to write.
//!
//! ```
//! use check::{check_history, explain, notation};
//!
//! let (history, names) = notation::parse(
//!     "200ms alice write             // alice invokes a write of her own value, alice#0
//!      205ms bob   read
//!      210ms bob   saw v1=alice#0    // so the write has taken effect
//!      230ms carol read
//!      236ms carol saw empty",
//! )?;
//! let violation = check_history(&history)?.expect("carol saw less than bob had seen");
//! println!("{}", explain(&history, &violation, &names));
//! # assert_eq!(violation.reason.name(), "older-than-rumor");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here reads a clock, draws a random number that is not a function of a seed, or depends
//! on the order of a hash map: the same history gets the same verdict everywhere.

#![deny(clippy::float_arithmetic)]

pub mod cache;
mod chronicle;
pub mod compare;
pub mod exhaustive;
mod explain;
mod history_checker;
pub mod lock;
mod malformed;
pub mod notation;
mod pinpoint;
pub mod random;
mod rumor;
mod sample;
mod violation;

pub use explain::{Constraint, CycleEdge, Explanation, explain};
pub use history_checker::{Found, HistoryChecker};
pub use malformed::Malformed;
pub use pinpoint::check_history;
pub use rumor::{RegisterKind, Rumor};
pub use sample::Sample;
pub use violation::{Reason, Violation};
