//! The sweeper: goes over all of its keys once, and is done when each has succeeded.
//!
//! It reads them, which with CASPaxos commits them again: that is the rescan of a change of
//! membership. Or it writes each of them once, so that there is something that nobody touches for a
//! long time.

use history::{Action, Completion, Key, NodeId, Span, Value};
use sim::{Context, Input, Keep, Waiting};

use crate::call::Call;
use crate::{Message, Protocol, Report, Timer};

/// Before each try it waits so long.
const PAUSE: Span = Span::from_millis(1);

type Cx<'a> = Context<'a, Protocol>;

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
    /// How long it waits for an answer.
    patience: Span,
    call: Option<Call>,
    /// Whether an orchestrator has it begin, not the start of its node.
    is_ordered: bool,
    has_begun: bool,
}

impl sim::Process for Sweeper {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Start if !self.is_ordered || self.has_begun => self.pause(cx),
            Input::Message { from, message: Message::Order { number, .. } } => {
                if self.keys.is_empty() {
                    cx.send(from, Message::Report { number, report: Report::Done });
                } else if !self.has_begun {
                    self.has_begun = true;
                    self.pause(cx);
                }
            }
            Input::Timer(Timer::Try) => self.attempt(cx),
            input => self.hear(cx, &input),
        }
    }

    /// A sweeper that starts again goes on with the keys that it is not yet done with.
    fn crash(self, _: Keep) -> Sweeper {
        Sweeper { call: None, ..self }
    }
}

impl Sweeper {
    pub(crate) fn new(
        sweep: Sweep,
        proposers: Vec<NodeId>,
        keys: Vec<Key>,
        patience: Span,
    ) -> Sweeper {
        let (is_ordered, has_begun) = (false, false);
        Sweeper { sweep, proposers, keys, patience, call: None, is_ordered, has_begun }
    }

    /// The same, but it waits for an order.
    pub(crate) fn ordered(self) -> Sweeper {
        Sweeper { is_ordered: true, ..self }
    }

    /// How many keys it is not yet done with.
    pub(crate) fn missing(&self) -> usize {
        self.keys.len()
    }

    /// Whom it waits for.
    pub(crate) fn waits_for(&self) -> Option<Waiting> {
        self.call.map(|call| call.waits_for())
    }

    fn pause(&self, cx: &mut Cx<'_>) {
        cx.set_timer(PAUSE, Timer::Try);
    }

    fn attempt(&mut self, cx: &mut Cx<'_>) {
        let Some(key) = self.keys.last().copied() else {
            cx.mark("swept");
            return;
        };
        let place = cx.choose("proposer", self.proposers.len() as u64) as usize;
        let call =
            Call::begin(cx, self.proposers[place], self.patience, key, |op| match self.sweep {
                Sweep::Read => Action::Read,
                Sweep::Write => Action::Write { value: Value::of(op) },
            });
        self.call = Some(call);
    }

    /// Something that may end the operation that it waits for.
    fn hear(&mut self, cx: &mut Cx<'_>, input: &Input<Protocol>) {
        let Some(completion) = self.call.and_then(|call| call.end(cx, input)) else {
            return;
        };
        self.call = None;
        if let Completion::Ok(_) = completion {
            self.keys.pop();
        }
        self.pause(cx);
    }
}
