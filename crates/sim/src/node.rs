//! A node: a process, its clocks, and whether it is there to handle anything.

use std::collections::{BTreeSet, VecDeque};

use history::Span;

use crate::context::Chooser;
use crate::network::Role;
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
        NodeSpec {
            name: name.into(),
            role,
            clock,
            starts_at_once: true,
            process,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Node<P: Process, I> {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) clock: Clock,
    pub(crate) process: P,
    pub(crate) starts_at_once: bool,
    pub(crate) up: bool,
    /// How many times it has crashed: what was meant for an earlier life is void.
    pub(crate) life: u32,
    pub(crate) paused: bool,
    pub(crate) busy: bool,
    /// How much longer each step takes.
    pub(crate) slow: Span,
    /// What came while the node was paused or busy, in order.
    pub(crate) waiting: VecDeque<I>,
    /// The timers that have been set and have neither run out nor been cancelled.
    pub(crate) timers: BTreeSet<u64>,
    pub(crate) next_timer: u64,
    pub(crate) next_operation: u32,
    /// Where in the table of links those from this node are, by the number of the other node.
    pub(crate) links: Vec<Option<u32>>,
    /// Its streams of answers so far, by purpose.
    pub(crate) streams: Vec<(&'static str, StreamId)>,
}

impl<P: Process, I> Node<P, I> {
    pub(crate) fn new(spec: NodeSpec<P>) -> Node<P, I> {
        Node {
            name: spec.name,
            role: spec.role,
            clock: spec.clock,
            process: spec.process,
            starts_at_once: spec.starts_at_once,
            up: false,
            life: 0,
            paused: false,
            busy: false,
            slow: Span::ZERO,
            waiting: VecDeque::new(),
            timers: BTreeSet::new(),
            next_timer: 0,
            next_operation: 0,
            links: Vec::new(),
            streams: Vec::new(),
        }
    }

    /// Whether it handles, when it comes, what was meant for that life of it.
    #[inline]
    pub(crate) fn can_handle(&self, life: u32) -> bool {
        life == self.life && self.up && !self.paused && !self.busy
    }

    /// Its life ends: all that is volatile is gone. What it will not handle any more is handed back.
    pub(crate) fn die(&mut self) -> VecDeque<I> {
        self.up = false;
        self.life += 1;
        self.busy = false;
        self.paused = false;
        self.timers.clear();
        std::mem::take(&mut self.waiting)
    }
}

/// Puts a process's questions to the world's choices, under the name of the node.
pub(crate) struct NodeChooser<'a, C> {
    pub(crate) choices: &'a mut C,
    pub(crate) name: &'a str,
    pub(crate) streams: &'a mut Vec<(&'static str, StreamId)>,
}

impl<C: Choices> Chooser for NodeChooser<'_, C> {
    fn choose(&mut self, purpose: &'static str, bound: u64) -> u64 {
        let known = self.streams.iter().find(|(name, _)| *name == purpose);
        let stream = known.map(|(_, stream)| *stream).unwrap_or_else(|| {
            let stream = self.choices.stream(purpose, self.name);
            self.streams.push((purpose, stream));
            stream
        });
        self.choices.draw(stream, bound)
    }
}
