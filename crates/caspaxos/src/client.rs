//! The client: reads a register and writes on top of what it read, again and again.
//!
//! For each write it picks a key, a proposer to read by, and, independently, a proposer to write
//! by; reads, and writes on top of that with compare-and-set. If one of the two does not come to a
//! good end it tries once more, and then picks anew. It stops after so many writes, or when it is
//! told to. This is the loop of Gryadka's test client, which read and wrote by the same proposer
//! and so never saw what another one makes of an unknown outcome.

use history::{Action, Completion, Key, NodeId, Observation, OpId, Span, Value};
use sim::Context;

use crate::{Answer, Message, Timer};

/// Before each try it waits so long. (A busy lock answers at once: without this, time would stand
/// still.)
const PAUSE: Span = Span::from_millis(1);
/// How often it tries before it picks another key and other proposers.
const TRIES: u32 = 2;

type Cx<'a> = Context<'a, Message, Timer>;

/// A client.
#[derive(Clone, Debug, Hash)]
pub struct Client {
    proposers: Vec<NodeId>,
    keys: Vec<Key>,
    /// How many writes it still wants to succeed with; none if it goes on until it is told.
    missing: Option<u64>,
    stopping: bool,
    pick: Option<Pick>,
    open: Option<Open>,
}

/// What it is trying.
#[derive(Clone, Copy, Debug, Hash)]
struct Pick {
    key: Key,
    reader: NodeId,
    writer: NodeId,
    tries_left: u32,
}

/// The operation that it waits for.
#[derive(Clone, Copy, Debug, Hash)]
struct Open {
    op: OpId,
    action: Action,
}

impl Client {
    /// A client that wants to succeed with `writes` writes, or, if none, goes on until it is told.
    #[must_use]
    pub fn new(proposers: Vec<NodeId>, keys: Vec<Key>, writes: Option<u64>) -> Client {
        Client { proposers, keys, missing: writes, stopping: false, pick: None, open: None }
    }

    /// Whether it has done what it wanted.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.open.is_none() && self.pick.is_none() && (self.stopping || self.missing == Some(0))
    }

    /// How many writes it still wants.
    pub(crate) fn missing(&self) -> Option<u64> {
        self.missing
    }

    /// Begins.
    pub(crate) fn start(&mut self, cx: &mut Cx<'_>) {
        cx.set_timer(PAUSE, Timer::Try);
    }

    /// Finishes what it is at, and stops.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
    }

    /// Tries to read.
    pub(crate) fn attempt(&mut self, cx: &mut Cx<'_>) {
        if self.pick.is_none() && (self.stopping || self.missing == Some(0)) {
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
        let mut proposer = |purpose| {
            let place = cx.choose(purpose, self.proposers.len() as u64);
            self.proposers[place as usize]
        };
        let (reader, writer) = (proposer("reader"), proposer("writer"));
        let key = self.keys[cx.choose("key", self.keys.len() as u64) as usize];
        Pick { key, reader, writer, tries_left: TRIES }
    }

    fn ask(
        &mut self,
        cx: &mut Cx<'_>,
        proposer: NodeId,
        key: Key,
        action: impl FnOnce(OpId) -> Action,
    ) {
        let invoke = cx.invoke(key, action);
        self.open = Some(Open { op: invoke.op, action: invoke.action });
        let ticket = invoke.op.ordinal;
        cx.send(proposer, Message::Change { ticket, key, action: invoke.action });
    }

    /// A proposer answers.
    pub(crate) fn hear(&mut self, cx: &mut Cx<'_>, ticket: u32, answer: Answer) {
        let Some(Open { op, action }) = self.open.filter(|open| open.op.ordinal == ticket) else {
            return;
        };
        self.open = None;
        cx.complete(op, completion(answer));
        let Some(pick) = self.pick else { return };
        match (action, answer) {
            (Action::Read, Answer::Ok(seen)) => {
                return self.ask(cx, pick.writer, pick.key, |op| write_on(seen, op));
            }
            (_, Answer::Ok(_)) => {
                self.missing = self.missing.map(|missing| missing - 1);
                self.pick = None;
            }
            _ if pick.tries_left == 0 => self.pick = None,
            _ => (),
        }
        cx.set_timer(PAUSE, Timer::Try);
    }
}

/// A write on top of what was seen, with a value of its own.
fn write_on(expected: Observation, op: OpId) -> Action {
    Action::Cas { expected, value: Value::of(op) }
}

/// How an operation ended, by the proposer's answer.
pub(crate) fn completion(answer: Answer) -> Completion {
    match answer {
        Answer::Ok(state) => Completion::Ok(state),
        Answer::Refused(state) => Completion::Refused(state),
        Answer::Busy | Answer::NotPrepared => Completion::Failed,
        Answer::Unknown => Completion::Unknown,
    }
}
