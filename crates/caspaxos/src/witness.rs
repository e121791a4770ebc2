//! What acceptors had to do with the operations of a violation.
//!
//! The checker tells that operations contradict each other. This tells how they could: by which
//! acceptors a state was accepted, from which acceptors a later operation learnt what it went on
//! from, and why these did not tell it. Either nobody is among both, or who is had forgotten
//! meanwhile: by a crash, by a failover, by eviction, or because the register was erased.
//!
//! It is the system's [`Witness`]: it listens to a run that is known to end in a violation.

use std::collections::BTreeMap;

use history::{Completion, Key, Names, NodeId, Observation, OpId, Time};
use scenario::Witness;
use sim::{Command, Event, Fate, Keep, Kind, Loss, MessageId, Observer};

use crate::{Ballot, Message, Order, Reply, Report, Request, Timer};

/// It listens, and remembers all attempts.
#[derive(Clone, Debug)]
pub(crate) struct AcceptorWitness {
    names: Names,
    /// Questions of clients that are under way.
    questions: BTreeMap<MessageId, OpId>,
    /// Requests to accept that are under way, and to whom.
    accepts: BTreeMap<MessageId, (AttemptId, NodeId)>,
    /// Answers of acceptors that are under way, and when they were given.
    answers: BTreeMap<MessageId, (Key, Ballot, Reply, Time)>,
    /// What is being handled is somebody's question.
    handling: Option<(NodeId, OpId)>,
    attempts: BTreeMap<AttemptId, Attempt>,
    of_operation: BTreeMap<OpId, AttemptId>,
    /// What clients were told.
    told: BTreeMap<OpId, Observation>,
    /// The register that an acceptor was to erase, by the number of the order.
    erasures: BTreeMap<(NodeId, u32), Key>,
    losses: Vec<MemoryLoss>,
}

/// Two proposers may use the same ballot where that is the hazard.
type AttemptId = (NodeId, Key, Ballot);

/// What became of an attempt to change or read a register.
#[derive(Clone, Debug, Default)]
struct Attempt {
    /// What acceptors answered to its prepare or its query, before it went on.
    heard: Vec<Heard>,
    /// What it began with.
    asked: Option<Request>,
    /// The state that it asked to accept, and what became of each request.
    state: Option<Observation>,
    accepts: BTreeMap<NodeId, Acceptance>,
}

/// What an acceptor had accepted, as it told.
#[derive(Clone, Copy, Debug)]
struct Heard {
    acceptor: NodeId,
    at: Time,
    accepted: Ballot,
    state: Observation,
}

/// What became of a request to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acceptance {
    /// It may still be under way.
    Open,
    /// The network lost it, or the acceptor crashed before.
    Lost,
    /// A partition.
    Cut,
    /// It was not accepted.
    Refused,
    /// It was accepted.
    At(Time),
}

/// Something after which an acceptor may know less than before.
#[derive(Clone, Debug)]
struct MemoryLoss {
    acceptor: NodeId,
    /// Of which register, if not of any.
    key: Option<Key>,
    at: Time,
    how: &'static str,
}

impl AcceptorWitness {
    pub(crate) fn new(names: Names) -> AcceptorWitness {
        AcceptorWitness {
            names,
            questions: BTreeMap::new(),
            accepts: BTreeMap::new(),
            answers: BTreeMap::new(),
            handling: None,
            attempts: BTreeMap::new(),
            of_operation: BTreeMap::new(),
            told: BTreeMap::new(),
            erasures: BTreeMap::new(),
            losses: Vec::new(),
        }
    }

