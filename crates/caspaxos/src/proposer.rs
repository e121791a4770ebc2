//! The proposer: runs the two phases of a change.
//!
//! Its [`leadership`](crate::leadership) decides the ballot of an attempt, and whether the proposer
//! leads and needs only one round trip. There is at most one attempt per key at a time, which is
//! the key's lock.
//!
//! A round ends when its quorum is reached, or when its quorum can no longer be reached. Then the
//! client gets its reply at once, although some accepts may still be in flight and be accepted
//! later. The proposer ignores replies after the end of a round. An acceptor counts as failed if it
//! has not replied within the timeout, if its connection broke, or if its server replied with an
//! error.
//!
//! ```
//! use caspaxos::proposer::Proposer;
//! use caspaxos::{Configuration, Message, Protocol, Quorum, Request};
//! use history::{Action, Key, NodeId, Span};
//! use sim::{Effect, Input, Process, Sandbox};
//!
//! let quorum = Quorum::majority(vec![NodeId(1), NodeId(2), NodeId(3)]);
//! let configuration = Configuration { prepare: quorum.clone(), accept: quorum };
//! let mut proposer = Proposer::new(7, configuration, Span::from_millis(50));
//! let mut sandbox = Sandbox::default();
//! let message = Message::Change { ticket: 0, key: Key(0), action: Action::Read };
//! proposer.handle(&mut sandbox.context(), Input::Message { from: NodeId(9), message });
//! let is_prepare = |effect: &Effect<Protocol>| {
//!     let Effect::Send { message: Message::Request { request, .. }, .. } = effect else {
//!         return false;
//!     };
//!     *request == Request::Prepare
//! };
//! assert_eq!(sandbox.take_effects().into_iter().filter(is_prepare).count(), 3);
//! ```

mod orders;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use history::{Action, Key, NodeId, Observation, Span};
use sim::{Context, Input, Keep, TimerId, Waiting};

use self::orders::Ordered;
use crate::change::{Changed, Comparing, apply_comparing};
use crate::leadership::{AfterUnknown, Epochs, Leadership};
use crate::order::Accepting;
use crate::quorum::{Round, Standing};
use crate::reads::{Query, Reads};
use crate::{Answer, Ballot, Configuration, Message, Protocol, Reply, Request, Timer};

type Cx<'a> = Context<'a, Protocol>;

/// A proposer.
#[derive(Clone, Debug, Hash)]
pub struct Proposer<L = Epochs> {
    leadership: L,
    /// The proposer's age: the number of deletions that it knows. See [`orders`].
    age: u32,
    /// The number of its configuration.
    epoch: u64,
    configuration: Configuration,
    /// The node that is notified of deletions.
    collector: Option<NodeId>,
    comparing: Comparing,
    timeout: Span,
    reads: Reads,
    /// The attempts, at most one per key. An attempt is the key's lock.
    attempts: BTreeMap<Key, Attempt>,
    /// The latest ticket of each client. A duplicated request is handled once: after a reply that
    /// its change failed, a client must not see the duplicate succeed.
    tickets: BTreeMap<NodeId, u32>,
}

/// A change in progress.
#[derive(Clone, Debug, Hash)]
struct Attempt {
    asker: Asker,
    action: Action,
    ballot: Ballot,
    phase: Phase,
    round: Round,
    timer: TimerId,
}

/// The receiver of an attempt's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asker {
    Client { client: NodeId, ticket: u32 },
    Orchestrator(Ordered, Accepting),
}

#[derive(Clone, Debug, Hash)]
enum Phase {
    /// The accepted states reported so far. If the acceptors disagree and the proposer leads, the
    /// attempt continues from this state.
    Query { query: Query, leading: Option<Observation> },
    /// The state of the highest ballot among the promises so far.
    Prepare { newest: (Ballot, Observation) },
    /// The state to be accepted, and the reply to the client if it is.
    Accept { state: Observation, changed: Changed },
}

