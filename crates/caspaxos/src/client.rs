//! The client: reads a register and writes on top of what it read, again and again.
//!
//! For each write it picks a key and a proposer to read by; reads; and writes on top of that with
//! compare-and-set, by a proposer that it picks independently. If one of the two does not come to a
//! good end it tries once more, and then picks anew. It stops after so many writes, or when it is
//! told to. This is the loop of Gryadka's test client, which read and wrote by the same proposer
//! and so never saw what another one makes of an unknown outcome.
//!
//! ```
//! use caspaxos::client::Client;
//! use caspaxos::{Message, Timer};
//! use history::{Action, Key, NodeId, Span};
//! use sim::{Effect, Input, Process, Sandbox};
//!
//! let mut client = Client::new(vec![NodeId(1)], vec![Key(0)], Some(10), Span::from_secs(1));
//! let mut sandbox = Sandbox::default();
//! client.handle(&mut sandbox.context(), Input::Timer(Timer::Try));
//! let message = Message::Change { ticket: 0, key: Key(0), action: Action::Read };
//! let question = Effect::Send { to: NodeId(1), message };
//! assert!(sandbox.take_effects().contains(&question), "it reads before it writes");
//! ```

#[cfg(test)]
mod tests;

use history::{Action, Completion, Key, NodeId, Observation, OpId, Span, Value};
use sim::{Context, Delay, Input, Keep, Waiting};

use crate::call::Call;
use crate::{Message, Protocol, Timer};

/// How often it tries before it picks another key and other proposers.
const TRIES: u32 = 2;

type Cx<'a> = Context<'a, Protocol>;

/// A client.
#[derive(Clone, Debug, Hash)]
pub struct Client {
    proposers: Vec<NodeId>,
    keys: Vec<Key>,
    /// How long it waits for an answer.
    patience: Span,
    /// How long it waits before each try.
    pause: Delay,
    /// How many writes it still wants to succeed with; none if it goes on until it is told.
    missing: Option<u64>,
    /// One of so many times it deletes what it read instead of writing on top of it; never if 0.
    deletes_one_in: u64,
    stopping: bool,
    pick: Option<Pick>,
    call: Option<Call>,
}

/// What it is trying.
#[derive(Clone, Copy, Debug, Hash)]
struct Pick {
    key: Key,
    reader: NodeId,
    tries_left: u32,
}

impl sim::Process for Client {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Start => self.pause(cx),
            Input::Timer(Timer::Try) => self.attempt(cx),
            Input::Message { message: Message::Stop, .. } => self.stopping = true,
            input => self.hear(cx, &input),
        }
    }

    /// A client that starts again has forgotten what it was at, but not what it is to do.
    fn crash(self, _: Keep) -> Client {
        Client { pick: None, call: None, ..self }
    }
}

impl Client {
    /// Before each try it waits so long, if nothing else is said. (A busy lock answers at once:
    /// without this, time would stand still.)
    pub const PAUSE: Delay = Delay { min: Span::from_millis(1), max: Span::from_millis(1) };

    /// A client that wants to succeed with `writes` writes, or, if none, goes on until it is told,
    /// and that waits for a proposer's answer no longer than `patience`.
    #[must_use]
    pub fn new(
        proposers: Vec<NodeId>,
        keys: Vec<Key>,
        writes: Option<u64>,
        patience: Span,
    ) -> Client {
        Client {
            proposers,
            keys,
            patience,
            pause: Client::PAUSE,
            missing: writes,
            deletes_one_in: 0,
            stopping: false,
            pick: None,
            call: None,
        }
    }

    /// The same, but that it pauses for so long before each try.
    #[must_use]
    pub fn with_pause(self, pause: Delay) -> Client {
        Client { pause, ..self }
    }

    /// The same, but one of so many times it deletes what it has read. That counts as a write.
    #[must_use]
    pub fn with_deletions(self, one_in: u64) -> Client {
        Client { deletes_one_in: one_in, ..self }
    }

    /// Whom it waits for.
    pub(crate) fn waits_for(&self) -> Option<Waiting> {
        self.call.map(|call| call.waits_for())
    }

    /// Whether it has done what it wanted.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.call.is_none() && self.pick.is_none() && (self.stopping || self.missing == Some(0))
    }

    /// How many writes it still wants.
    pub(crate) fn missing(&self) -> Option<u64> {
        self.missing
    }

    fn pause(&self, cx: &mut Cx<'_>) {
        let pause = cx.draw("pause", self.pause);
        cx.set_timer(pause, Timer::Try);
    }

    /// Tries to read, to begin with.
    fn attempt(&mut self, cx: &mut Cx<'_>) {
        if self.is_done() {
            cx.mark("client-done");
            return;
        }
        let pick = match self.pick {
            Some(pick) => pick,
            None => self.choose(cx),
        };
        self.pick = Some(Pick { tries_left: pick.tries_left - 1, ..pick });
        self.ask(cx, pick.reader, pick.key, |_| Action::Read);
    }

    fn choose(&self, cx: &mut Cx<'_>) -> Pick {
        let reader = self.proposer(cx, "reader");
        let key = self.keys[cx.choose("key", self.keys.len() as u64) as usize];
        Pick { key, reader, tries_left: TRIES }
    }

    fn proposer(&self, cx: &mut Cx<'_>, purpose: &'static str) -> NodeId {
        let place = cx.choose(purpose, self.proposers.len() as u64);
        self.proposers[place as usize]
    }

    fn deletes(&self, cx: &mut Cx<'_>, seen: Observation) -> bool {
        let may_delete = self.deletes_one_in > 0 && seen != Observation::EMPTY;
        may_delete && cx.choose("delete", self.deletes_one_in) == 0
    }

    fn ask(
        &mut self,
        cx: &mut Cx<'_>,
        proposer: NodeId,
        key: Key,
        action: impl FnOnce(OpId) -> Action,
    ) {
        self.call = Some(Call::begin(cx, proposer, self.patience, key, action));
    }

    /// Something that may end the operation that it waits for.
    fn hear(&mut self, cx: &mut Cx<'_>, input: &Input<Protocol>) {
        let (Some(call), Some(pick)) = (self.call, self.pick) else {
            return;
        };
        let Some(completion) = call.end(cx, input) else {
            return;
        };
        self.call = None;
        match (call.action(), completion) {
            (Action::Read, Completion::Ok(seen)) => {
                let writer = self.proposer(cx, "writer");
                let deletes = self.deletes(cx, seen);
                return self.ask(cx, writer, pick.key, |op| match deletes {
                    true => Action::Delete { expected: seen },
                    false => write_on(seen, op),
                });
            }
            (_, Completion::Ok(_)) => {
                self.missing = self.missing.map(|missing| missing - 1);
                self.pick = None;
            }
            _ if pick.tries_left == 0 => self.pick = None,
            _ => (),
        }
        self.pause(cx);
    }
}

/// A write on top of what was seen, with a value of its own.
fn write_on(expected: Observation, op: OpId) -> Action {
    Action::Cas { expected, value: Value::of(op) }
}
