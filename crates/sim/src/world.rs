//! The world: nodes, the network between them, and the queue of what is going to happen.
//!
//! A *step* takes the next item off the queue and hands it to its node; the process's effects are
//! applied in order; then the commands that the nemesis gave meanwhile are carried out. Every
//! happening is emitted as an event, first to the observers and then to the nemesis.
//!
//! A node that is paused or busy handles nothing: what comes for it waits in line, and is handled
//! in that order when it goes on.

mod branches;
mod command;
mod effects;
mod fingerprint;
mod holdings;
mod pending;
mod step;
mod take;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use history::{NodeId, Span, Time};

pub use self::branches::Branch;
pub use self::holdings::Holdings;
pub(crate) use self::pending::Moment;
pub use self::pending::{Choice, Pending, Upcoming};
pub use self::take::CannotTake;
use crate::context::{Answer, Effect};
use crate::nemesis::NemesisChooser;
use crate::network::Link;
use crate::node::{NO_LINK, Node};
use crate::queue::EventQueue;
use crate::{
    Choices, Command, Endpoint, Event, Kind, LinkRule, MessageId, MessageOf, Nemesis,
    NemesisContext, NodeSpec, Observer, Process, StreamId, TimerId, TimerOf,
};

/// Bounds of a run, so that it ends. None is in real time: that would depend on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many events there may be.
    pub events: u64,
    /// How long it may last, in virtual time.
    pub time: Span,
    /// How many events may happen in a row without virtual time passing.
    pub events_at_once: u64,
    /// How many messages and timers may be under way.
    pub in_flight: usize,
    /// How many bytes the world may [hold](Holdings).
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            events: 100_000_000,
            time: Span::from_secs(24 * 3600),
            events_at_once: 1_000_000,
            in_flight: 1_000_000,
            memory: 1 << 30,
        }
    }
}

/// Why a run cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing is going to happen any more.
    Quiescent,
    /// There have been as many events as the limits allow.
    TooManyEvents,
    /// It has lasted as long as the limits allow.
    TooLong,
    /// Events follow each other without virtual time passing: a loop.
    TimeStandsStill,
    /// There is more under way than the limits allow.
    TooMuchInFlight,
    /// The world holds more memory than the limits allow.
    TooMuchMemory,
}

/// A simulated world: the [crate](crate) tells how it works.
///
/// `P` is what runs on the nodes, `C` answers all questions of chance, `N` makes things go wrong.
#[derive(Clone, Debug)]
pub struct World<P: Process, C, N> {
    now: Time,
    queue: EventQueue<Due<P>>,
    nodes: Vec<Node<P, Due<P>>>,
    rules: Vec<(Endpoint, Endpoint, LinkRule)>,
    links: Vec<Link>,
    /// Whether a connection ever broke: only then can what arrives be void.
    connections_broke: bool,
    cuts: Vec<(Endpoint, Endpoint)>,
    holds: Vec<(Endpoint, Endpoint)>,
    held: Vec<Parcel<P>>,
    /// How much waits in the lines of all nodes.
    waiting: usize,
    /// How many bytes are held besides the items themselves.
    payloads: u64,
    choices: C,
    nemesis: N,
    /// How often each part of the nemesis asked for each purpose.
    nemesis_asked: BTreeMap<StreamId, u32>,
    commands: VecDeque<Command<MessageOf<P>>>,
    limits: Limits,
    next_message: u64,
    events: u64,
    /// How many events there were when time last passed.
    events_before: u64,
    /// Where in an explored run the world is.
    moment: Moment,
    /// Buffers that are reused from step to step; empty between steps.
    effects: VecDeque<Effect<P::Protocol>>,
    answers: Vec<Answer>,
}

/// Something that is going to happen at a node, if that still lives the same life, or to the world.
#[derive(Clone, Debug)]
struct Due<P: Process> {
    node: NodeId,
    life: u32,
    what: What<P>,
}