impl<L: Leadership> sim::Process for Proposer<L> {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Message { from, message: Message::Change { ticket, key, action } } => {
                self.change(cx, from, ticket, key, action);
            }
            Input::Message { from, message: Message::Reply { key, ballot, reply } } => {
                self.on_reply(cx, from, (key, ballot), reply);
            }
            Input::Undelivered { to, message: Message::Request { key, ballot, request, .. } } => {
                self.on_undelivered(cx, to, (key, ballot), request);
            }
            Input::Message { from, message: Message::Order { number, order } } => {
                self.apply(cx, from, number, order);
            }
            Input::ConnectionLost { peer, .. } => self.disconnect(cx, peer),
            Input::Timer(Timer::RoundTimeout(key)) => self.time_out(cx, key),
            // Valid only before the first attempt. Later changes of the acceptors need a new
            // proposer.
            Input::Message { message: Message::Configure(configuration), .. } => {
                self.configuration = configuration;
            }
            _ => (),
        }
    }

    /// A crash ends all attempts, and the leadership decides what it keeps. The effects of orders
    /// survive.
    fn crash(self, _: Keep) -> Proposer<L> {
        let leadership = self.leadership.crash();
        let fresh = Proposer::led_by(leadership, self.configuration, self.timeout);
        let Proposer { age, epoch, collector, comparing, reads, .. } = self;
        Proposer { age, epoch, collector, comparing, reads, ..fresh }
    }
}

impl Proposer {
    /// A proposer without attempts. The id must be unique and not 0.
    #[must_use]
    pub fn new(id: u32, configuration: Configuration, timeout: Span) -> Proposer {
        Proposer::led_by(Epochs::new(id), configuration, timeout)
    }

    /// Sets how the proposer reads. All proposers that share acceptors must read in the same way.
    /// If one of them reads by query, no proposer may keep leading after an unknown outcome.
    #[must_use]
    pub fn reading(self, reads: Reads) -> Proposer {
        let after_unknown = match reads {
            Reads::Commit => AfterUnknown::LeadsOn,
            Reads::Quorum | Reads::Agreement(_) => AfterUnknown::Prepares,
        };
        let leadership = self.leadership.after_unknown(after_unknown);
        Proposer { leadership, reads, ..self }
    }
}

impl<L: Leadership> Proposer<L> {
    /// A proposer with another leadership.
    pub(crate) fn led_by(
        leadership: L,
        configuration: Configuration,
        timeout: Span,
    ) -> Proposer<L> {
        let (attempts, tickets) = (BTreeMap::new(), BTreeMap::new());
        let reads = Reads::default();
        Proposer {
            leadership,
            age: 0,
            epoch: 0,
            configuration,
            collector: None,
            comparing: Comparing::Versions,
            timeout,
            reads,
            attempts,
            tickets,
        }
    }

    /// Sets how the proposer reads, without a change of its leadership.
    pub(crate) fn reading_unguarded(self, reads: Reads) -> Proposer<L> {
        Proposer { reads, ..self }
    }

    /// The acceptors for which it waits, in each attempt.
    pub(crate) fn waits_for(&self) -> Vec<Waiting> {
        let waits = self.attempts.iter().flat_map(|(key, attempt)| {
            let what = match attempt.phase {
                Phase::Query { .. } => "an answer to a query".to_owned(),
                Phase::Prepare { .. } => format!("a promise to ballot {}", attempt.ballot),
                Phase::Accept { .. } => format!("an acceptance under ballot {}", attempt.ballot),
            };
            let wait = move |on: &NodeId| Waiting { on: *on, what: what.clone(), key: Some(*key) };
            attempt.round.waiting().iter().map(wait)
        });
        waits.collect()
    }

    /// Handles a client's request.
    fn change(&mut self, cx: &mut Cx<'_>, client: NodeId, ticket: u32, key: Key, action: Action) {
        if self.tickets.get(&client).is_some_and(|latest| *latest >= ticket) {
            return;
        }
        self.tickets.insert(client, ticket);
        if self.is_off() {
            cx.send(client, Message::Changed { ticket, answer: Answer::NotPrepared });
            return;
        }
        if self.attempts.contains_key(&key) {
            cx.mark("lock-busy");
            cx.send(client, Message::Changed { ticket, answer: Answer::Busy });
            return;
        }
        self.begin(cx, Asker::Client { client, ticket }, key, action);
    }

