//! The sentences about an observed run.

use std::collections::{BTreeMap, BTreeSet};

use history::{Key, NodeId, Observation, OpId, Time};
use scenario::Witness;

use super::{
    Acceptance, AcceptorWitness, AskedToAccept, Attempt, AttemptId, MemoryLoss, ReportedState,
};
use crate::{Ballot, Request};

impl Witness<crate::Process> for AcceptorWitness {
    fn testify(&self, operations: &[OpId]) -> Vec<String> {
        let known = operations.iter().filter_map(|op| Some((*op, *self.of_operation.get(op)?)));
        let known: Vec<(OpId, AttemptId)> = known.collect();
        let mut lines: Vec<String> = self.shared_ids(&known).collect();
        lines.extend(known.iter().map(|(op, id)| self.describe_attempt(*op, id)));
        if let [before @ .., (late, late_id)] = &known[..]
            && operations.last() == Some(late)
        {
            // The last state that the late operation should have found but did not.
            let outcome = self.outcome(*late, late_id);
            let missed = before.iter().rev().find(|(op, id)| self.outcome(*op, id) != outcome);
            lines.extend(missed.and_then(|(op, id)| {
                let state = self.outcome(*op, id)?;
                let what = match state {
                    Observation::EMPTY => {
                        format!("the empty register that {} left", self.names.op(*op))
                    }
                    state => self.state(state),
                };
                Some(self.describe_difference((id, state, &what), *late, late_id))
            }));
        }
        lines
    }
}

/// The part of an acceptor in a late operation.
#[derive(Clone, Copy, Debug)]
enum Contact {
    /// It reported its accepted state.
    Reported(ReportedState),
    /// It accepted this.
    Accepted(Observation, Time),
}

impl AcceptorWitness {
    /// The state that an operation found or made. If it did not return, the state that it asked to
    /// accept.
    fn outcome(&self, op: OpId, id: &AttemptId) -> Option<Observation> {
        self.told.get(&op).copied().or(self.attempts[id].state)
    }

    /// Proposers with the same id, among those of these attempts.
    fn shared_ids(&self, known: &[(OpId, AttemptId)]) -> impl Iterator<Item = String> {
        let keys: BTreeSet<Key> = known.iter().map(|(_, (_, key, _))| *key).collect();
        let mut of_id: BTreeMap<u32, BTreeSet<NodeId>> = BTreeMap::new();
        for (proposer, _, ballot) in self.attempts.keys().filter(|(_, key, _)| keys.contains(key)) {
            of_id.entry(ballot.id).or_default().insert(*proposer);
        }
        of_id.into_iter().filter(|(_, sharing)| sharing.len() > 1).map(|(id, sharing)| {
            let sharing = self.nodes(&sharing.into_iter().collect::<Vec<_>>());
            format!("{sharing} have the same id, {id}: acceptors cannot distinguish their ballots.")
        })
    }

    /// `c1#9 went through p1, under ballot 0,1,7: promised by a0 (had v2=c2#4 under 0,1,6) and a1
    /// (had nothing); v3=c1#9 was accepted by a0 and a1, lost on the way to a2.`
    fn describe_attempt(&self, op: OpId, id: &AttemptId) -> String {
        let (proposer, _, ballot) = *id;
        let attempt = &self.attempts[id];
        let report = attempt.reports.iter().map(|report| {
            let name = self.names.node(report.acceptor);
            match report.accepted {
                Ballot::ZERO => format!("{name} (had nothing)"),
                ballot => format!("{name} (had {} under {ballot})", self.state(report.state)),
            }
        });
        let report = list(&report.collect::<Vec<_>>());
        let mut parts = match attempt.asked {
            Some(Request::Query) => vec![format!("answered by {report}")],
            Some(Request::Prepare) => vec![format!("promised by {report}")],
            Some(Request::Accept(_)) => vec![self.describe_leadership(id)],
            None => Vec::new(),
        };
        parts.extend(attempt.state.map(|state| self.describe_accepts(state, attempt)));
        let (op, proposer) = (self.names.op(op), self.names.node(proposer));
        let under = match (attempt.asked, attempt.state) {
            (Some(Request::Query), None) => String::new(),
            _ => format!(", under ballot {ballot}"),
        };
        format!("{op} went through {proposer}{under}: {}.", parts.join("; "))
    }

    /// The ballot since which a proposer leads.
    fn describe_leadership(&self, id: &AttemptId) -> String {
        let Some((ballot, first)) = self.leads_since(id) else {
            return "it led by its own account, and asked for no promises".to_owned();
        };
        let nodes: Vec<NodeId> = first.reports.iter().map(|report| report.acceptor).collect();
        let nodes = self.nodes(&nodes);
        format!("it led since ballot {ballot}, promised by {nodes}, and asked for no new promises")
    }

