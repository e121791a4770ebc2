//! What was witnessed, in sentences.

use std::collections::BTreeMap;

use history::{Key, NodeId, Observation, OpId, Time};
use scenario::Witness;

use super::{Acceptance, AcceptorWitness, Attempt, AttemptId, Heard, MemoryLoss};
use crate::{Ballot, Message, Request, Timer};

impl Witness<Message, Timer> for AcceptorWitness {
    fn testify(&self, operations: &[OpId]) -> Vec<String> {
        let known = operations.iter().filter_map(|op| Some((*op, *self.of_operation.get(op)?)));
        let known: Vec<(OpId, AttemptId)> = known.collect();
        let mut lines: Vec<String> =
            known.iter().map(|(op, id)| self.tell_attempt(*op, id)).collect();
        if let [before @ .., (late, late_id)] = &known[..]
            && operations.last() == Some(late)
        {
            // The last that is not what the late one found or made: it should have met that.
            let outcome = self.outcome(*late, late_id);
            let missed = before.iter().rev().find(|(op, id)| self.outcome(*op, id) != outcome);
            lines.extend(missed.and_then(|(op, id)| {
                Some(self.tell_difference((id, self.outcome(*op, id)?), *late, late_id))
            }));
        }
        lines
    }
}

/// What an acceptor had to do with a late operation.
#[derive(Clone, Copy, Debug)]
enum Contact {
    /// It told what it had accepted.
    Told(Heard),
    /// It accepted this.
    Accepted(Observation, Time),
}

impl AcceptorWitness {
    /// What an operation found or made; if nobody was told, what it was to have accepted.
    fn outcome(&self, op: OpId, id: &AttemptId) -> Option<Observation> {
        self.told.get(&op).copied().or(self.attempts[id].state)
    }

    /// `c1#9 went through p1, under ballot 0,1,7: promised by a0 (had v2=c2#4) and a1 (had
    /// nothing); v3=c1#9 was accepted by a0 and a1, lost on the way to a2.`
    fn tell_attempt(&self, op: OpId, id: &AttemptId) -> String {
        let (proposer, _, ballot) = *id;
        let attempt = &self.attempts[id];
        let heard = attempt.heard.iter().map(|heard| {
            let name = self.names.node(heard.acceptor);
            match heard.accepted {
                Ballot::ZERO => format!("{name} (had nothing)"),
                _ => format!("{name} (had {})", self.state(heard.state)),
            }
        });
        let heard = list(&heard.collect::<Vec<_>>());
        let mut parts = match attempt.asked {
            Some(Request::Query) => vec![format!("answered by {heard}")],
            Some(Request::Prepare) => vec![format!("promised by {heard}")],
            Some(Request::Accept(_)) => vec![self.tell_leadership(id)],
            None => Vec::new(),
        };
        parts.extend(attempt.state.map(|state| self.tell_accepts(state, attempt)));
        let (op, proposer) = (self.names.op(op), self.names.node(proposer));
        format!("{op} went through {proposer}, under ballot {ballot}: {}.", parts.join("; "))
    }

    /// Since when a proposer asks nobody.
    fn tell_leadership(&self, id: &AttemptId) -> String {
        let Some((ballot, first)) = self.leads_since(id) else {
            return "it took itself for the leader, and asked for no promises".to_owned();
        };
        let nodes = first.heard.iter().map(|heard| self.names.node(heard.acceptor).into_owned());
        let nodes = list(&nodes.collect::<Vec<_>>());
        format!("it led since ballot {ballot}, promised by {nodes}, and asked for no new promises")
    }

    /// The last attempt before this one that was promised, if it is of the same epoch: what leading
    /// by that rests on.
    fn leads_since(&self, id: &AttemptId) -> Option<(Ballot, &Attempt)> {
        let (proposer, key, ballot) = *id;
        let former = self.attempts.range((proposer, key, Ballot::ZERO)..*id).rev();
        let mut promised = former.filter(|(_, attempt)| {
            let has_asked = attempt.asked == Some(Request::Prepare);
            has_asked && attempt.state.is_some() && !attempt.heard.is_empty()
        });
        let ((_, _, first), attempt) = promised.next()?;
        (first.eon == ballot.eon).then_some((*first, attempt))
    }

