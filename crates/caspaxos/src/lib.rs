//! CASPaxos on Redis, by the rules of Gryadka.
//!
//! CASPaxos (Rystsov, "CASPaxos: Replicated State Machines without logs", arXiv 1802.07000) is
//! single-decree Paxos in which a proposer does not propose a value but a *change* of the present
//! one. The result is a register on 2F + 1 *acceptors* that survives the loss of F of them, without
//! a log and without leader election. Gryadka (<https://github.com/gryadka/js>) runs it with plain
//! Redis servers as acceptors: two scripts do the work of an acceptor. The rules here are those of
//! its first version.
//!
//! # The protocol
//!
//! There is one register per key, and registers are independent. A [`Ballot`] is *(eon, id, era)*,
//! ordered in that order. Eon and id name an epoch in which one proposer leads. The era counts its
//! attempts in that epoch. Ids are unique, so no other proposer's ballot lies between two ballots
//! of the same epoch.
//!
//! For each key an acceptor stores the highest ballot that it has promised, the ballot under which
//! it accepted a state, and that state.
//!
//! - *Prepare* with ballot b: if its promise is lower than b, the acceptor promises b, and replies
//!   with its accepted state and ballot. Otherwise it replies with the promise: a conflict.
//! - *Accept* with ballot b and a state: if its promise is not higher than b, the acceptor promises
//!   b and accepts the state. Otherwise it replies with the promise: a conflict.
//!
//! To change a key, a proposer:
//!
//! 1. takes the key's lock, or refuses if it is taken;
//! 2. raises the era of its ballot by one, on every attempt, for any outcome of the last one;
//! 3. unless it leads: prepares, waits for a quorum of promises, and takes the state of the highest
//!    ballot among exactly these; now the proposer leads;
//! 4. applies the change to that state, or to the one that it remembers if it led before;
//! 5. asks a quorum to accept the new state, *even if the change was refused*. A refused change
//!    commits the old state again. Otherwise a leader that was deposed meanwhile would reply with
//!    an outdated state. A read is a change that keeps the state.
//!
//! If a failed prepare or any accept reports a higher ballot, the proposer raises its eon past that
//! ballot's. After an accept it also stops leading, even if the quorum was reached.
//!
//! # Invariants
//!
//! 1. A (key, ballot) has at most one state, because each attempt has its own ballot.
//! 2. Each prepare quorum meets each accept quorum. They are independent lists of nodes with their
//!    own sizes. Changes of membership keep this invariant at every step ([`membership`], and the
//!    [`orchestrator`], which reconfigures proposers that are in use).
//! 3. An "unknown" outcome says nothing: accepts that are still in flight may take effect at any
//!    later time.
//!
//! A register can be deleted: the acceptors accept the empty state like any other, and then an
//! [`orchestrator`] erases the register, so that its versions start over.
//!
//! Continue with [`proposer`] and [`leadership`], [`acceptor`], then [`orchestrator`] and its
//! [`rules`]. [`client`] is the load of a run, and [`system`](CasPaxos) assembles the nodes.
//! [`reads`] has reads without a write, [`variants`] has other rules, right and wrong, and
//! [`store`] is for your own code.
//!
//! The protocol does not depend on its variants or on scenarios. Both, and their dependencies,
//! belong to the default feature `system`. The [`store`] works without it.

#![deny(clippy::float_arithmetic)]
#![cfg_attr(
    not(feature = "system"),
    expect(dead_code, unused_imports, reason = "the system and the variants use the rest")
)]

pub mod acceptor;
mod ballot;
mod call;
pub mod change;
pub mod client;
#[cfg(feature = "system")]
mod config;
#[cfg(feature = "system")]
mod invariant;
pub mod leadership;
mod message;
pub mod orchestrator;
mod order;
#[cfg(feature = "system")]
mod process;
pub mod proposer;
mod quorum;
pub mod reads;
pub mod rules;
pub mod scripts;
pub mod store;
#[cfg(feature = "system")]
mod sweeper;
#[cfg(feature = "system")]
mod system;
#[cfg(feature = "system")]
pub mod variants;
#[cfg(feature = "system")]
mod witness;

pub use ballot::{Ballot, ParseBallotError};
#[cfg(feature = "system")]
pub use config::{Config, MembershipConfig, OrchestratorConfig, ReadsConfig};
#[cfg(feature = "system")]
pub use invariant::OneValuePerBallot;
pub use message::{Answer, Message, Protocol, Reply, Request, Timer};
pub use orchestrator::OrchestratedChange;
pub use order::{Accepting, Order, Report};
#[cfg(feature = "system")]
pub use process::Process;
pub use quorum::{Configuration, Quorum};
#[cfg(feature = "system")]
pub use system::membership::MembershipChange;
#[cfg(feature = "system")]
pub use system::{CasPaxos, membership};
