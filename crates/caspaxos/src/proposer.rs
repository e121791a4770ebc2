//! The proposer: takes a register through the two phases of a change.
//!
//! For each key it remembers its ballot, and, while it leads there, the state that it had accepted
//! last; so a leader needs one round trip for a change. There is at most one attempt per key at a
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
//! let is_prepare = |effect: &Effect<Message, _>| {
//!     let Effect::Send { message: Message::Request { request, .. }, .. } = effect else {
//!         return false;
//!     };
//!     *request == Request::Prepare
//! };
//! assert_eq!(sandbox.take_effects().into_iter().filter(is_prepare).count(), 3);
//! ```

use std::collections::BTreeMap;

use history::{Action, Key, NodeId, Observation, Span};
use sim::{Context, Input, Keep, TimerId};

use crate::change::{Changed, apply};
use crate::quorum::{Round, Standing};
use crate::{Answer, Ballot, Configuration, Message, Quorum, Reply, Request, Timer};

/// By so much the id of a proposer grows when it restarts: ids are unique for ever. There are fewer
/// nodes than this, so the ids of first lives are all below it.
const RESTART_STRIDE: u32 = 1 << 16;

type Cx<'a> = Context<'a, Message, Timer>;

/// A proposer.
#[derive(Clone, Debug, Hash)]
pub struct Proposer {
    id: u32,
    age: u32,
    configuration: Configuration,
    timeout: Span,
    registers: BTreeMap<Key, Register>,
    /// The latest ticket of each client. A question that the network delivers twice is heard once:
    /// a client that was told that its change failed must not see the copy succeed.
    tickets: BTreeMap<NodeId, u32>,
}

/// What a proposer knows of a register.
#[derive(Clone, Debug, Hash)]
struct Register {
    /// That of the last attempt, or of an epoch past somebody else's.
    ballot: Ballot,
    /// The state to go on from, while it leads: what the promises told, or what was accepted since.
    leading: Option<Observation>,
    attempt: Option<Attempt>,
}

/// A change on its way.
#[derive(Clone, Debug, Hash)]
struct Attempt {
    client: NodeId,
    ticket: u32,
    action: Action,
    phase: Phase,
    round: Round,
    timer: TimerId,
}

#[derive(Clone, Debug, Hash)]
enum Phase {
    /// The state of the highest ballot among the promises so far.
    Prepare { newest: (Ballot, Observation) },
    /// The state that is to be accepted, and what that makes of the change.
    Accept { state: Observation, changed: Changed },
}

impl sim::Process for Proposer {
    type Message = Message;
    type Timer = Timer;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Message, Timer>) {
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
            Input::ConnectionLost { peer, .. } => self.disconnect(cx, peer),
            Input::Timer(Timer::GiveUp(key)) => self.give_up(cx, key),
            // Before it is used: to change acceptors that are in use takes another proposer.
            Input::Message { message: Message::Configure(configuration), .. } => {
                self.configuration = configuration;
            }
            _ => (),
        }
    }

    /// What is left after a crash: nothing, not even the id.
    fn crash(self, _: Keep) -> Proposer {
        let id = self.id + RESTART_STRIDE;
        Proposer { age: self.age, ..Proposer::new(id, self.configuration, self.timeout) }
    }
}

impl Proposer {
    /// A proposer that has proposed nothing. No other may ever have the same id, which is not 0.
    #[must_use]
    pub fn new(id: u32, configuration: Configuration, timeout: Span) -> Proposer {
        let (registers, tickets) = (BTreeMap::new(), BTreeMap::new());
        Proposer { id, age: 0, configuration, timeout, registers, tickets }
    }

    /// A client asks for a change.
    fn change(&mut self, cx: &mut Cx<'_>, client: NodeId, ticket: u32, key: Key, action: Action) {
        if self.tickets.get(&client).is_some_and(|latest| *latest >= ticket) {
            return;
        }
        self.tickets.insert(client, ticket);
        let first = Ballot { id: self.id, ..Ballot::ZERO };
        let register = self.registers.entry(key).or_insert(Register {
            ballot: first,
            leading: None,
            attempt: None,
        });
        if register.attempt.is_some() {
            cx.mark("lock-busy");
            cx.send(client, Message::Changed { ticket, answer: Answer::Busy });
            return;
        }
        register.ballot = register.ballot.advanced();
        let leading = register.leading;
        let (phase, quorum) = match leading {
            None => {
                let newest = (Ballot::ZERO, Observation::EMPTY);
                (Phase::Prepare { newest }, &self.configuration.prepare)
            }
            Some(state) => {
                cx.mark("one-round-trip");
                (Phase::accept(&action, state), &self.configuration.accept)
            }
        };
        let round = Round::new(quorum);
        let timer = cx.set_timer(self.timeout, Timer::GiveUp(key));
        register.attempt = Some(Attempt { client, ticket, action, phase, round, timer });
        self.ask(cx, key);
    }

