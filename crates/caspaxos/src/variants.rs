//! What else people run under the name, right and wrong: other rules than those of the protocol.
//!
//! The protocol asks its rules through two traits: [`Leadership`](crate::leadership::Leadership)
//! for the ballots of a proposer, and [`Rules`](crate::rules::Rules) for deletions and changes of
//! membership. The variants are other implementations of them. Nothing outside of this module
//! depends on it but the place where a scenario is put together. A scenario names one:
//!
//! ```toml
//! [caspaxos]
//! variant = "gryadka-v2"
//! ```
//!
//! - *Ballots*: Gryadka's second version, as it is and repaired ([`gryadka_v2`]).
//! - *Leadership* that does not end when a competitor is heard of ([`stubborn`]).
//! - *Ids* that are not unique: two proposers share one, or one is used again after a restart.
//! - *Deletions and changes of membership* that leave something out ([`Shortcut`]).
//! - *Reads* by a query which too few acceptors agree on; see [`reads`](crate::reads).
//!
//! Which of them are safe, and where those that are not bite, the scenarios tell that use them.

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
    /// Gryadka's second version as it is.
    GryadkaV2,
    /// Gryadka's second version, which after an unknown outcome never uses that ballot again.
    GryadkaV2Repaired,
    /// All proposers have the same id.
    SharedId,
    /// A proposer that restarts has the id that it had.
    ReusedId,
    /// A proposer that hears of a competitor raises its ballots, and leads on.
    LeadsPastConflicts,
    /// A proposer that hears of a competitor leads on under its ballots until it is refused.
    LeadsUntilRefused,
    /// Reads are answered by queries, though leaders go on from the state before an unknown
    /// outcome.
    ReadsBesideLeaders,
    /// What one acceptor tells is read.
    ReadsOneAcceptor,
    /// What a prepare quorum agrees on is read.
    ReadsPrepareQuorum,
    /// What an accept quorum agrees on is read.
    ReadsAcceptQuorum,
}

impl Variant {
    /// What its acceptors run.
    pub(crate) fn scripts(self) -> ScriptSet {
        match self {
            Variant::GryadkaV2 | Variant::GryadkaV2Repaired => gryadka_v2::SCRIPTS,
            _ => ScriptSet::GRYADKA_V1,
        }
    }

    /// The number by which acceptors compare: of a ballot, what has a part in the order.
    pub(crate) fn compared(self) -> fn(Ballot) -> Ballot {
        match self {
            Variant::GryadkaV2 | Variant::GryadkaV2Repaired => gryadka_v2::compared,
            _ => |ballot| ballot,
        }
    }

    /// A proposer that follows it.
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
