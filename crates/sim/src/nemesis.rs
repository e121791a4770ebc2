//! What goes wrong on purpose, and what else an operator does to a running system.
//!
//! The nemesis is a part of the world: it sees every event, at once, and answers with commands. A
//! command is carried out when the node at which the event happened has finished its step, and is
//! an event itself.

use std::collections::{BTreeMap, VecDeque};

use history::{NodeId, Span, Time};
use serde::{Deserialize, Serialize};

use crate::context::Answer;
use crate::{Choices, Endpoint, Event, Keep, Protocol, StreamId};

/// Something done to the system from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command<M> {
    /// Nothing sent from here to there arrives, until healed. Cutting twice takes healing twice.
    Cut {
        /// Senders.
        from: Endpoint,
        /// Receivers.
        to: Endpoint,
    },
    /// Takes back a cut between exactly these.
    Heal {
        /// Senders.
        from: Endpoint,
        /// Receivers.
        to: Endpoint,
    },
    /// What is sent from here to there is held, until released.
    Hold {
        /// Senders.
        from: Endpoint,
        /// Receivers.
        to: Endpoint,
    },
    /// Takes back a hold between exactly these; what it held is sent on its way.
    Release {
        /// Senders.
        from: Endpoint,
        /// Receivers.
        to: Endpoint,
    },
    /// A node starts, for the first time or after a crash. Nothing if it is up.
    Start(NodeId),
    /// A node crashes. Nothing if it is down.
    Crash {
        /// Which.
        node: NodeId,
        /// What survives.
        keep: Keep,
    },
    /// A node stops handling anything; its clocks go on. Nothing if it is down.
    Pause(NodeId),
    /// A paused node handles what it missed, in order, and goes on.
    Resume(NodeId),
    /// From now on each step of a node takes so long.
    Slow {
        /// Which.
        node: NodeId,
        /// How much longer; nothing makes it as fast as ever.
        by: Span,
    },
    /// A node's wall clock jumps.
    StepClock {
        /// Which.
        node: NodeId,
        /// How far ahead; negative is back.
        by_ns: i64,
    },
    /// A word of the operator to a process: it arrives at once, as a message from
    /// [`NodeId::WORLD`]. A node that is down does not receive it.
    Tell {
        /// To whom.
        node: NodeId,
        /// What.
        message: M,
    },
    /// The nemesis wants to be woken by an alarm event.
    Wake {
        /// When. A time that has passed is now.
        at: Time,
        /// Which alarm it will be.
        alarm: u32,
    },
    /// From now on the network is sound: all cuts and holds are taken back, what was held is
    /// sent on its way, and nothing is lost or arrives twice any more.
    Mend,
}

impl<M> Command<M> {
    /// The node that a command is about, or the world.
    #[must_use]
    pub fn node(&self) -> NodeId {
        match *self {
            Command::Start(node)
            | Command::Crash { node, .. }
            | Command::Pause(node)
            | Command::Resume(node)
            | Command::Slow { node, .. }
            | Command::StepClock { node, .. }
            | Command::Tell { node, .. } => node,
            _ => NodeId::WORLD,
        }
    }
}

impl Command<std::convert::Infallible> {
    /// The same command in a world of messages: one without words of the operator.
    #[must_use]
    pub fn for_messages<M>(self) -> Command<M> {
        match self {
            Command::Cut { from, to } => Command::Cut { from, to },
            Command::Heal { from, to } => Command::Heal { from, to },
            Command::Hold { from, to } => Command::Hold { from, to },
            Command::Release { from, to } => Command::Release { from, to },
            Command::Start(node) => Command::Start(node),
            Command::Crash { node, keep } => Command::Crash { node, keep },
            Command::Pause(node) => Command::Pause(node),
            Command::Resume(node) => Command::Resume(node),
            Command::Slow { node, by } => Command::Slow { node, by },
            Command::StepClock { node, by_ns } => Command::StepClock { node, by_ns },
            Command::Tell { message, .. } => match message {},
            Command::Wake { at, alarm } => Command::Wake { at, alarm },
            Command::Mend => Command::Mend,
        }
    }
}

/// What gives the commands.
pub trait Nemesis<P: Protocol>: Clone {
    /// Sees an event, and may answer with commands.
    fn on_event(&mut self, event: &Event<P>, cx: &mut NemesisContext<'_, P::Message>);
}

/// Nothing goes wrong on purpose.
impl<P: Protocol> Nemesis<P> for () {
    #[inline]
    fn on_event(&mut self, _: &Event<P>, _: &mut NemesisContext<'_, P::Message>) {}
}

/// Two of them, the first first.
impl<P: Protocol, A: Nemesis<P>, B: Nemesis<P>> Nemesis<P> for (A, B) {
    #[inline]
    fn on_event(&mut self, event: &Event<P>, cx: &mut NemesisContext<'_, P::Message>) {
        self.0.on_event(event, cx);
        self.1.on_event(event, cx);
    }
}

/// How the nemesis acts.
pub struct NemesisContext<'a, M> {
    pub(crate) commands: &'a mut VecDeque<Command<M>>,
    pub(crate) chooser: &'a mut dyn NamedChooser,
}

impl<M> NemesisContext<'_, M> {
    /// Gives a command.
    pub fn command(&mut self, command: Command<M>) {
        self.commands.push_back(command);
    }

    /// A number below `bound`, by chance. Where there is only one answer, nothing is asked.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn choose(&mut self, purpose: &'static str, bound: u64) -> u64 {
        self.choose_for("nemesis", purpose, bound)
    }

    /// As [`choose`](Self::choose), for the part of the nemesis that has this name. Each name has
    /// answers of its own, so one part less leaves the answers of the others as they were.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn choose_for(&mut self, name: &str, purpose: &'static str, bound: u64) -> u64 {
        match bound {
            1 => 0,
            _ => self.chooser.choose(name, purpose, bound),
        }
    }
}

/// Answers the questions of the parts of a nemesis.
pub(crate) trait NamedChooser {
    fn choose(&mut self, name: &str, purpose: &'static str, bound: u64) -> u64;
}

/// Puts the nemesis's questions to the world's choices.
pub(crate) struct NemesisChooser<'a, C> {
    pub(crate) choices: &'a mut C,
    /// How often each part asked for each purpose.
    pub(crate) asked: &'a mut BTreeMap<StreamId, u32>,
    pub(crate) answers: &'a mut Vec<Answer>,
}

impl<C: Choices> NamedChooser for NemesisChooser<'_, C> {
    fn choose(&mut self, name: &str, purpose: &'static str, bound: u64) -> u64 {
        let stream = self.choices.stream(purpose, name);
        let answer = self.choices.draw(stream, bound);
        let asked = self.asked.entry(stream).or_default();
        let (name, ordinal) = (Some(name.to_owned()), *asked);
        self.answers.push(Answer { purpose, name, ordinal, bound, answer });
        *asked += 1;
        answer
    }
}