    /// Sends the request of the present phase to all acceptors of that phase.
    fn ask(&self, cx: &mut Cx<'_>, key: Key) {
        let register = &self.registers[&key];
        let Some(attempt) = &register.attempt else {
            return;
        };
        let request = match attempt.phase {
            Phase::Prepare { .. } => Request::Prepare,
            Phase::Accept { state, .. } => Request::Accept(state),
        };
        let (ballot, age) = (register.ballot, self.age);
        for acceptor in &self.quorum(&attempt.phase).nodes {
            cx.send(*acceptor, Message::Request { key, ballot, age, request });
        }
    }

    fn quorum(&self, phase: &Phase) -> &Quorum {
        match phase {
            Phase::Prepare { .. } => &self.configuration.prepare,
            Phase::Accept { .. } => &self.configuration.accept,
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
        let Some(attempt) = self.attempt(key, ballot) else {
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
        };
        self.hear(cx, acceptor, (key, ballot), reply);
    }

    /// The connection to an acceptor broke: what it has not answered it will not answer.
    fn disconnect(&mut self, cx: &mut Cx<'_>, acceptor: NodeId) {
        let keys: Vec<Key> = self.registers.keys().copied().collect();
        for key in keys {
            let attempt = self.registers.get_mut(&key).and_then(|known| known.attempt.as_mut());
            if attempt.is_some_and(|attempt| attempt.round.hear(acceptor)) {
                self.proceed(cx, key);
            }
        }
    }

    /// The time for answers is over.
    fn give_up(&mut self, cx: &mut Cx<'_>, key: Key) {
        let Some(register) = self.registers.get_mut(&key) else {
            return;
        };
        if let Some(attempt) = &mut register.attempt {
            cx.mark("timeout");
            attempt.round.give_up();
            self.proceed(cx, key);
        }
    }

    /// The attempt under this ballot, if it is still on.
    fn attempt(&mut self, key: Key, ballot: Ballot) -> Option<&mut Attempt> {
        let register = self.registers.get_mut(&key)?;
        register.attempt.as_mut().filter(|_| register.ballot == ballot)
    }

    /// Goes on to the next phase, or answers the client, if the round is decided.
    fn proceed(&mut self, cx: &mut Cx<'_>, key: Key) {
        let register = self.registers.get_mut(&key).expect("an attempt has a register");
        let attempt = register.attempt.as_mut().expect("the attempt that was heard of");
        let standing = attempt.round.standing();
        if standing == Standing::Open {
            return;
        }
        cx.cancel_timer(attempt.timer);
        let conflict = attempt.round.conflict();
        match (&attempt.phase, standing) {
            (Phase::Prepare { newest: (_, state) }, Standing::Reached) => {
                register.leading = Some(*state);
                attempt.phase = Phase::accept(&attempt.action, *state);
                attempt.round = Round::new(&self.configuration.accept);
                attempt.timer = cx.set_timer(self.timeout, Timer::GiveUp(key));
                self.ask(cx, key);
            }
            (Phase::Prepare { .. }, _) => {
                register.fast_forward(conflict);
                register.answer(cx, Answer::NotPrepared);
            }
            (&Phase::Accept { state, changed }, standing) => {
                // Even if the quorum was reached: whoever objects has promised somebody else.
                if conflict.is_some() {
                    register.leading = None;
                    register.fast_forward(conflict);
                }
                if standing == Standing::Impossible {
                    return register.answer(cx, Answer::Unknown);
                }
                if let Some(last) = &mut register.leading {
                    *last = state;
                }
                register.answer(
                    cx,
                    match changed {
                        Changed::To(state) => Answer::Ok(state),
                        Changed::Refused => Answer::Refused(state),
                    },
                );
            }
        }
    }
}

impl Phase {
    /// To have accepted what a change makes of a state. A refused change leaves it as it is.
    fn accept(action: &Action, state: Observation) -> Phase {
        let changed = apply(action, state);
        match changed {
            Changed::To(next) => Phase::Accept { state: next, changed },
            Changed::Refused => Phase::Accept { state, changed },
        }
    }

    /// Whether this is an answer to what was asked in this phase.
    fn awaits(&self, reply: Reply) -> bool {
        let of_accept =
            matches!(reply, Reply::Accepted | Reply::AcceptConflict { .. } | Reply::AcceptError);
        of_accept == matches!(self, Phase::Accept { .. })
    }
}

impl Register {
    /// Moves to an epoch past a competitor's.
    fn fast_forward(&mut self, conflict: Option<Ballot>) {
        if let Some(seen) = conflict {
            self.ballot = self.ballot.past(seen);
        }
    }

    /// Answers the client, and gives back the lock.
    fn answer(&mut self, cx: &mut Cx<'_>, answer: Answer) {
        let attempt = self.attempt.take().expect("who is answered has asked");
        if answer == Answer::Unknown {
            cx.mark("unknown-outcome");
        }
        cx.send(attempt.client, Message::Changed { ticket: attempt.ticket, answer });
    }
}
