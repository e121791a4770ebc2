//! What a process may know and do while it handles an input.

use std::borrow::Cow;
use std::collections::VecDeque;

use history::{Completion, Invoke, Key, NodeId, Object, OpId, Return, Span, Time};
use serde::{Deserialize, Serialize};

use crate::{Clock, Delay, LocalTime, Protocol, WallTime};

/// What a client of the protocol can ask.
pub type ActionOf<P> = <<P as Protocol>::Object as Object>::Action;
/// What an operation of the protocol can learn.
pub type ObservationOf<P> = <<P as Protocol>::Object as Object>::Observation;

/// A timer of a node: counted from 0, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimerId(pub u64);

/// What a process wants to happen. Effects apply in the order in which they were pushed.
#[derive(Clone, Debug, PartialEq, Hash)]
#[repr(u64)]
pub enum Effect<P: Protocol> {
    /// Send a message.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: P::Message,
    },
    /// Have a timer run out after a while, by the node's own monotonic clock.
    SetTimer {
        /// To cancel it by.
        id: TimerId,
        /// After how long.
        after: Span,
        /// What the process will be handed.
        timer: P::Timer,
    },
    /// Forget a timer. Nothing happens if it has run out already.
    CancelTimer(TimerId),
    /// An operation begins.
    Invoke(Invoke<P::Object>),
    /// An operation ends.
    Return(Return<P::Object>),
    /// Something worth counting was reached.
    Mark(Cow<'static, str>),
    /// The process claims something about itself.
    Claim(P::Claim),
    /// The node is at work for so long. The effects that follow apply after that, and so does
    /// whatever arrives meanwhile. With no time at all it is a point at which the node can be
    /// paused or crash.
    Busy(Span),
}

/// Answers questions, and notes the answers; behind it stand the world's
/// [`Choices`](crate::Choices).
pub(crate) trait Chooser {
    fn choose(&mut self, purpose: &'static str, bound: u64) -> u64;
}

/// A question and its answer. It is an event of the moment at which it was asked, even if the
/// process goes on to be busy: so answers stand in a recording in the order of asking.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) purpose: &'static str,
    /// Who asked, if that was not the node.
    pub(crate) name: Option<String>,
    pub(crate) ordinal: u32,
    pub(crate) bound: u64,
    pub(crate) answer: u64,
}

/// A question of chance, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// What it was about, such as `backoff`.
    pub purpose: String,
    /// The link, node or track that asked.
    pub name: String,
    /// The answer is below this.
    pub bound: u64,
    /// The answer.
    pub answer: u64,
}

impl Question {
    /// Whether an explorer that tries up to `limit` answers to a question tries only the answer 0
    /// to this one. The exploration is incomplete then.
    #[must_use]
    pub fn is_cut_short(&self, limit: u64) -> bool {
        self.bound > limit
    }
}

/// What a process may know and do while it handles an input.
pub struct Context<'a, P: Protocol> {
    pub(crate) me: NodeId,
    pub(crate) now: Now<'a>,
    pub(crate) effects: &'a mut VecDeque<Effect<P>>,
    pub(crate) chooser: &'a mut dyn Chooser,
    pub(crate) counters: &'a mut Counters,
}

/// The time of a context: a clock is read only if the process asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Now<'a> {
    Read(LocalTime),
    Of(&'a Clock, Time),
}

/// What a node numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) next_timer: u64,
    pub(crate) next_operation: u32,
}

