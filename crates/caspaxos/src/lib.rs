//! CASPaxos on Redis, by the rules of Gryadka.
//!
//! CASPaxos (Rystsov, "CASPaxos: Replicated State Machines without logs", arXiv 1802.07000) is
//! single-decree Paxos in which a proposer does not propose a value but a *change* of the present
//! one. That makes a register that lives on 2F + 1 *acceptors* and survives the loss of F of them,
//! with no log and no leader election. Gryadka (<https://github.com/gryadka/js>) runs it with plain
//! Redis servers for acceptors: what an acceptor does is two scripts. The rules here are those of
//! its first version.
//!
//! # The protocol
//!
//! There is one register per key; each is on its own. A [`Ballot`] is *(eon, id, era)*, ordered in
//! that order. Eon and id name an epoch in which one proposer leads, the era counts its attempts in
//! that epoch; since ids are unique, nobody else's ballot lies between two of the same epoch.
//!
//! An acceptor keeps, for each key, the highest ballot that it has promised to, the ballot under
//! which it accepted a state, and that state.
//!
//! - *Prepare* with ballot b: if its promise is lower than b, it promises b, and answers what it
//!   has accepted, under which ballot. Otherwise it answers the promise: a conflict.
//! - *Accept* with ballot b and a state: if its promise is not higher than b, it promises b and
//!   accepts the state. Otherwise it answers the promise: a conflict.
//!
//! A proposer that is asked to change a key:
//!
//! 1. takes the key's lock, or refuses if it is taken;
//! 2. raises the era of its ballot by one, on every attempt, whatever became of the last;
//! 3. unless it leads: prepares, waits for a quorum of promises, and takes the state of the highest
//!    ballot among exactly these; now it leads;
//! 4. applies the change to that state, or to the one that it remembers if it led before;
//! 5. has the new state accepted by a quorum, *even if the change was refused*: the old state is
//!    committed again then, without which a leader that has been deposed meanwhile would answer
//!    from a memory that is out of date. A read is a change that changes nothing.
//!
//! When it hears of a higher ballot in a failed prepare or in any accept, it raises its eon past
//! that ballot's; in an accept it also stops leading, even if the quorum was reached.
//!
//! # Invariants
//!
//! 1. A (key, ballot) carries at most one state for ever: attempts have ballots of their own.
//! 2. Each prepare quorum meets each accept quorum. They are independent lists of nodes, with sizes
//!    of their own; changes of membership keep this at every step ([`membership`], and the
//!    [`orchestrator`], which reconfigures proposers that are in use).
//! 3. A client that is told "unknown" knows nothing: accepts that are still under way may take
//!    effect at any later time.
//!
//! A register can be deleted: the empty state is accepted like any other, and an [`orchestrator`]
//! erases what is left of it, so that its versions begin anew.
//!
//! Where to read on: [`proposer`] and [`leadership`], [`acceptor`], then [`orchestrator`] and its
//! [`rules`], [`client`] for what is done with them in a run, and [`system`](CasPaxos) for how it
//! is put together. [`reads`] are cheaper where acceptors agree; [`variants`] are other rules,
//! right and wrong; [`store`] is for code of your own.
//!
//! The protocol knows neither its variants nor the scenarios that it runs in. Both, and the
//! dependencies that they take, come with the feature `system`, which is on unless you turn it off.
//! The [`store`] works without.

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
