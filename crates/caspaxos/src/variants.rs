//! Variants of the protocol that people run, right and wrong.
//!
//! The protocol's rules are two traits: [`Leadership`](crate::leadership::Leadership) for the
//! ballots of a proposer, and [`Rules`](crate::rules::Rules) for deletions and changes of
//! membership. The variants are other implementations of them. Only the code that assembles a
//! scenario depends on this module. A scenario names a variant:
//!
//! ```toml
//! [caspaxos]
//! variant = "gryadka-v2"
//! ```
//!
//! - *Ballots*: Gryadka's second version, original and repaired ([`gryadka_v2`]).
//! - *Leadership* that does not end when the proposer learns of a competitor ([`stubborn`]).
//! - *Ids* that are not unique: two proposers share one, or a proposer reuses its id after a
//!   restart.
//! - *Deletions and changes of membership* that omit a step or a check ([`Shortcut`]).
//! - *Reads* by a query on which too few acceptors agree. See [`reads`](crate::reads).
//!
//! The scenarios that use a variant show whether it is safe.

pub mod gryadka_v2;
mod proposer;
mod reused_id;
mod shortcuts;
pub mod stubborn;

pub(crate) use proposer::VariantProposer;
pub use shortcuts::{ERASE_BY_VALUE, ERASE_DESPITE_PROMISE, Shortcut};

use history::Span;
use serde::{Deserialize, Serialize};

use self::gryadka_v2::{AfterUnknown, GryadkaV2};
use self::reused_id::ReusedId;
use self::stubborn::{Stubborn, Under};
use crate::process::Part;
use crate::proposer::Proposer;
use crate::reads::Reads;
use crate::scripts::ScriptSet;
use crate::{Ballot, Configuration, Quorum};

/// Other rules than those of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Gryadka's second version, unchanged.
    GryadkaV2,
    /// Gryadka's second version, repaired: it never reuses the ballot of an unknown outcome.
    GryadkaV2Repaired,
    /// All proposers have the same id.
    SharedId,
    /// A proposer keeps its id when it restarts.
    ReusedId,
    /// A proposer that learns of a competitor raises its ballots, and keeps leading.
    LeadsPastConflicts,
    /// A proposer that learns of a competitor keeps leading under its ballots until it is refused.
    LeadsUntilRefused,
    /// Queries answer reads, although leaders continue from the state before an unknown outcome.
    ReadsBesideLeaders,
    /// A read returns the state of one acceptor.
    ReadsOneAcceptor,
    /// A read returns the state on which a prepare quorum agrees.
    ReadsPrepareQuorum,
    /// A read returns the state on which an accept quorum agrees.
    ReadsAcceptQuorum,
}

impl Variant {
    /// The scripts of its acceptors.
    pub(crate) fn scripts(self) -> ScriptSet {
        match self {
            Variant::GryadkaV2 | Variant::GryadkaV2Repaired => gryadka_v2::SCRIPTS,
            _ => ScriptSet::GRYADKA_V1,
        }
    }

    /// The part of a ballot that acceptors compare.
    pub(crate) fn compared(self) -> fn(Ballot) -> Ballot {
        match self {
            Variant::GryadkaV2 | Variant::GryadkaV2Repaired => gryadka_v2::compared,
            _ => |ballot| ballot,
        }
    }

    /// A proposer with this leadership.
    pub(crate) fn proposer(self, id: u32, configuration: Configuration, timeout: Span) -> Part {
        let reading = |quorums| {
            let proposer = Proposer::new(id, configuration.clone(), timeout);
            Part::Proposer(proposer.reading(Reads::Agreement(quorums)))
        };
        let (prepare, accept) = (configuration.prepare.clone(), configuration.accept.clone());
        let variant = match self {
            Variant::ReadsOneAcceptor => return reading(vec![Quorum { size: 1, ..accept }]),
            Variant::ReadsPrepareQuorum => return reading(vec![prepare]),
            Variant::ReadsAcceptQuorum => return reading(vec![accept]),
            Variant::ReadsBesideLeaders => {
                let proposer = Proposer::new(id, configuration, timeout);
                return Part::Proposer(proposer.reading_unguarded(Reads::Quorum));
            }
            Variant::SharedId => {
                return Part::Proposer(Proposer::new(1, configuration, timeout));
            }
            Variant::ReusedId => {
                let leadership = ReusedId::new(id);
                VariantProposer::ReusedId(Proposer::led_by(leadership, configuration, timeout))
            }
            Variant::LeadsPastConflicts | Variant::LeadsUntilRefused => {
                let under = match self {
                    Variant::LeadsPastConflicts => Under::RaisedBallots,
                    _ => Under::ItsBallots,
                };
                let leadership = Stubborn::new(id, under);
                VariantProposer::Stubborn(Proposer::led_by(leadership, configuration, timeout))
            }
            Variant::GryadkaV2 | Variant::GryadkaV2Repaired => {
                let after_unknown = match self {
                    Variant::GryadkaV2 => AfterUnknown::KeepsTheBallot,
                    _ => AfterUnknown::TakesAnother,
                };
                let leadership = GryadkaV2::new(id, after_unknown);
                VariantProposer::GryadkaV2(Proposer::led_by(leadership, configuration, timeout))
            }
        };
        Part::Variant(Box::new(variant))
    }
}