    /// A proposer asks an acceptor.
    fn request(
        &mut self,
        (id, message): (AttemptId, MessageId),
        acceptor: NodeId,
        request: Request,
        fate: Fate,
    ) {
        if let Some((proposer, op)) = self.handling
            && proposer == id.0
        {
            self.of_operation.entry(op).or_insert(id);
        }
        let attempt = self.attempts.entry(id).or_default();
        let first = *attempt.asked.get_or_insert(request);
        if (first, request) == (Request::Query, Request::Prepare) {
            // The answers to the query did not agree: it begins anew.
            *attempt = Attempt { asked: Some(request), ..Attempt::default() };
        }
        if let Request::Accept(state) = request {
            attempt.state = Some(state);
            self.accepts.insert(message, (id, acceptor));
            attempt.accepts.insert(
                acceptor,
                match fate {
                    Fate::Dropped(Loss::Partition) => Acceptance::Cut,
                    Fate::Dropped(_) => Acceptance::Lost,
                    _ => Acceptance::Open,
                },
            );
        }
    }

    /// An acceptor answers. What it has accepted counts, whether its answer arrives or not.
    fn answer(&mut self, at: Time, acceptor: NodeId, id: AttemptId, reply: Reply) {
        let attempt = self.attempts.get_mut(&id);
        let acceptance = attempt.and_then(|attempt| attempt.accepts.get_mut(&acceptor));
        if let Some(acceptance) = acceptance {
            match (reply, *acceptance) {
                (_, Acceptance::At(_)) => (),
                (Reply::Accepted, _) => *acceptance = Acceptance::At(at),
                (Reply::AcceptConflict { .. } | Reply::AcceptError, _) => {
                    *acceptance = Acceptance::Refused;
                }
                _ => (),
            }
        }
    }

    /// A proposer hears an answer. After it has begun to have a state accepted, what others have
    /// accepted means nothing to it any more.
    fn hear(&mut self, proposer: NodeId, acceptor: NodeId, message: MessageId) {
        let Some((key, ballot, reply, at)) = self.answers.remove(&message) else {
            return;
        };
        let attempt = self.attempts.get_mut(&(proposer, key, ballot));
        if let Some(attempt) = attempt.filter(|attempt| attempt.state.is_none())
            && let Reply::Promised { accepted, state } | Reply::Held { accepted, state } = reply
            && attempt.heard.iter().all(|heard| heard.acceptor != acceptor)
        {
            attempt.heard.push(Heard { acceptor, at, accepted, state });
        }
    }

    fn lose_memory(&mut self, at: Time, acceptor: NodeId, key: Option<Key>, how: &'static str) {
        self.losses.push(MemoryLoss { acceptor, key, at, how });
    }
}