    fn tell_accepts(&self, state: Observation, attempt: &Attempt) -> String {
        let of = |wanted: fn(&Acceptance) -> bool| {
            let nodes = attempt.accepts.iter().filter(move |(_, acceptance)| wanted(acceptance));
            let nodes = nodes.map(|(node, _)| self.names.node(*node).into_owned());
            let nodes: Vec<String> = nodes.collect();
            (!nodes.is_empty()).then(|| list(&nodes))
        };
        let accepted = of(|it| matches!(it, Acceptance::At(_)));
        let accepted = accepted.unwrap_or_else(|| "nobody".to_owned());
        let others = [
            (of(|it| *it == Acceptance::Lost), "lost on the way to"),
            (of(|it| *it == Acceptance::Cut), "kept by a partition from"),
            (of(|it| *it == Acceptance::Refused), "refused by"),
            (of(|it| *it == Acceptance::Open), "not yet at"),
        ];
        let others = others
            .into_iter()
            .filter_map(|(nodes, what)| nodes.map(|nodes| format!(", {what} {nodes}")));
        let others: String = others.collect();
        format!("{} was accepted by {accepted}{others}", self.state(state))
    }

    /// Why a late operation did not meet what an earlier one was about.
    fn tell_difference(
        &self,
        (earlier, state): (&AttemptId, Observation),
        late: OpId,
        late_id: &AttemptId,
    ) -> String {
        let carriers = self.carriers(earlier, state);
        let (did, contacts) = self.contacts(late, late_id, &carriers);
        let both = contacts.iter().filter_map(|(node, contact)| {
            let (accepted, _) = *carriers.get(node)?;
            Some(self.tell_forgetting((*node, earlier.1), accepted, state, *contact))
        });
        let both: Vec<String> = both.collect();
        let why = if both.is_empty() {
            let carriers: Vec<String> =
                carriers.keys().map(|node| self.names.node(*node).into_owned()).collect();
            format!("{} had accepted it, and none of those {did}", list(&carriers))
        } else {
            both.join("; ")
        };
        format!("So {} did not meet {}: {why}.", self.names.op(late), self.state(state))
    }

    /// By whom a late operation could have learnt what these acceptors had accepted, and how.
    fn contacts(
        &self,
        late: OpId,
        late_id: &AttemptId,
        carriers: &BTreeMap<NodeId, (Time, Ballot)>,
    ) -> (String, Vec<(NodeId, Contact)>) {
        let told = |attempt: &Attempt| {
            let told = attempt.heard.iter().map(|heard| (heard.acceptor, Contact::Told(*heard)));
            told.collect()
        };
        let attempt = &self.attempts[late_id];
        let op = self.names.op(late);
        if !attempt.heard.is_empty() {
            return (format!("answered {op}"), told(attempt));
        }
        // It led. Who has accepted something newer refuses what a leader sends, unless it has
        // forgotten; who has accepted something older is what the promises were for.
        let accepted = attempt.accepts.iter().filter_map(|(node, it)| match (it, attempt.state) {
            (Acceptance::At(at), Some(state)) => Some((*node, Contact::Accepted(state, *at))),
            _ => None,
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

    /// Who accepted a state of this register, in any attempt, when first, and under which ballot.
    /// The empty register is a state that comes again: of that, only this attempt counts.
    fn carriers(&self, id: &AttemptId, state: Observation) -> BTreeMap<NodeId, (Time, Ballot)> {
        let of_state = self.attempts.iter().filter(|(other, attempt)| {
            let is_it = state != Observation::EMPTY || *other == id;
            is_it && other.1 == id.1 && attempt.state == Some(state)
        });
        let mut carriers = BTreeMap::new();
        for ((_, _, ballot), attempt) in of_state {
            for (node, acceptance) in &attempt.accepts {
                if let Acceptance::At(at) = acceptance {
                    let first = carriers.entry(*node).or_insert((*at, *ballot));
                    *first = (*at, *ballot).min(*first);
                }
            }
        }
        carriers
    }

    /// What became of what an acceptor knew, until it had to do with a late operation.
    fn tell_forgetting(
        &self,
        (acceptor, key): (NodeId, Key),
        accepted: Time,
        state: Observation,
        contact: Contact,
    ) -> String {
        let name = self.names.node(acceptor);
        let (at, then) = match contact {
            Contact::Told(heard) if heard.accepted == Ballot::ZERO => {
                (heard.at, "had nothing".to_owned())
            }
            Contact::Told(heard) if heard.state == state => {
                return format!("{name} told of it, but the others that answered did not");
            }
            Contact::Told(heard) => (heard.at, format!("told of {}", self.state(heard.state))),
            Contact::Accepted(state, at) => (at, format!("accepted {}", self.state(state))),
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
        format!("{name} had accepted it at {accepted}{between} and {then} at {at}")
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
        [] => "nobody".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
