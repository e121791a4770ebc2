//! Ballots, which order the proposals.

use std::fmt;

use redis_node::text::first_number;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The number of a proposal. Ordered by eon, then id, then era.
///
/// ```
/// use caspaxos::Ballot;
/// let ballot = Ballot { eon: 1, id: 7, era: 3 };
/// assert_eq!(ballot.to_string(), "1,7,3");
/// assert!(ballot.advanced() > ballot, "a later attempt of the same epoch");
/// assert!(ballot.advanced() < Ballot { eon: 1, id: 8, era: 0 }, "no other ballot between");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Ballot {
    /// Raised past a competitor's eon.
    pub eon: u64,
    /// The unique number of the proposer.
    pub id: u32,
    /// The number of the attempt in its epoch.
    pub era: u64,
}

impl Ballot {
    /// Lower than every proposer's ballot. It means that no ballot has been promised or accepted.
    pub const ZERO: Ballot = Ballot { eon: 0, id: 0, era: 0 };

    /// The ballot of the next attempt in the same epoch.
    #[must_use]
    pub fn advanced(self) -> Ballot {
        Ballot { era: self.era + 1, ..self }
    }

    /// A ballot of the same proposer in an epoch after that of `seen`.
    #[must_use]
    pub fn past(self, seen: Ballot) -> Ballot {
        Ballot { eon: self.eon.max(seen.eon + 1), ..self }
    }

    /// The longest text of a ballot, in bytes.
    pub(crate) const TEXT_MAX: usize = 20 + 1 + 10 + 1 + 20;
}

/// A text that is not a ballot. Another program writes to the acceptor's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no ballot: three numbers with commas between them")]
pub struct ParseBallotError;

impl Ballot {
    /// Reads a ballot as the acceptor keeps it: `eon,id,era`.
    ///
    /// # Errors
    /// If the text is not a ballot.
    pub fn parse(text: &[u8]) -> Result<Ballot, ParseBallotError> {
        let (eon, rest) = first_number(text).ok_or(ParseBallotError)?;
        let (id, rest) = rest.strip_prefix(b",").and_then(first_number).ok_or(ParseBallotError)?;
        let (era, rest) = rest.strip_prefix(b",").and_then(first_number).ok_or(ParseBallotError)?;
        let id = u32::try_from(id).map_err(|_| ParseBallotError)?;
        if rest.is_empty() { Ok(Ballot { eon, id, era }) } else { Err(ParseBallotError) }
    }
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.eon, self.id, self.era)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ballot(eon: u64, id: u32, era: u64) -> Ballot {
        Ballot { eon, id, era }
    }

    #[test]
    fn what_is_no_ballot_is_refused() {
        assert_eq!(Ballot::parse(b"10,2,39"), Ok(ballot(10, 2, 39)));
        for text in
            ["", "1,2", "1,2,", "1,2,3,4", "1,2,:", "1,2,3:", "1,2,/", "1,4294967296,3", "-1,2,3"]
        {
            assert_eq!(Ballot::parse(text.as_bytes()), Err(ParseBallotError), "{text}");
        }
        assert!(Ballot::parse(b"18446744073709551615,2,39").is_ok());
        assert!(Ballot::parse(b"18446744073709551616,2,39").is_err());
    }

    #[test]
    fn eon_counts_before_id_and_id_before_era() {
        let ordered = [Ballot::ZERO, ballot(0, 1, 9), ballot(0, 2, 1), ballot(1, 1, 0)];
        assert!(ordered.is_sorted());
    }

    #[test]
    fn past_a_lower_epoch_is_where_one_is() {
        assert_eq!(ballot(5, 1, 3).past(ballot(2, 9, 9)), ballot(5, 1, 3));
        assert_eq!(ballot(5, 1, 3).past(ballot(5, 9, 9)), ballot(6, 1, 3));
    }

    #[test]
    fn a_ballot_reads_back_as_it_was_written() {
        let largest = ballot(u64::MAX, u32::MAX, u64::MAX);
        for ballot in [Ballot::ZERO, ballot(1, 22, 333), largest] {
            let text = ballot.to_string();
            assert!(text.len() <= Ballot::TEXT_MAX);
            assert_eq!(Ballot::parse(text.as_bytes()), Ok(ballot));
        }
        for text in ["", "1,2", "1,2,3,4", "1,,3", "1,2,-3", "1,4294967296,3", "a,b,c", " 1,2,3"] {
            assert_eq!(Ballot::parse(text.as_bytes()), Err(ParseBallotError), "{text:?}");
        }
    }
}