    /// The last earlier attempt of the same epoch that was promised. The leadership rests on it.
    fn leads_since(&self, id: &AttemptId) -> Option<(Ballot, &Attempt)> {
        let (proposer, key, ballot) = *id;
        let former = self.attempts.range((proposer, key, Ballot::ZERO)..*id).rev();
        let mut promised = former.filter(|(_, attempt)| {
            let has_asked = attempt.asked == Some(Request::Prepare);
            has_asked && attempt.state.is_some() && !attempt.reports.is_empty()
        });
        let ((_, _, first), attempt) = promised.next()?;
        (first.eon == ballot.eon).then_some((*first, attempt))
    }

    fn describe_accepts(&self, state: Observation, attempt: &Attempt) -> String {
        let of = |wanted: fn(&AskedToAccept) -> bool| {
            let nodes = attempt.accepts.iter().filter(move |(_, asked)| wanted(asked));
            nodes.map(|(node, _)| *node).collect::<Vec<_>>()
        };
        let accepted = self.nodes(&of(|it| matches!(it.became, Acceptance::At(_))));
        let others = [
            (of(|it| it.became == Acceptance::Lost), "lost on the way to"),
            (of(|it| it.became == Acceptance::Cut), "blocked by a partition on the way to"),
            (of(|it| it.became == Acceptance::Refused && !it.held), "refused by"),
            (of(|it| it.became == Acceptance::Refused && it.held), "held and then refused by"),
            (of(|it| it.became == Acceptance::Open && !it.held), "not yet at"),
            (of(|it| it.became == Acceptance::Open && it.held), "held on the way to"),
        ];
        let others = others.into_iter().filter(|(nodes, _)| !nodes.is_empty());
        let others = others.map(|(nodes, what)| format!(", {what} {}", self.nodes(&nodes)));
        let others: String = others.collect();
        format!("{} was accepted by {accepted}{others}", self.state(state))
    }

    /// Why a late operation did not find the state of an earlier one.
    fn describe_difference(
        &self,
        (earlier, state, what): (&AttemptId, Observation, &str),
        late: OpId,
        late_id: &AttemptId,
    ) -> String {
        let carriers = self.carriers(earlier, state);
        let (did, contacts) = self.contacts(late, late_id, &carriers);
        let both = contacts.iter().filter_map(|(node, contact)| {
            let (accepted, _) = *carriers.get(node)?;
            Some(match contact {
                Contact::Reported(report)
                    if report.state == state && report.accepted != Ballot::ZERO =>
                {
                    self.describe_overruling(report, earlier.1, &contacts)
                }
                _ => self.describe_forgetting((*node, earlier.1), accepted, *contact),
            })
        });
        let both: Vec<String> = both.collect();
        let why = if both.is_empty() {
            let carriers: Vec<NodeId> = carriers.keys().copied().collect();
            let since = self.describe_configuration(late_id);
            format!("{} had accepted it, and none of those {did}{since}", self.nodes(&carriers))
        } else {
            both.join("; ")
        };
        format!("So {} did not find {what}: {why}.", self.names.op(late))
    }

    /// The acceptors of a proposer, if they are not the initial ones.
    fn describe_configuration(&self, (proposer, key, ballot): &AttemptId) -> String {
        let asked = &self.attempts[&(*proposer, *key, *ballot)];
        let began = asked.accepts.values().map(|asked| asked.sent).min();
        let mut given = self
            .configured
            .iter()
            .rev()
            .filter(|(at, of, _)| of == proposer && began.is_none_or(|began| *at <= began));
        let Some((at, _, acceptors)) = given.next() else {
            return String::new();
        };
        let (proposer, acceptors) = (self.names.node(*proposer), self.nodes(acceptors));
        format!(" (since {at} the acceptors of {proposer} were {acceptors})")
    }

    /// The acceptors from which a late operation could have learned the state, and how.
    fn contacts(
        &self,
        late: OpId,
        late_id: &AttemptId,
        carriers: &BTreeMap<NodeId, (Time, Ballot)>,
    ) -> (String, Vec<(NodeId, Contact)>) {
        let told = |attempt: &Attempt| {
            let told =
                attempt.reports.iter().map(|report| (report.acceptor, Contact::Reported(*report)));
            told.collect()
        };
        let attempt = &self.attempts[late_id];
        let op = self.names.op(late);
        if !attempt.reports.is_empty() {
            return (format!("answered {op}"), told(attempt));
        }
        // The proposer led. An acceptor that has accepted a newer state refuses the leader, unless
        // it has forgotten it. The promises cover older states.
        let accepted = attempt.accepts.iter().filter_map(|(node, asked)| {
            match (asked.became, attempt.state) {
                (Acceptance::At(at), Some(state)) => Some((*node, Contact::Accepted(state, at))),
                _ => None,
            }
        });
        let accepted: Vec<(NodeId, Contact)> = accepted.collect();
        let is_newer = |node| carriers.get(node).is_some_and(|(_, ballot)| *ballot > late_id.2);
        match self.leads_since(late_id) {
            Some((ballot, first)) if !accepted.iter().any(|(node, _)| is_newer(node)) => {
                (format!("promised ballot {ballot}"), told(first))
            }
            _ => (format!("accepted {op}"), accepted),
        }
    }