impl Observer<Message, Timer> for AcceptorWitness {
    fn event(&mut self, event: &Event<Message, Timer>) {
        let (at, node) = (event.at, event.node);
        match &event.kind {
            Kind::Send { to, id, fate, message } => match *message {
                Message::Change { ticket, .. } => {
                    self.questions.insert(*id, OpId { client: node, ordinal: ticket });
                }
                Message::Request { key, ballot, request, .. } => {
                    self.request(((node, key, ballot), *id), *to, request, *fate);
                }
                Message::Reply { key, ballot, reply } => {
                    self.answers.insert(*id, (key, ballot, reply, at));
                    self.answer(at, node, (*to, key, ballot), reply);
                }
                Message::Order { number, order: Order::Erase { key, .. } } => {
                    self.erasures.insert((*to, number), key);
                }
                Message::Report { number, report: Report::Done } => {
                    if let Some(key) = self.erasures.remove(&(node, number)) {
                        self.lose_memory(at, node, Some(key), "erased the register");
                    }
                }
                _ => (),
            },
            Kind::Deliver { from, id } => {
                self.handling = self.questions.remove(id).map(|op| (node, op));
                self.hear(node, *from, *id);
            }
            Kind::Lose { id, .. } => {
                if let Some((attempt, acceptor)) = self.accepts.remove(id)
                    && let Some(attempt) = self.attempts.get_mut(&attempt)
                    && let Some(open @ Acceptance::Open) = attempt.accepts.get_mut(&acceptor)
                {
                    *open = Acceptance::Lost;
                }
            }
            Kind::Return(returned) => {
                if let Completion::Ok(told) | Completion::Refused(told) = returned.completion {
                    self.told.insert(returned.op, told);
                }
            }
            Kind::Timer { .. } | Kind::Start => self.handling = None,
            Kind::Mark(mark) if mark == "key-evicted" => {
                self.lose_memory(at, node, None, "evicted a key");
            }
            Kind::Nemesis(Command::Crash { node, keep }) => {
                let how = match keep {
                    Keep::Durable => "lost power",
                    Keep::Nothing => "was wiped",
                    Keep::Replica => "was replaced by its replica",
                };
                self.lose_memory(at, *node, None, how);
            }
            _ => (),
        }
    }
}

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
                self.tell_difference((id, self.outcome(*op, id)?), *late, late_id)
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
        let (proposer, key, ballot) = *id;
        let former = self.attempts.range((proposer, key, Ballot::ZERO)..*id).rev();
        let mut former = former.filter(|(_, it)| it.asked == Some(Request::Prepare));
        let asked = former.find(|(_, it)| it.state.is_some() && !it.heard.is_empty());
        let Some(((_, _, first), attempt)) = asked.filter(|((_, _, it), _)| it.eon == ballot.eon)
        else {
            return "it took itself for the leader, and asked for no promises".to_owned();
        };
        let nodes = attempt.heard.iter().map(|heard| self.names.node(heard.acceptor).into_owned());
        let nodes = list(&nodes.collect::<Vec<_>>());
        format!("it led since ballot {first}, promised by {nodes}, and asked for no new promises")
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
    ) -> Option<String> {
        let attempt = &self.attempts[late_id];
        let told = attempt.heard.iter().map(|heard| (heard.acceptor, Contact::Told(*heard)));
        let accepted = attempt.accepts.iter().filter_map(|(node, it)| match (it, attempt.state) {
            (Acceptance::At(at), Some(state)) => Some((*node, Contact::Accepted(state, *at))),
            _ => None,
        });
        let contacts: Vec<(NodeId, Contact)> = match attempt.heard.is_empty() {
            false => told.collect(),
            true => accepted.collect(),
        };
        let carriers = self.carriers(earlier, state);
        let known = self.state(state);
        let both = contacts.iter().filter_map(|(node, contact)| {
            let accepted = *carriers.get(node)?;
            Some(self.tell_forgetting((*node, earlier.1), accepted, state, *contact))
        });
        let both: Vec<String> = both.collect();
        let late = self.names.op(late);
        let why = if both.is_empty() {
            let carriers: Vec<String> =
                carriers.keys().map(|node| self.names.node(*node).into_owned()).collect();
            let did = if attempt.heard.is_empty() { "accepted" } else { "answered" };
            format!("{} had accepted it, and none of those {did} {late}", list(&carriers))
        } else {
            both.join("; ")
        };
        Some(format!("So {late} did not meet {known}: {why}."))
    }

    /// Who accepted a state of this register, in any attempt, and when first. The empty register
    /// is a state that comes again: of that, only this attempt counts.
    fn carriers(&self, id: &AttemptId, state: Observation) -> BTreeMap<NodeId, Time> {
        let of_state = self.attempts.iter().filter(|(other, attempt)| {
            let is_it = state != Observation::EMPTY || *other == id;
            is_it && other.1 == id.1 && attempt.state == Some(state)
        });
        let mut carriers = BTreeMap::new();
        for (node, acceptance) in of_state.flat_map(|(_, attempt)| &attempt.accepts) {
            if let Acceptance::At(at) = acceptance {
                let first = carriers.entry(*node).or_insert(*at);
                *first = *at.min(first);
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
        let between = self.losses.iter().filter(|loss| {
            let may_concern = loss.key.is_none_or(|lost| lost == key);
            loss.acceptor == acceptor && may_concern && (accepted..=at).contains(&loss.at)
        });
        let between = match between.last() {
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