#[derive(Clone, Debug)]
#[repr(u64)]
enum What<P: Process> {
    Arrive {
        from: NodeId,
        epoch: u32,
        id: MessageId,
        message: MessageOf<P>,
    },
    Timer {
        id: TimerId,
        timer: TimerOf<P>,
    },
    Undelivered {
        to: NodeId,
        id: MessageId,
        message: MessageOf<P>,
    },
    ConnectionLost {
        peer: NodeId,
        epoch: u32,
        end: End,
    },
    /// A word of the operator.
    Told {
        message: MessageOf<P>,
    },
    /// The nemesis wanted to be woken.
    Alarm(u32),
    /// The node has done its work, and these are what it did after it.
    GoOn(VecDeque<Effect<P::Protocol>>),
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// What was in flight is lost.
    Broken,
    /// The peer crashed. What it had sent still arrives, and news of the end after that.
    Closed,
}

/// A message on its way from one node, in its present life, to another.
#[derive(Clone, Debug)]
struct Parcel<P: Process> {
    from: NodeId,
    to: NodeId,
    life: u32,
    epoch: u32,
    id: MessageId,
    message: MessageOf<P>,
}

impl<P: Process, C: Choices, N: Nemesis<P::Protocol>> World<P, C, N> {
    /// A world without nodes.
    pub fn new(choices: C, nemesis: N, limits: Limits) -> World<P, C, N> {
        World {
            now: Time::ZERO,
            queue: EventQueue::new(),
            nodes: Vec::new(),
            rules: Vec::new(),
            links: Vec::new(),
            connections_broke: false,
            cuts: Vec::new(),
            holds: Vec::new(),
            held: Vec::new(),
            waiting: 0,
            payloads: 0,
            choices,
            nemesis,
            nemesis_asked: BTreeMap::new(),
            commands: VecDeque::new(),
            limits,
            next_message: 0,
            events: 0,
            events_before: 0,
            moment: Moment::default(),
            effects: VecDeque::new(),
            answers: Vec::new(),
        }
    }

    /// Adds a node. Those that start at once do so when the run begins, in the order in which they
    /// were added.
    ///
    /// # Panics
    /// If there are 65,535 nodes already.
    pub fn add_node(&mut self, spec: NodeSpec<P>) -> NodeId {
        assert!(self.nodes.len() < NodeId::WORLD.index(), "too many nodes");
        self.nodes.push(Node::new(spec));
        NodeId((self.nodes.len() - 1) as u16)
    }

    /// Lets messages between these be treated by this rule; the last matching rule wins. Where
    /// none does, messages arrive at once.
    pub fn add_rule(&mut self, from: Endpoint, to: Endpoint, rule: LinkRule) {
        self.rules.push((from, to, rule));
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.now
    }

    /// What answers the questions of chance, to look at.
    pub fn choices(&self) -> &C {
        &self.choices
    }

    /// What answers the questions of chance, to exchange it or to say what it is to answer.
    pub fn choices_mut(&mut self) -> &mut C {
        &mut self.choices
    }

    /// What gives the commands, to look at.
    pub fn nemesis(&self) -> &N {
        &self.nemesis
    }

    /// The process on a node, to look at.
    pub fn process(&self, node: NodeId) -> &P {
        &self.nodes[node.index()].process
    }

    /// How many events there have been.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many messages and timers are under way.
    pub fn in_flight(&self) -> usize {
        self.queue.len()
    }