    /// The acceptors of a state of this register in any attempt, with the first time and the
    /// ballot. The empty state can come again, so for it only this attempt counts.
    fn carriers(&self, id: &AttemptId, state: Observation) -> BTreeMap<NodeId, (Time, Ballot)> {
        let of_state = self.attempts.iter().filter(|(other, attempt)| {
            let is_it = state != Observation::EMPTY || *other == id;
            is_it && other.1 == id.1 && attempt.state == Some(state)
        });
        let mut carriers = BTreeMap::new();
        for ((_, _, ballot), attempt) in of_state {
            for (node, asked) in &attempt.accepts {
                if let Acceptance::At(at) = asked.became {
                    let first = carriers.entry(*node).or_insert((at, *ballot));
                    *first = (at, *ballot).min(*first);
                }
            }
        }
        carriers
    }

    /// Why an acceptor's report of a state did not count: another acceptor reported a higher
    /// ballot, or the others disagreed.
    fn describe_overruling(
        &self,
        report: &ReportedState,
        key: Key,
        contacts: &[(NodeId, Contact)],
    ) -> String {
        let name = self.names.node(report.acceptor);
        let told = contacts.iter().filter_map(|(_, contact)| match contact {
            Contact::Reported(report) => Some(report),
            Contact::Accepted(..) => None,
        });
        let newest = told.max_by_key(|report| report.accepted);
        match newest.filter(|newest| newest.accepted > report.accepted) {
            Some(newest) if newest.state != report.state => format!(
                "{name} reported it, under {}, but {} reported {} under {}, which is higher{}",
                report.accepted,
                self.names.node(newest.acceptor),
                self.state(newest.state),
                newest.accepted,
                self.describe_origin(key, newest),
            ),
            _ => format!("{name} reported it, but the other acceptors that replied did not"),
        }
    }

    /// What happened to an acceptor's state before its part in a late operation.
    fn describe_forgetting(
        &self,
        (acceptor, key): (NodeId, Key),
        accepted: Time,
        contact: Contact,
    ) -> String {
        let name = self.names.node(acceptor);
        let (at, then, origin) = match contact {
            Contact::Reported(report) if report.accepted == Ballot::ZERO => {
                (report.at, "had nothing".to_owned(), String::new())
            }
            Contact::Reported(report) => {
                let told =
                    format!("reported {} under {}", self.state(report.state), report.accepted);
                (report.at, told, self.describe_origin(key, &report))
            }
            Contact::Accepted(state, at) => {
                (at, format!("accepted {}", self.state(state)), String::new())
            }
        };
        if at < accepted {
            return format!("{name} {then} at {at}, and accepted that only at {accepted}");
        }
        let mut between = self.losses.iter().filter(|loss| {
            let may_concern = loss.key.is_none_or(|lost| lost == key);
            loss.acceptor == acceptor && may_concern && (accepted..=at).contains(&loss.at)
        });
        let between = match between.next_back() {
            Some(MemoryLoss { at, how, .. }) => format!(", {how} at {at},"),
            None => String::new(),
        };
        format!("{name} had accepted it at {accepted}{between} and {then} at {at}{origin}")
    }

    /// The source of the state that an acceptor reported, and whether its message was held.
    fn describe_origin(&self, key: Key, report: &ReportedState) -> String {
        let of_ballot = self.attempts.iter().filter(|((_, of, ballot), attempt)| {
            (*of, *ballot, attempt.state) == (key, report.accepted, Some(report.state))
        });
        let mut origins = of_ballot.filter_map(|((proposer, ..), attempt)| {
            let asked = attempt.accepts.get(&report.acceptor)?;
            match asked.became {
                Acceptance::At(at) if at <= report.at => Some((*proposer, *asked, at)),
                _ => None,
            }
        });
        let Some((proposer, asked, at)) = origins.next() else {
            return String::new();
        };
        let held = match asked.held {
            true => format!(", which had sent it at {} (it was held)", asked.sent),
            false => String::new(),
        };
        format!(", having accepted that at {at} from {}{held}", self.names.node(proposer))
    }

    fn nodes(&self, nodes: &[NodeId]) -> String {
        let names = nodes.iter().map(|node| self.names.node(*node).into_owned());
        list(&names.collect::<Vec<_>>())
    }

    fn state(&self, state: Observation) -> String {
        match state {
            Observation::EMPTY => "an empty register".to_owned(),
            Observation { version, value } => format!("{version}={}", self.names.value(value)),
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => "no acceptor".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
