//! The sweeper: reads or writes each of its keys once, and is done when each operation has
//! succeeded.
//!
//! A reading sweeper commits each key again, because a read in CASPaxos is a commit. That is the
//! rescan of a change of membership. A writing sweeper writes each key once, so that there are keys
//! that no client touches for a long time.

use history::{Action, Completion, Key, NodeId, Span, Value};
use sim::{Context, Input, Keep, Waiting};

use crate::call::Call;
use crate::{Message, Protocol, Report, Timer};

/// The pause before each try.
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
    /// The remaining keys, the next one last.
    keys: Vec<Key>,
    /// The timeout of a reply.
    timeout: Span,
    call: Option<Call>,
    /// Whether it begins at an orchestrator's order instead of at the start of its node.
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
            input => self.on_input(cx, &input),
        }
    }

    /// A restarted sweeper continues with the remaining keys.
    fn crash(self, _: Keep) -> Sweeper {
        Sweeper { call: None, ..self }
    }
}

impl Sweeper {
    pub(crate) fn new(
        sweep: Sweep,
        proposers: Vec<NodeId>,
        keys: Vec<Key>,
        timeout: Span,
    ) -> Sweeper {
        let (is_ordered, has_begun) = (false, false);
        Sweeper { sweep, proposers, keys, timeout, call: None, is_ordered, has_begun }
    }

    /// Makes the sweeper wait for an order.
    pub(crate) fn ordered(self) -> Sweeper {
        Sweeper { is_ordered: true, ..self }
    }

    /// The number of remaining keys.
    pub(crate) fn missing(&self) -> usize {
        self.keys.len()
    }

    /// The node for which the sweeper waits.
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
            Call::begin(cx, self.proposers[place], self.timeout, key, |op| match self.sweep {
                Sweep::Read => Action::Read,
                Sweep::Write => Action::Write { value: Value::of(op) },
            });
        self.call = Some(call);
    }

    /// Handles an input that may end the open operation.
    fn on_input(&mut self, cx: &mut Cx<'_>, input: &Input<Protocol>) {
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