    /// Begins an attempt at a key whose lock is free.
    fn begin(&mut self, cx: &mut Cx<'_>, asker: Asker, key: Key, action: Action) {
        let (ballot, leading) = self.leadership.begin(key);
        let query = match (asker, action) {
            (Asker::Client { .. }, Action::Read) => self.reads.query(&self.configuration),
            _ => None,
        };
        let phase = match query {
            Some(query) => Phase::Query { query, leading },
            None => Phase::of_change(cx, self.comparing, &action, leading),
        };
        let round = phase.round(&self.configuration, asker);
        let timer = cx.set_timer(self.timeout, Timer::RoundTimeout(key));
        let attempt = Attempt { asker, action, ballot, phase, round, timer };
        self.attempts.insert(key, attempt);
        self.ask(cx, key);
    }

    /// Sends the request of the current phase to all acceptors of that phase.
    fn ask(&self, cx: &mut Cx<'_>, key: Key) {
        let Some(attempt) = self.attempts.get(&key) else {
            return;
        };
        let request = match attempt.phase {
            Phase::Query { .. } => Request::Query,
            Phase::Prepare { .. } => Request::Prepare,
            Phase::Accept { state, .. } => Request::Accept(state),
        };
        let (ballot, age) = (attempt.ballot, self.age);
        for acceptor in attempt.round.waiting() {
            cx.send(*acceptor, Message::Request { key, ballot, age, request });
        }
    }

    /// Handles an acceptor's reply.
    fn on_reply(
        &mut self,
        cx: &mut Cx<'_>,
        acceptor: NodeId,
        (key, ballot): (Key, Ballot),
        reply: Reply,
    ) {
        let attempt = self.attempts.get_mut(&key).filter(|attempt| attempt.ballot == ballot);
        let Some(attempt) = attempt else {
            return;
        };
        // An acceptor counts once, and only in the phase of the request.
        if !attempt.phase.awaits(reply) || !attempt.round.count(acceptor) {
            return;
        }
        match (&mut attempt.phase, reply) {
            (Phase::Prepare { newest }, Reply::Promised { accepted, state }) => {
                if accepted > newest.0 {
                    *newest = (accepted, state);
                }
                attempt.round.agree();
            }
            (Phase::Query { query, .. }, Reply::Held { accepted, state }) => {
                query.hold(acceptor, accepted, state);
            }
            (_, Reply::Accepted) => attempt.round.agree(),
            (_, Reply::PrepareConflict { promised } | Reply::AcceptConflict { promised }) => {
                cx.mark("ballot-conflict");
                attempt.round.object(promised);
            }
            _ => (),
        }
        self.proceed(cx, key);
    }

    /// Handles a request that was not delivered.
    fn on_undelivered(
        &mut self,
        cx: &mut Cx<'_>,
        acceptor: NodeId,
        (key, ballot): (Key, Ballot),
        request: Request,
    ) {
        let reply = match request {
            Request::Prepare => Reply::PrepareError,
            Request::Accept(_) => Reply::AcceptError,
            Request::Query => Reply::QueryError,
        };
        self.on_reply(cx, acceptor, (key, ballot), reply);
    }

    /// The connection to an acceptor broke. Its missing replies will not come.
    fn disconnect(&mut self, cx: &mut Cx<'_>, acceptor: NodeId) {
        let keys: Vec<Key> = self.attempts.keys().copied().collect();
        for key in keys {
            let attempt = self.attempts.get_mut(&key);
            if attempt.is_some_and(|attempt| attempt.round.count(acceptor)) {
                self.proceed(cx, key);
            }
        }
    }

    /// The timeout of a round has passed.
    fn time_out(&mut self, cx: &mut Cx<'_>, key: Key) {
        if let Some(attempt) = self.attempts.get_mut(&key) {
            cx.mark("timeout");
            attempt.round.time_out();
            self.proceed(cx, key);
        }
    }

