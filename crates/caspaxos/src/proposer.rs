//! The proposer: takes a register through the two phases of a change.
//!
//! Which ballot an attempt has, and whether the proposer leads and so needs one round trip for it,
//! is a matter of its [`leadership`](crate::leadership). There is at most one attempt per key at a
//! time, which is the key's lock.
//!
//! A round ends when its quorum is reached, or as soon as it cannot be reached any more; then the
//! client is answered at once, though accepts may still be under way that will be accepted later.
//! Answers that come after that are not heard. An acceptor that has not answered when the timeout
//! is over, whose connection broke, or whose server answers with an error counts as one that
//! failed.
//!
//! ```
//! use caspaxos::proposer::Proposer;
//! use caspaxos::{Configuration, Message, Quorum, Request};
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
    /// How many deletions it has been told of: [`orders`].
    age: u32,
    /// The number of its configuration.
    epoch: u64,
    configuration: Configuration,
    /// Who is told of deletions.
    collector: Option<NodeId>,
    comparing: Comparing,
    timeout: Span,
    reads: Reads,
    /// At most one per key: that is the key's lock.
    attempts: BTreeMap<Key, Attempt>,
    /// The latest ticket of each client. A question that the network delivers twice is heard once:
    /// a client that was told that its change failed must not see the copy succeed.
    tickets: BTreeMap<NodeId, u32>,
}

/// A change on its way.
#[derive(Clone, Debug, Hash)]
struct Attempt {
    asker: Asker,
    action: Action,
    ballot: Ballot,
    phase: Phase,
    round: Round,
    timer: TimerId,
}

/// Who wants to know what becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asker {
    Client { client: NodeId, ticket: u32 },
    Orchestrator(Ordered, Accepting),
}

#[derive(Clone, Debug, Hash)]
enum Phase {
    /// What acceptors have accepted so far, and the state to go on from, if it leads, should they
    /// not agree.
    Query { query: Query, leading: Option<Observation> },
    /// The state of the highest ballot among the promises so far.
    Prepare { newest: (Ballot, Observation) },
    /// The state that is to be accepted, and what that makes of the change.
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
                self.hear(cx, from, (key, ballot), reply);
            }
            Input::Undelivered { to, message: Message::Request { key, ballot, request, .. } } => {
                self.miss(cx, to, (key, ballot), request);
            }
            Input::Message { from, message: Message::Order { number, order } } => {
                self.obey(cx, from, number, order);
            }
            Input::ConnectionLost { peer, .. } => self.disconnect(cx, peer),
            Input::Timer(Timer::GiveUp(key)) => self.give_up(cx, key),
            // Before it is used: to change acceptors that are in use takes another proposer.
            Input::Message { message: Message::Configure(configuration), .. } => {
                self.configuration = configuration;
            }
            _ => (),
        }
    }

    /// What is left after a crash: no attempt, and of the leadership what its rules
    /// say. What it was ordered outlasts it.
    fn crash(self, _: Keep) -> Proposer<L> {
        let leadership = self.leadership.crash();
        let fresh = Proposer::led_by(leadership, self.configuration, self.timeout);
        let Proposer { age, epoch, collector, comparing, reads, .. } = self;
        Proposer { age, epoch, collector, comparing, reads, ..fresh }
    }
}

impl Proposer {
    /// A proposer that has proposed nothing. No other may ever have the same id, which is not 0.
    #[must_use]
    pub fn new(id: u32, configuration: Configuration, timeout: Span) -> Proposer {
        Proposer::led_by(Epochs::new(id), configuration, timeout)
    }

    /// The same proposer, which reads like that. All proposers that share acceptors read alike: if
    /// one of them reads by queries, none may lead on after an unknown outcome.
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
    /// A proposer whose ballots are by other rules.
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

    /// The same proposer, which reads like that whatever its leadership makes of it.
    pub(crate) fn reading_unguarded(self, reads: Reads) -> Proposer<L> {
        Proposer { reads, ..self }
    }

    /// Whom it waits for, in each attempt.
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

    /// A client asks for a change.
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
        let timer = cx.set_timer(self.timeout, Timer::GiveUp(key));
        let attempt = Attempt { asker, action, ballot, phase, round, timer };
        self.attempts.insert(key, attempt);
        self.ask(cx, key);
    }

    /// Sends the request of the present phase to all acceptors of that phase.
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

    /// An acceptor answers.
    fn hear(
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
        // An acceptor counts once, and in the phase that it was asked in.
        if !attempt.phase.awaits(reply) || !attempt.round.hear(acceptor) {
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

    /// A request did not get through.
    fn miss(
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
        self.hear(cx, acceptor, (key, ballot), reply);
    }

    /// The connection to an acceptor broke: what it has not answered it will not answer.
    fn disconnect(&mut self, cx: &mut Cx<'_>, acceptor: NodeId) {
        let keys: Vec<Key> = self.attempts.keys().copied().collect();
        for key in keys {
            let attempt = self.attempts.get_mut(&key);
            if attempt.is_some_and(|attempt| attempt.round.hear(acceptor)) {
                self.proceed(cx, key);
            }
        }
    }

    /// The time for answers is over.
    fn give_up(&mut self, cx: &mut Cx<'_>, key: Key) {
        if let Some(attempt) = self.attempts.get_mut(&key) {
            cx.mark("timeout");
            attempt.round.give_up();
            self.proceed(cx, key);
        }
    }

    /// Goes on to the next phase, or answers the client, if the round is decided.
    fn proceed(&mut self, cx: &mut Cx<'_>, key: Key) {
        let attempt = self.attempts.get_mut(&key).expect("the attempt that was heard of");
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
                self.tell_orchestrator(cx, (key, ballot), asker, (action, state, changed));
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

    /// The attempt goes on with its next phase.
    fn enter(&mut self, cx: &mut Cx<'_>, key: Key, phase: Phase) {
        let attempt = self.attempts.get_mut(&key).expect("the attempt that goes on");
        attempt.round = phase.round(&self.configuration, attempt.asker);
        attempt.phase = phase;
        attempt.timer = cx.set_timer(self.timeout, Timer::GiveUp(key));
        self.ask(cx, key);
    }

    /// Answers the client, and gives back the key's lock.
    fn answer(&mut self, cx: &mut Cx<'_>, key: Key, answer: Answer) {
        let attempt = self.attempts.remove(&key).expect("who is answered has asked");
        if answer == Answer::Unknown {
            cx.mark("unknown-outcome");
        }
        // An order that came to nothing will come again.
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

    /// To have accepted what a change makes of a state. A refused change leaves it as it is.
    fn accept(comparing: Comparing, action: &Action, state: Observation) -> Phase {
        let changed = apply_comparing(comparing, action, state);
        match changed {
            Changed::To(next) => Phase::Accept { state: next, changed },
            Changed::Refused => Phase::Accept { state, changed },
        }
    }

    /// Who is asked, and how many have to agree.
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

    /// Whether this is an answer to what was asked in this phase.
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
