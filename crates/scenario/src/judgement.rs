//! Compares findings with expectations.

use std::collections::BTreeMap;

use crate::{Expect, Expected, Verdict};

/// The name of the checker that every process finishes its work.
pub(crate) const LIVENESS: &str = "liveness";

/// The judgement of one run on an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The expectation is met.
    Met,
    /// The expectation is broken, and no other run can change that.
    NotMet,
    /// The expectation is undecided: it takes more runs.
    Undecided,
}

impl Judgement {
    /// As it stands in an outcome.
    #[must_use]
    pub fn as_expected(self) -> Option<bool> {
        match self {
            Judgement::Met => Some(true),
            Judgement::NotMet => Some(false),
            Judgement::Undecided => None,
        }
    }
}

impl Expect {
    /// What is expected of a checker.
    #[must_use]
    pub fn of(&self, checker: &str) -> Expected {
        self.checkers.get(checker).copied().unwrap_or(Expected::Holds)
    }

    /// Whether a run continues after a finding of this checker. A checker that may be violated
    /// reports at the end of the run, if there is no worse finding.
    #[must_use]
    pub fn tolerates(&self, checker: &str) -> bool {
        self.of(checker) == Expected::MayViolate
    }

    /// Whether a violation is expected.
    #[must_use]
    pub fn is_hazard(&self) -> bool {
        self.checkers.values().any(|checker| *checker == Expected::Violates)
    }

    /// Returns the expectation as text.
    #[must_use]
    pub fn in_words(&self) -> String {
        let expecting = |wanted| {
            let named = self.checkers.iter().filter(move |(_, checker)| **checker == wanted);
            named.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let (must, may) = (expecting(Expected::Violates), expecting(Expected::MayViolate));
        match (must.is_empty(), may.is_empty()) {
            (true, true) => "holds".to_owned(),
            (true, false) => format!("holds, or a violation of {may}"),
            (false, _) => format!("a violation of {must}"),
        }
    }

    /// Judges one run by its verdict, and by the checker of a violation.
    #[must_use]
    pub fn judge(&self, verdict: Verdict, by: Option<&str>) -> Judgement {
        let found = by.map(|checker| self.of(checker));
        match (verdict, found) {
            (Verdict::Malformed, _) => Judgement::NotMet,
            (_, Some(Expected::Violates)) => Judgement::Met,
            (_, Some(Expected::Holds)) | (Verdict::Inconclusive, _) => Judgement::NotMet,
            _ if !self.is_hazard() => match verdict {
                Verdict::Vacuous => Judgement::NotMet,
                _ => Judgement::Met,
            },
            _ if self.within_seeds > 1 => Judgement::Undecided,
            _ => Judgement::NotMet,
        }
    }
}

/// Runs of one scenario with consecutive seeds, judged together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whether a run is not as expected, and no other run can change that.
    failed: bool,
    /// Whether some run is as expected.
    shown: bool,
    finding: Awaited,
    marks: Vec<(String, Awaited)>,
}

/// A requirement on at least one of any N consecutive seeds.
#[derive(Clone, Debug)]
struct Awaited {
    within_seeds: u64,
    /// The number of seeds since the last one that met it.
    since: u64,
    was_missed: bool,
}

impl Awaited {
    fn new(within_seeds: u64) -> Awaited {
        Awaited { within_seeds, since: 0, was_missed: false }
    }

    fn add(&mut self, is_shown: bool) {
        self.since = if is_shown { 0 } else { self.since + 1 };
        self.was_missed |= self.since >= self.within_seeds;
    }
}

impl Batch {
    /// A batch without runs.
    #[must_use]
    pub fn new(expect: &Expect) -> Batch {
        let marks = expect.batch_marks.iter();
        let marks = marks.map(|(name, within_seeds)| (name.clone(), Awaited::new(*within_seeds)));
        let (finding, marks) = (Awaited::new(expect.within_seeds), marks.collect());
        Batch { failed: false, shown: false, finding, marks }
    }

    /// Adds the next seed's judgement and marks.
    pub fn add(&mut self, judgement: Judgement, reached: &BTreeMap<String, u64>) {
        self.failed |= judgement == Judgement::NotMet;
        self.shown |= judgement == Judgement::Met;
        if judgement != Judgement::NotMet {
            self.finding.add(judgement == Judgement::Met);
        }
        for (name, mark) in &mut self.marks {
            mark.add(reached.contains_key(name));
        }
    }