    /// If the round is decided, begins the next phase or replies to the client.
    fn proceed(&mut self, cx: &mut Cx<'_>, key: Key) {
        let attempt = self.attempts.get_mut(&key).expect("a reply belongs to an attempt");
        let standing = attempt.standing();
        if standing == Standing::Open {
            return;
        }
        cx.cancel_timer(attempt.timer);
        let (ballot, conflict) = (attempt.ballot, attempt.round.conflict());
        match (&attempt.phase, standing) {
            (Phase::Query { query, leading }, _) => match query.agreed() {
                Some(state) => {
                    cx.mark("quorum-read");
                    self.answer(cx, key, Answer::Ok(state));
                }
                None => {
                    cx.mark("read-disagreement");
                    let phase = Phase::of_change(cx, self.comparing, &attempt.action, *leading);
                    self.enter(cx, key, phase);
                }
            },
            (Phase::Prepare { newest: (_, state) }, Standing::Reached) => {
                self.leadership.promised(key, ballot, *state);
                let phase = Phase::accept(self.comparing, &attempt.action, *state);
                self.enter(cx, key, phase);
            }
            (Phase::Prepare { .. }, _) => {
                self.leadership.not_promised(key, conflict);
                self.answer(cx, key, Answer::NotPrepared);
            }
            (&Phase::Accept { state, changed }, Standing::Reached) => {
                let (asker, action) = (attempt.asker, attempt.action);
                self.leadership.accepted(key, ballot, state, conflict);
                self.notify_orchestrator(cx, (key, ballot), asker, (action, state, changed));
                let answer = match changed {
                    Changed::To(state) => Answer::Ok(state),
                    Changed::Refused => Answer::Refused(state),
                };
                self.answer(cx, key, answer);
            }
            (Phase::Accept { .. }, _) => {
                self.leadership.not_accepted(key, ballot, conflict);
                self.answer(cx, key, Answer::Unknown);
            }
        }
    }

    /// Begins the next phase of an attempt.
    fn enter(&mut self, cx: &mut Cx<'_>, key: Key, phase: Phase) {
        let attempt = self.attempts.get_mut(&key).expect("the attempt that goes on");
        attempt.round = phase.round(&self.configuration, attempt.asker);
        attempt.phase = phase;
        attempt.timer = cx.set_timer(self.timeout, Timer::RoundTimeout(key));
        self.ask(cx, key);
    }

    /// Replies to the client, and releases the key's lock.
    fn answer(&mut self, cx: &mut Cx<'_>, key: Key, answer: Answer) {
        let attempt = self.attempts.remove(&key).expect("a reply goes to an open attempt");
        if answer == Answer::Unknown {
            cx.mark("unknown-outcome");
        }
        // The orchestrator repeats an order without a result.
        if let Asker::Client { client, ticket } = attempt.asker {
            cx.send(client, Message::Changed { ticket, answer });
        }
    }
}

impl Attempt {
    fn standing(&self) -> Standing {
        match &self.phase {
            Phase::Query { query, .. } => query.standing(self.round.waiting()),
            Phase::Prepare { .. } | Phase::Accept { .. } => self.round.standing(),
        }
    }
}

impl Phase {
    /// The first phase of a change, or, if the proposer leads, the second.
    fn of_change(
        cx: &mut Cx<'_>,
        comparing: Comparing,
        action: &Action,
        leading: Option<Observation>,
    ) -> Phase {
        match leading {
            None => Phase::Prepare { newest: (Ballot::ZERO, Observation::EMPTY) },
            Some(state) => {
                cx.mark("one-round-trip");
                Phase::accept(comparing, action, state)
            }
        }
    }

    /// Asks the acceptors to accept the changed state. A refused change keeps the state.
    fn accept(comparing: Comparing, action: &Action, state: Observation) -> Phase {
        let changed = apply_comparing(comparing, action, state);
        match changed {
            Changed::To(next) => Phase::Accept { state: next, changed },
            Changed::Refused => Phase::Accept { state, changed },
        }
    }

    /// The acceptors of the phase, and the number that must agree.
    fn round(&self, configuration: &Configuration, asker: Asker) -> Round {
        match (self, asker) {
            (Phase::Query { query, .. }, _) => Round::asking(query.nodes()),
            (Phase::Prepare { .. }, _) => Round::new(&configuration.prepare),
            (Phase::Accept { .. }, Asker::Client { .. }) => Round::new(&configuration.accept),
            (Phase::Accept { .. }, Asker::Orchestrator(_, accepting)) => {
                Round::new(&accepting.of(&configuration.accept))
            }
        }
    }

    /// Whether this is a reply to the request of this phase.
    fn awaits(&self, reply: Reply) -> bool {
        match reply {
            Reply::Promised { .. } | Reply::PrepareConflict { .. } | Reply::PrepareError => {
                matches!(self, Phase::Prepare { .. })
            }
            Reply::Accepted | Reply::AcceptConflict { .. } | Reply::AcceptError => {
                matches!(self, Phase::Accept { .. })
            }
            Reply::Held { .. } | Reply::QueryError => matches!(self, Phase::Query { .. }),
        }
    }
}