impl<P: Protocol> Context<'_, P> {
    /// The node on which the process runs.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// What the node's own clocks show. It does not change while an input is being handled.
    #[must_use]
    pub fn now(&self) -> LocalTime {
        match self.now {
            Now::Read(time) => time,
            Now::Of(clock, now) => clock.read(now),
        }
    }

    /// Sends `message` to node `to`.
    #[inline]
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.effects.push_back(Effect::Send { to, message });
    }

    /// Has the process handed `timer` after `after`, by the node's own monotonic clock.
    pub fn set_timer(&mut self, after: Span, timer: P::Timer) -> TimerId {
        let id = TimerId(self.counters.next_timer);
        self.counters.next_timer += 1;
        self.effects.push_back(Effect::SetTimer { id, after, timer });
        id
    }

    /// Forgets a timer. Nothing happens if it has run out already.
    pub fn cancel_timer(&mut self, id: TimerId) {
        self.effects.push_back(Effect::CancelTimer(id));
    }

    /// A number below `bound`, by chance: the same for the same question in every run of a seed.
    /// Where there is only one answer, nothing is asked.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn choose(&mut self, purpose: &'static str, bound: u64) -> u64 {
        match bound {
            1 => 0,
            _ => self.chooser.choose(purpose, bound),
        }
    }

    /// A length of time by chance, at least `delay.min` and less than `delay.max`. If the two are
    /// equal, it is that long and nothing is asked.
    ///
    /// ```
    /// use history::Span;
    /// use sim::{Delay, Sandbox, Types};
    ///
    /// let mut sandbox = Sandbox::<Types<()>>::default();
    /// sandbox.answers = vec![250];
    /// let delay = Delay { min: Span(1_000), max: Span(2_000) };
    /// assert_eq!(sandbox.context().draw("pause", delay), Span(1_250));
    /// ```
    pub fn draw(&mut self, purpose: &'static str, delay: Delay) -> Span {
        let width = delay.max.0.saturating_sub(delay.min.0);
        Span(delay.min.0 + self.choose(purpose, width.max(1)))
    }

    /// Says that a client operation begins. What it does may depend on its name, by which a value
    /// tells who wrote it: `cx.invoke(key, |op| Action::Write { value: Value::of(op) })`.
    pub fn invoke(
        &mut self,
        key: Key,
        action: impl FnOnce(OpId) -> ActionOf<P>,
    ) -> Invoke<P::Object> {
        let op = OpId { client: self.me, ordinal: self.counters.next_operation };
        self.counters.next_operation += 1;
        let invoke = Invoke { op, key, action: action(op) };
        self.effects.push_back(Effect::Invoke(invoke.clone()));
        invoke
    }

    /// Says how operation `op` ended.
    pub fn complete(&mut self, op: OpId, completion: Completion<ObservationOf<P>>) {
        self.effects.push_back(Effect::Return(Return { op, completion }));
    }

    /// Says that something worth counting was reached, such as `"ballot-conflict"`. Scenarios can
    /// demand marks.
    pub fn mark(&mut self, name: &'static str) {
        self.effects.push_back(Effect::Mark(Cow::Borrowed(name)));
    }

    /// Claims something about this process, such as that it holds a lock: an event that checkers
    /// can hold against what is true.
    pub fn claim(&mut self, claim: P::Claim) {
        self.effects.push_back(Effect::Claim(claim));
    }

    /// Keeps the node at work for `span`: what is pushed after this happens after that.
    pub fn busy(&mut self, span: Span) {
        self.effects.push_back(Effect::Busy(span));
    }

    /// A point between a check and the act on it at which the node can be paused, or crash: what is
    /// pushed after this may happen later than the process thinks.
    pub fn yield_now(&mut self) {
        self.busy(Span::ZERO);
    }
}

/// What it takes to hand a process an input outside of a world: for tests of a process alone, and
/// for drivers that run one over real sockets.
#[derive(Clone, Debug)]
pub struct Sandbox<P: Protocol> {
    /// Which node the process believes to run on.
    pub me: NodeId,
    /// What its clocks show.
    pub now: LocalTime,
    /// What the questions of the next inputs are answered with, in this order. They take the place
    /// of what is left of earlier ones. When they have run out the answer is 0.
    pub answers: Vec<u64>,
    desk: Desk,
    effects: VecDeque<Effect<P>>,
    counters: Counters,
}

/// Answers the questions of a process outside of a world.
#[derive(Clone, Debug, Default)]
struct Desk {
    answers: VecDeque<u64>,
    questions: Vec<Question>,
}

impl<P: Protocol> Default for Sandbox<P> {
    fn default() -> Sandbox<P> {
        let now = LocalTime { wall: WallTime::EPOCH, monotonic: Time::ZERO };
        Sandbox {
            me: NodeId(0),
            now,
            answers: Vec::new(),
            desk: Desk::default(),
            effects: VecDeque::new(),
            counters: Counters::default(),
        }
    }
}

impl Chooser for Desk {
    fn choose(&mut self, purpose: &'static str, bound: u64) -> u64 {
        let answer = self.answers.pop_front().unwrap_or(0);
        assert!(answer < bound, "the answer {answer} to {purpose:?} is not below {bound}");
        let (purpose, name) = (purpose.to_owned(), String::new());
        self.questions.push(Question { purpose, name, bound, answer });
        answer
    }
}

impl<P: Protocol> Sandbox<P> {
    /// A context for the next input.
    pub fn context(&mut self) -> Context<'_, P> {
        if !self.answers.is_empty() {
            self.desk.answers = std::mem::take(&mut self.answers).into();
        }
        self.desk.questions.clear();
        Context {
            me: self.me,
            now: Now::Read(self.now),
            effects: &mut self.effects,
            chooser: &mut self.desk,
            counters: &mut self.counters,
        }
    }

    /// What the process asked while it handled the last input, and the answers. The name of each
    /// question is empty: in a world it is the name of the node.
    #[must_use]
    pub fn take_questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.desk.questions)
    }

    /// What the process wanted to happen since the last call.
    #[must_use]
    pub fn take_effects(&mut self) -> Vec<Effect<P>> {
        std::mem::take(&mut self.effects).into()
    }
}