    /// Whether the batch is as expected so far.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        !self.failed && self.complaint().is_none()
    }

    /// Whether the batch is undecided: no run has shown the expected violation, and no run had to
    /// yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_as_expected() && !self.shown
    }

    /// The failure of the whole batch, if there is one: no run shows the hazard, or the batch is
    /// vacuous.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        if self.finding.was_missed {
            return Some(format!("none of {} seeds in a row shows it", self.finding.within_seeds));
        }
        let (name, mark) = self.marks.iter().find(|(_, mark)| mark.was_missed)?;
        Some(format!("vacuous: none of {} seeds in a row reached: {name}", mark.within_seeds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hazard(within_seeds: u64) -> Expect {
        let checkers = BTreeMap::from([("rumor".to_owned(), Expected::Violates)]);
        Expect { checkers, within_seeds, ..Expect::default() }
    }

    #[test]
    fn what_must_hold_fails_by_any_finding() {
        let expect = Expect::default();
        assert_eq!(expect.judge(Verdict::Holds, None), Judgement::Met);
        assert_eq!(expect.judge(Verdict::Violation, Some("rumor")), Judgement::NotMet);
        assert_eq!(expect.judge(Verdict::Liveness, Some(LIVENESS)), Judgement::NotMet);
        for verdict in [Verdict::Vacuous, Verdict::Inconclusive] {
            assert_eq!(expect.judge(verdict, None), Judgement::NotMet, "{verdict:?}");
        }
    }

    #[test]
    fn a_hazard_must_bite_and_only_where_it_says() {
        assert_eq!(hazard(1).judge(Verdict::Violation, Some("rumor")), Judgement::Met);
        assert_eq!(hazard(1).judge(Verdict::Invariant, Some("other")), Judgement::NotMet);
        assert_eq!(hazard(1).judge(Verdict::Holds, None), Judgement::NotMet);
        assert_eq!(hazard(5).judge(Verdict::Holds, None), Judgement::Undecided);
    }

    #[test]
    fn that_somebody_waits_for_ever_can_be_expected() {
        let checkers = BTreeMap::from([(LIVENESS.to_owned(), Expected::Violates)]);
        let expect = Expect { checkers, ..Expect::default() };
        assert_eq!(expect.judge(Verdict::Liveness, Some(LIVENESS)), Judgement::Met);
        assert_eq!(expect.judge(Verdict::Violation, Some("rumor")), Judgement::NotMet);
        assert_eq!(expect.judge(Verdict::Holds, None), Judgement::NotMet);
    }

    #[test]
    fn what_may_be_violated_is_met_either_way() {
        let checkers = BTreeMap::from([("rumor".to_owned(), Expected::MayViolate)]);
        let expect = Expect { checkers, ..Expect::default() };
        assert_eq!(expect.judge(Verdict::Violation, Some("rumor")), Judgement::Met);
        assert_eq!(expect.judge(Verdict::Holds, None), Judgement::Met);
    }

    #[test]
    fn a_batch_fails_when_too_many_seeds_in_a_row_show_nothing() {
        use Judgement::{Met, Undecided};
        let judge = |judgements: &[Judgement]| {
            let mut batch = Batch::new(&hazard(3));
            let marks = BTreeMap::new();
            judgements.iter().for_each(|judgement| batch.add(*judgement, &marks));
            assert_eq!(batch.complaint().is_none(), batch.is_as_expected());
            (batch.is_as_expected(), batch.is_open())
        };
        assert_eq!(judge(&[Undecided, Undecided, Met, Undecided, Undecided]), (true, false));
        assert_eq!(judge(&[Met, Undecided, Undecided, Undecided, Met]), (false, false));
        assert_eq!(judge(&[Undecided, Undecided]), (true, true), "who knows");
    }

    #[test]
    fn a_batch_is_vacuous_when_too_many_seeds_in_a_row_miss_a_mark() {
        let batch_marks = BTreeMap::from([("message-lost".to_owned(), 3)]);
        let expect = Expect { batch_marks, ..Expect::default() };
        let void = |runs: &[u64]| {
            let mut batch = Batch::new(&expect);
            for lost in runs {
                let reached = (*lost > 0).then(|| ("message-lost".to_owned(), *lost));
                batch.add(Judgement::Met, &reached.into_iter().collect());
            }
            assert_eq!(batch.is_as_expected(), batch.complaint().is_none());
            batch.complaint()
        };
        assert_eq!(void(&[0, 0]), None, "it may yet come");
        assert_eq!(void(&[0, 0, 1, 0, 0, 5]), None);
        let missed = Some("vacuous: none of 3 seeds in a row reached: message-lost".to_owned());
        assert_eq!(void(&[9, 0, 0, 0, 9]), missed);
    }
}