    /// Begins, and goes on until nothing happens any more, a limit is reached, or `stop` says so
    /// after a step (which makes it `None`).
    pub fn run<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        mut stop: impl FnMut(&O) -> bool,
    ) -> Option<Ending> {
        self.begin(observer);
        while !stop(observer) {
            if let Err(ending) = self.step(observer) {
                return Some(ending);
            }
        }
        None
    }

    /// Begins the run: starts the nodes. To be called once, before the first [`step`](Self::step).
    pub fn begin<O: Observer<P::Protocol>>(&mut self, observer: &mut O) {
        self.emit(observer, NodeId::WORLD, Kind::Begin);
        for index in 0..self.nodes.len() {
            if self.nodes[index].starts_at_once {
                self.start(observer, NodeId(index as u16));
            }
        }
        self.obey(observer);
    }

    /// Tells observers and nemesis what happens.
    #[inline(never)]
    fn emit<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        node: NodeId,
        kind: Kind<P::Protocol>,
    ) {
        let (at, seq) = self.next_event();
        let event = Event { at, seq, node, kind };
        self.tell_apart(observer, &event);
    }

    /// What a node is called.
    pub fn name(&self, node: NodeId) -> &str {
        &self.nodes[node.index()].asking.name
    }

    /// The time and the number of the next event.
    #[inline(always)]
    fn next_event(&mut self) -> (Time, u64) {
        let seq = self.events;
        self.events += 1;
        (self.now, seq)
    }

    /// How many events there have been without time passing.
    #[inline(always)]
    fn events_now(&self) -> u64 {
        self.events - self.events_before
    }

    /// As [`tell`](Self::tell), for events that are not on the way of every message.
    #[inline(never)]
    fn tell_apart<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        event: &Event<P::Protocol>,
    ) {
        self.tell(observer, event);
    }

    /// Tells observers and nemesis of an event. It is left to the caller, who can take out of it
    /// what goes on from here: a part is moved with less ado than the whole.
    #[inline(always)]
    fn tell<O: Observer<P::Protocol>>(&mut self, observer: &mut O, event: &Event<P::Protocol>) {
        observer.event(event);
        let mut cx = NemesisContext {
            commands: &mut self.commands,
            chooser: &mut NemesisChooser {
                choices: &mut self.choices,
                asked: &mut self.nemesis_asked,
                answers: &mut self.answers,
            },
        };
        self.nemesis.on_event(event, &mut cx);
        if !self.answers.is_empty() {
            self.emit_answers(observer, NodeId::WORLD);
        }
    }

    /// Tells the observers what was asked and answered. The nemesis does not see answers of chance.
    #[cold]
    fn emit_answers<O: Observer<P::Protocol>>(&mut self, observer: &mut O, node: NodeId) {
        for Answer { purpose, name, ordinal, bound, answer } in self.answers.drain(..) {
            let (purpose, name) = (Cow::Borrowed(purpose), name.map(Cow::Owned));
            let kind = Kind::Chose { purpose, name, ordinal, bound, answer };
            let (at, seq) = (self.now, self.events);
            self.events += 1;
            observer.event(&Event { at, seq, node, kind });
        }
    }

    /// Where the link between two nodes is; it is made on first use.
    #[inline(always)]
    fn link_index(&mut self, from: NodeId, to: NodeId) -> usize {
        match self.known_link(from, to) {
            Some(index) => index,
            None => self.make_link(from, to),
        }
    }

    #[inline(always)]
    fn known_link(&self, from: NodeId, to: NodeId) -> Option<usize> {
        let links = &self.nodes[from.index()].links;
        let index = *links.get(to.index())? as usize;
        (index < self.links.len()).then_some(index)
    }

    /// The link between two nodes.
    #[inline(always)]
    fn link(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        let index = self.link_index(from, to);
        &mut self.links[index]
    }

    #[cold]
    fn make_link(&mut self, from: NodeId, to: NodeId) -> usize {
        assert!(to.index() < self.nodes.len(), "{from} sends to {to}, which is not a node");
        let (sender, receiver) = (&self.nodes[from.index()], &self.nodes[to.index()]);
        let rule = self.rules.iter().rev().find(|(senders, receivers, _)| {
            senders.includes(from, sender.role) && receivers.includes(to, receiver.role)
        });
        let rule = rule.map(|(_, _, rule)| *rule).unwrap_or_default();
        let ends = (&*sender.asking.name, &*receiver.asking.name);
        let link = Link::new(&mut self.choices, rule, receiver.life, ends);
        let index = self.links.len() as u32;
        self.links.push(link);
        let links = &mut self.nodes[from.index()].links;
        if links.len() <= to.index() {
            links.resize(to.index() + 1, NO_LINK);
        }
        links[to.index()] = index;
        index as usize
    }

    /// Whether one of these pairs speaks of messages from here to there.
    fn lies_between(&self, pairs: &[(Endpoint, Endpoint)], from: NodeId, to: NodeId) -> bool {
        pairs.iter().any(|(senders, receivers)| {
            senders.includes(from, self.nodes[from.index()].role)
                && receivers.includes(to, self.nodes[to.index()].role)
        })
    }
}
