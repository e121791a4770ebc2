//! A node: a process, its clocks, and whether it is there to handle anything.

use std::collections::VecDeque;

use history::Span;

use crate::context::{Answer, Chooser, Counters};
use crate::network::Role;
use crate::timers::Timers;
use crate::{Choices, Clock, Process, StreamId};

/// A node to be added to a world.
#[derive(Clone, Debug)]
pub struct NodeSpec<P> {
    /// What it is called; a name is used once in a world. Chance goes by it.
    pub name: String,
    /// What kind of node it is.
    pub role: Role,
    /// How its clocks go wrong.
    pub clock: Clock,
    /// Whether it starts with the run, or waits for the nemesis to start it.
    pub starts_at_once: bool,
    /// What runs on it.
    pub process: P,
}

impl<P> NodeSpec<P> {
    /// A node with a faultless clock that starts with the run.
    #[must_use]
    pub fn new(name: impl Into<String>, role: Role, process: P) -> NodeSpec<P> {
        let clock = Clock::default();
        NodeSpec { name: name.into(), role, clock, starts_at_once: true, process }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Node<P: Process, I> {
    pub(crate) role: Role,
    pub(crate) clock: Clock,
    pub(crate) process: P,
    pub(crate) starts_at_once: bool,
    pub(crate) activity: Activity,
    /// How many times it has crashed: what was meant for an earlier life is void.
    pub(crate) life: u32,
    /// How much longer each step takes.
    pub(crate) slow: Span,
    /// What came while the node was held up, in order.
    pub(crate) waiting: VecDeque<I>,
    pub(crate) timers: Timers,
    pub(crate) counters: Counters,
    /// Where in the table of links those from this node are, by the number of the other node; or
    /// [`NO_LINK`].
    pub(crate) links: Vec<u32>,
    pub(crate) asking: Asking,
}

/// The place in the table of links of one that has not been made yet: beyond any.
pub(crate) const NO_LINK: u32 = u32::MAX;

/// What a node is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// Nothing: it is not there.
    Down,
    /// Waiting for something to handle.
    Idle,
    /// Working on what it has handled.
    Busy,
    /// Nothing, until it is resumed.
    Paused,
    /// Nothing; and when it is resumed it has work to finish.
    PausedAtWork,
}

impl Activity {
    pub(crate) fn paused(self) -> Activity {
        match self {
            Activity::Down => Activity::Down,
            Activity::Idle | Activity::Paused => Activity::Paused,
            Activity::Busy | Activity::PausedAtWork => Activity::PausedAtWork,
        }
    }

    pub(crate) fn resumed(self) -> Activity {
        match self {
            Activity::Paused => Activity::Idle,
            Activity::PausedAtWork => Activity::Busy,
            other => other,
        }
    }

    /// When the time is over that its work took.
    pub(crate) fn done(self) -> Activity {
        match self {
            Activity::Busy => Activity::Idle,
            Activity::PausedAtWork => Activity::Paused,
            other => other,
        }
    }
}

/// Under what name a node asks its questions, and its streams of answers so far, by purpose.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(crate) name: String,
    /// With how often each was asked.
    streams: Vec<(&'static str, StreamId, u32)>,
}

impl<P: Process, I> Node<P, I> {
    pub(crate) fn new(spec: NodeSpec<P>) -> Node<P, I> {
        Node {
            role: spec.role,
            clock: spec.clock,
            process: spec.process,
            starts_at_once: spec.starts_at_once,
            activity: Activity::Down,
            life: 0,
            slow: Span::ZERO,
            waiting: VecDeque::new(),
            timers: Timers::default(),
            counters: Counters::default(),
            links: Vec::new(),
            asking: Asking { name: spec.name, streams: Vec::new() },
        }
    }

    /// Whether it handles, when it comes, what was meant for that life of it.
    #[inline]
    pub(crate) fn can_handle(&self, life: u32) -> bool {
        self.activity == Activity::Idle && life == self.life
    }

    /// Its life ends: all that is volatile is gone. What it will not handle any more is handed
    /// back.
    pub(crate) fn die(&mut self) -> VecDeque<I> {
        self.activity = Activity::Down;
        self.life += 1;
        self.timers.clear();
        std::mem::take(&mut self.waiting)
    }
}

/// Puts a process's questions to the world's choices, under the name of the node.
pub(crate) struct NodeChooser<'a, C> {
    pub(crate) choices: &'a mut C,
    pub(crate) asking: &'a mut Asking,
    pub(crate) answers: &'a mut Vec<Answer>,
}

impl<C: Choices> Chooser for NodeChooser<'_, C> {
    fn choose(&mut self, purpose: &'static str, bound: u64) -> u64 {
        let Asking { name, streams } = self.asking;
        let known = streams.iter().position(|(known, ..)| *known == purpose);
        let place = known.unwrap_or_else(|| {
            streams.push((purpose, self.choices.stream(purpose, name), 0));
            streams.len() - 1
        });
        let (_, stream, asked) = &mut streams[place];
        let answer = self.choices.draw(*stream, bound);
        self.answers.push(Answer { purpose, name: None, ordinal: *asked, bound, answer });
        *asked += 1;
        answer
    }
}
