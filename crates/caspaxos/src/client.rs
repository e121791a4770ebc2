//! The client: reads a register and writes on top of the state that it read, in a loop.
//!
//! For each write the client picks a key and a proposer, and reads. Then it writes on top of that
//! state with compare-and-set, through a proposer that it picks independently. If the read or the
//! write fails, the client tries once more, and then picks again. It stops after a number of
//! writes, or when the operator stops it. Gryadka's test client has the same loop, but reads and
//! writes through one proposer. So it never sees how another proposer continues after an unknown
//! outcome.
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

/// The number of tries before the client picks another key and other proposers.
const TRIES: u32 = 2;

type Cx<'a> = Context<'a, Protocol>;

/// A client.
#[derive(Clone, Debug, Hash)]
pub struct Client {
    proposers: Vec<NodeId>,
    keys: Vec<Key>,
    /// The timeout of a reply.
    timeout: Span,
    /// The pause before each try.
    pause: Delay,
    /// The number of writes that must still succeed. `None` if the client continues until it is
    /// stopped.
    missing: Option<u64>,
    /// The client deletes instead of writing once in this many times. 0 means never.
    deletes_one_in: u64,
    stopping: bool,
    pick: Option<Pick>,
    call: Option<Call>,
}

/// The current call.
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
            input => self.on_input(cx, &input),
        }
    }

    /// A restarted client has forgotten its open operation, but not its task.
    fn crash(self, _: Keep) -> Client {
        Client { pick: None, call: None, ..self }
    }
}

impl Client {
    /// The default pause before each try. A busy lock replies at once, so without a pause time
    /// would stand still.
    pub const PAUSE: Delay = Delay { min: Span::from_millis(1), max: Span::from_millis(1) };

    /// A client that stops after `writes` successful writes, or continues until it is stopped if
    /// `writes` is `None`. It waits for a proposer's reply for at most `timeout`.
    #[must_use]
    pub fn new(
        proposers: Vec<NodeId>,
        keys: Vec<Key>,
        writes: Option<u64>,
        timeout: Span,
    ) -> Client {
        Client {
            proposers,
            keys,
            timeout,
            pause: Client::PAUSE,
            missing: writes,
            deletes_one_in: 0,
            stopping: false,
            pick: None,
            call: None,
        }
    }

    /// Sets the pause before each try.
    #[must_use]
    pub fn with_pause(self, pause: Delay) -> Client {
        Client { pause, ..self }
    }

    /// Makes the client delete instead of writing, once in this many times. A deletion counts as a
    /// write.
    #[must_use]
    pub fn with_deletions(self, one_in: u64) -> Client {
        Client { deletes_one_in: one_in, ..self }
    }

    /// The node for which the client waits.
    pub(crate) fn waits_for(&self) -> Option<Waiting> {
        self.call.map(|call| call.waits_for())
    }

    /// Whether the client has finished its task.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.call.is_none() && self.pick.is_none() && (self.stopping || self.missing == Some(0))
    }

    /// The number of writes that must still succeed.
    pub(crate) fn missing(&self) -> Option<u64> {
        self.missing
    }

    fn pause(&self, cx: &mut Cx<'_>) {
        let pause = cx.draw("pause", self.pause);
        cx.set_timer(pause, Timer::Try);
    }

    /// Begins with a read.
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
        self.call = Some(Call::begin(cx, proposer, self.timeout, key, action));
    }

    /// Handles an input that may end the open operation.
    fn on_input(&mut self, cx: &mut Cx<'_>, input: &Input<Protocol>) {
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

/// A write on top of the seen state, with the operation's own value.
fn write_on(expected: Observation, op: OpId) -> Action {
    Action::Cas { expected, value: Value::of(op) }
}
