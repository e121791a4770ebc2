//! What acceptors had to do with the operations of a violation.
//!
//! The checker tells that operations contradict each other. This tells how they could: by which
//! acceptors a state was accepted, from which acceptors a later operation learnt what it went on
//! from, and why these did not tell it. Either nobody is among both, or who is had forgotten
//! meanwhile: by a crash, by a failover, by eviction, or because the register was erased.
//!
//! It is the system's [`Witness`](scenario::Witness): it listens to a run that is known to end in a
//! violation.

mod testimony;

use std::collections::BTreeMap;

use history::{Completion, Key, Names, NodeId, Observation, OpId, Time};
use sim::{Command, Event, Fate, Keep, Kind, Loss, MessageId, Observer};

use crate::{Ballot, Message, Order, Protocol, Reply, Report, Request};

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
    /// Who has just erased one.
    erased: Option<NodeId>,
    losses: Vec<MemoryLoss>,
    /// Acceptors that a proposer is to be given, in messages that are under way.
    configurations: BTreeMap<MessageId, Vec<NodeId>>,
    /// When a proposer was given which acceptors, beside those of the beginning.
    configured: Vec<(Time, NodeId, Vec<NodeId>)>,
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
    accepts: BTreeMap<NodeId, AskedToAccept>,
}

/// A request to accept.
#[derive(Clone, Copy, Debug)]
struct AskedToAccept {
    sent: Time,
    /// Whether it was kept back on its way.
    held: bool,
    became: Acceptance,
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
            erased: None,
            losses: Vec::new(),
            configurations: BTreeMap::new(),
            configured: Vec::new(),
        }
    }

    /// A proposer asks an acceptor.
    fn request(
        &mut self,
        sent: Time,
        (id, message): (AttemptId, MessageId),
        acceptor: NodeId,
        (request, fate): (Request, Fate),
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
            let became = match fate {
                Fate::Dropped(Loss::Partition) => Acceptance::Cut,
                Fate::Dropped(_) => Acceptance::Lost,
                _ => Acceptance::Open,
            };
            let held = fate == Fate::Held;
            attempt.accepts.insert(acceptor, AskedToAccept { sent, held, became });
        }
    }

    /// An acceptor answers. What it has accepted counts, whether its answer arrives or not.
    fn answer(&mut self, at: Time, acceptor: NodeId, id: AttemptId, reply: Reply) {
        let attempt = self.attempts.get_mut(&id);
        let asked = attempt.and_then(|attempt| attempt.accepts.get_mut(&acceptor));
        if let Some(AskedToAccept { became, .. }) = asked {
            match (reply, *became) {
                (_, Acceptance::At(_)) => (),
                (Reply::Accepted, _) => *became = Acceptance::At(at),
                (Reply::AcceptConflict { .. } | Reply::AcceptError, _) => {
                    *became = Acceptance::Refused;
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

    /// A proposer is given its acceptors, perhaps the same again.
    fn configure(&mut self, at: Time, proposer: NodeId, acceptors: Vec<NodeId>) {
        let last = self.configured.iter().rev().find(|(_, of, _)| *of == proposer);
        if last.is_none_or(|(_, _, same)| *same != acceptors) {
            self.configured.push((at, proposer, acceptors));
        }
    }

    fn lose_memory(&mut self, at: Time, acceptor: NodeId, key: Option<Key>, how: &'static str) {
        self.losses.push(MemoryLoss { acceptor, key, at, how });
    }
}

impl Observer<Protocol> for AcceptorWitness {
    fn event(&mut self, event: &Event<Protocol>) {
        let (at, node) = (event.at, event.node);
        match &event.kind {
            Kind::Send { to, id, fate, message, .. } => match *message {
                Message::Configure(ref configuration)
                | Message::Order { order: Order::Configure { ref configuration, .. }, .. } => {
                    self.configurations.insert(*id, configuration.accept.nodes.clone());
                }
                Message::Change { ticket, .. } => {
                    self.questions.insert(*id, OpId { client: node, ordinal: ticket });
                }
                Message::Request { key, ballot, request, .. } => {
                    let attempt = (node, key, ballot);
                    self.request(at, (attempt, *id), *to, (request, *fate));
                }
                Message::Reply { key, ballot, reply } => {
                    self.answers.insert(*id, (key, ballot, reply, at));
                    self.answer(at, node, (*to, key, ballot), reply);
                }
                Message::Order { number, order: Order::Erase { key, .. } } => {
                    self.erasures.insert((*to, number), key);
                }
                Message::Report { number, report: Report::Done } => {
                    // An order may be carried out again when there is nothing left to erase.
                    if self.erased.take() == Some(node)
                        && let Some(key) = self.erasures.get(&(node, number)).copied()
                    {
                        self.lose_memory(at, node, Some(key), "erased the register");
                    }
                }
                _ => (),
            },
            Kind::Deliver { from, id } => {
                self.handling = self.questions.remove(id).map(|op| (node, op));
                self.accepts.remove(id);
                if let Some(acceptors) = self.configurations.remove(id) {
                    self.configure(at, node, acceptors);
                }
                self.hear(node, *from, *id);
            }
            Kind::Lose { id, .. } => {
                if let Some((attempt, acceptor)) = self.accepts.remove(id)
                    && let Some(attempt) = self.attempts.get_mut(&attempt)
                    && let Some(asked) = attempt.accepts.get_mut(&acceptor)
                    && asked.became == Acceptance::Open
                {
                    asked.became = Acceptance::Lost;
                }
            }
            Kind::Return(returned) => {
                if let Completion::Ok(told) | Completion::Refused(told) = returned.completion {
                    self.told.insert(returned.op, told);
                }
            }
            Kind::Timer { .. } | Kind::Start => self.handling = None,
            Kind::Mark(mark) if mark == "register-erased" => self.erased = Some(node),
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

#[cfg(test)]
mod tests;
