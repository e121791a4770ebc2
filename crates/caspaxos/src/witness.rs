//! The part of the acceptors in a violation.
//!
//! The checker reports operations that contradict each other. The witness explains how that was
//! possible: which acceptors accepted a state, which acceptors a later operation read, and why
//! those did not report the state. Either no acceptor belongs to both groups, or such an acceptor
//! had forgotten the state: by a crash, a failover, an eviction, or because the register was
//! erased.
//!
//! It is the system's [`Witness`](scenario::Witness): it observes a second run, which is known to
//! end in the violation.

mod testimony;

use std::collections::BTreeMap;

use history::{Completion, Key, Names, NodeId, Observation, OpId, Time};
use sim::{Command, Event, Fate, Keep, Kind, Loss, MessageId, Observer};

use crate::{Ballot, Message, Order, Protocol, Reply, Report, Request};

/// Observes a run, and remembers all attempts.
#[derive(Clone, Debug)]
pub(crate) struct AcceptorWitness {
    names: Names,
    /// Requests of clients that are in flight.
    questions: BTreeMap<MessageId, OpId>,
    /// Requests to accept that are in flight, and their acceptors.
    accepts: BTreeMap<MessageId, (AttemptId, NodeId)>,
    /// Replies of acceptors that are in flight, and the times at which they were sent.
    answers: BTreeMap<MessageId, (Key, Ballot, Reply, Time)>,
    /// The client's request that is being handled.
    handling: Option<(NodeId, OpId)>,
    attempts: BTreeMap<AttemptId, Attempt>,
    of_operation: BTreeMap<OpId, AttemptId>,
    /// The replies to clients.
    told: BTreeMap<OpId, Observation>,
    /// The register to be erased, by the number of the order.
    erasures: BTreeMap<(NodeId, u32), Key>,
    /// The acceptor that has just erased a register.
    erased: Option<NodeId>,
    losses: Vec<MemoryLoss>,
    /// Configurations for proposers, in messages that are in flight.
    configurations: BTreeMap<MessageId, Vec<NodeId>>,
    /// The configurations of proposers after the initial ones, and their times.
    configured: Vec<(Time, NodeId, Vec<NodeId>)>,
}

/// In some hazards two proposers use the same ballot.
type AttemptId = (NodeId, Key, Ballot);

/// An attempt to change or read a register, and its outcome.
#[derive(Clone, Debug, Default)]
struct Attempt {
    /// The replies of acceptors to its prepare or its query, before it continued.
    reports: Vec<ReportedState>,
    /// Its first request.
    asked: Option<Request>,
    /// The state to accept, and the outcome of each request.
    state: Option<Observation>,
    accepts: BTreeMap<NodeId, AskedToAccept>,
}

/// A request to accept.
#[derive(Clone, Copy, Debug)]
struct AskedToAccept {
    sent: Time,
    /// Whether it was held on its way.
    held: bool,
    became: Acceptance,
}

/// The accepted state that an acceptor reported.
#[derive(Clone, Copy, Debug)]
struct ReportedState {
    acceptor: NodeId,
    at: Time,
    accepted: Ballot,
    state: Observation,
}

/// The outcome of a request to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acceptance {
    /// It may still be in flight.
    Open,
    /// The network lost it, or the acceptor crashed before it arrived.
    Lost,
    /// A partition blocked it.
    Cut,
    /// It was not accepted.
    Refused,
    /// It was accepted.
    At(Time),
}

/// An event after which an acceptor may have forgotten state.
#[derive(Clone, Debug)]
struct MemoryLoss {
    acceptor: NodeId,
    /// The register, or `None` for all registers.
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

    /// Records a request of a proposer.
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
            // The replies to the query disagreed, and the attempt starts over.
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

    /// Records a reply of an acceptor. An acceptance counts even if the reply is lost.
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

    /// Records a reply that arrives at a proposer. Replies to a prepare after the start of the
    /// second phase do not count.
    fn on_reply(&mut self, proposer: NodeId, acceptor: NodeId, message: MessageId) {
        let Some((key, ballot, reply, at)) = self.answers.remove(&message) else {
            return;
        };
        let attempt = self.attempts.get_mut(&(proposer, key, ballot));
        if let Some(attempt) = attempt.filter(|attempt| attempt.state.is_none())
            && let Reply::Promised { accepted, state } | Reply::Held { accepted, state } = reply
            && attempt.reports.iter().all(|report| report.acceptor != acceptor)
        {
            attempt.reports.push(ReportedState { acceptor, at, accepted, state });
        }
    }

    /// Records the configuration of a proposer, which may be the same again.
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
                    // A repeated order may find nothing left to erase.
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
                self.on_reply(node, *from, *id);
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
