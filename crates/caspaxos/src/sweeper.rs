//! The sweeper: goes over all of its keys once, and is done when each has succeeded.
//!
//! It reads them, which with CASPaxos commits them again: that is the rescan of a change of
//! membership. Or it writes each of them once, so that there is something that nobody touches for a
//! long time.

use history::{Action, Completion, Key, NodeId, OpId, Span, Value};
use sim::Context;

use crate::client::completion;
use crate::{Answer, Message, Timer};

/// Before each try it waits so long.
const PAUSE: Span = Span::from_millis(1);

type Cx<'a> = Context<'a, Message, Timer>;

/// What a sweeper does to each key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sweep {
    Read,
    Write,
}

#[derive(Clone, Debug, Hash)]
pub(crate) struct Sweeper {
    sweep: Sweep,
    proposers: Vec<NodeId>,
    /// Those that it is not yet done with, the next last.
    keys: Vec<Key>,
    open: Option<OpId>,
}

impl Sweeper {
    pub(crate) fn new(sweep: Sweep, proposers: Vec<NodeId>, keys: Vec<Key>) -> Sweeper {
        Sweeper { sweep, proposers, keys, open: None }
    }

    pub(crate) fn missing(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn start(&self, cx: &mut Cx<'_>) {
        cx.set_timer(PAUSE, Timer::Try);
    }

    pub(crate) fn attempt(&mut self, cx: &mut Cx<'_>) {
        let Some(key) = self.keys.last().copied() else {
            cx.mark("swept");
            return;
        };
        let place = cx.choose("proposer", self.proposers.len() as u64) as usize;
        let invoke = cx.invoke(key, |op| match self.sweep {
            Sweep::Read => Action::Read,
            Sweep::Write => Action::Write { value: Value::of(op) },
        });
        self.open = Some(invoke.op);
        let (ticket, action) = (invoke.op.ordinal, invoke.action);
        cx.send(self.proposers[place], Message::Change { ticket, key, action });
    }

    pub(crate) fn hear(&mut self, cx: &mut Cx<'_>, ticket: u32, answer: Answer) {
        let Some(op) = self.open.filter(|op| op.ordinal == ticket) else {
            return;
        };
        self.open = None;
        let completion = completion(answer);
        cx.complete(op, completion);
        if let Completion::Ok(_) = completion {
            self.keys.pop();
        }
        cx.set_timer(PAUSE, Timer::Try);
    }
}
