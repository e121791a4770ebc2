//! A stage for small plays: nodes that follow orders, a plan of what goes wrong when, and the
//! run as a story, one line an event.

use std::collections::BTreeMap;
use std::hash::Hash;

use history::{NodeId, Span, Time};
use serde::{Deserialize, Serialize};
use sim::{
    Chance, Choices, Command, Context, Delay, Ending, Endpoint, Event, Fate, Identifier, Identity,
    Input, Keep, Kind, Limits, LinkRule, LocalTime, Loss, MessageId, Nemesis, NemesisContext,
    NodeSpec, Process, Role, Seeded, TimerId, Types, World,
};

pub(crate) const A: NodeId = NodeId(0);
pub(crate) const B: NodeId = NodeId(1);
pub(crate) const C: NodeId = NodeId(2);

/// The protocol of actors.
pub(crate) type Protocol = Types<Word, u32>;

/// What actors say to each other, and the operator to them.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub(crate) enum Word {
    /// To be remembered.
    Say(u32),
    /// To be said back.
    Ask(u32),
    /// To be passed back, for ever.
    Pass(u32),
    /// To be done.
    Do(Vec<Act>),
}

/// What a word is said to hold.
pub(crate) const WORD_BYTES: usize = 100;

/// What an actor can do.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub(crate) enum Act {
    Say(NodeId, u32),
    Ask(NodeId, u32),
    Pass(NodeId, u32),
    /// Have timer number so-and-so run out after so long.
    SetTimer(Span, u32),
    CancelTimer(u32),
    Busy(Span),
    Yield,
    /// Write to disk.
    Store(u32),
    /// Ask for a number below this, to be remembered.
    Choose(u64),
}

/// What an actor was handed.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub(crate) enum Heard {
    Start,
    Word(u32),
    Timer(u32),
    Undelivered(u32),
    ConnectionLost(NodeId, u32),
    Answer(u64),
}

/// A process that follows orders, and remembers what it was handed and when.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Actor {
    /// In memory.
    pub(crate) heard: Vec<(LocalTime, Heard)>,
    timers: BTreeMap<u32, TimerId>,
    /// On disk.
    pub(crate) stored: Vec<u32>,
}

impl Actor {
    fn act(&mut self, cx: &mut Context<'_, Protocol>, act: Act) {
        match act {
            Act::Say(to, number) => cx.send(to, Word::Say(number)),
            Act::Ask(to, number) => cx.send(to, Word::Ask(number)),
            Act::Pass(to, number) => cx.send(to, Word::Pass(number)),
            Act::SetTimer(after, number) => {
                self.timers.insert(number, cx.set_timer(after, number));
            }
            Act::CancelTimer(number) => cx.cancel_timer(self.timers[&number]),
            Act::Busy(span) => cx.busy(span),
            Act::Yield => cx.yield_now(),
            Act::Store(number) => self.stored.push(number),
            Act::Choose(bound) => {
                let answer = cx.choose("act", bound);
                self.heard.push((cx.now(), Heard::Answer(answer)));
            }
        }
    }

    /// What it was handed, without the times.
    pub(crate) fn inputs(&self) -> Vec<Heard> {
        self.heard.iter().map(|(_, heard)| *heard).collect()
    }
}

impl Process for Actor {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Context<'_, Protocol>, input: Input<Protocol>) {
        let heard = match input {
            Input::Start => Heard::Start,
            Input::Message { from, message } => match message {
                Word::Say(number) => Heard::Word(number),
                Word::Ask(number) => {
                    cx.send(from, Word::Say(number));
                    Heard::Word(number)
                }
                Word::Pass(number) => {
                    cx.send(from, Word::Pass(number));
                    Heard::Word(number)
                }
                Word::Do(acts) => {
                    assert_eq!(from, NodeId::WORLD, "actors listen to the operator only");
                    return acts.into_iter().for_each(|act| self.act(cx, act));
                }
            },
            Input::Timer(number) => Heard::Timer(number),
            Input::Undelivered { message, .. } => match message {
                Word::Say(number) | Word::Ask(number) | Word::Pass(number) => {
                    Heard::Undelivered(number)
                }
                Word::Do(_) => panic!("the operator's words do not get lost"),
            },
            Input::ConnectionLost { peer, epoch } => Heard::ConnectionLost(peer, epoch),
        };
        self.heard.push((cx.now(), heard));
    }

    fn crash(self, keep: Keep) -> Actor {
        let stored = match keep {
            Keep::Durable => self.stored,
            Keep::Nothing | Keep::Replica => Vec::new(),
        };
        Actor { stored, ..Actor::default() }
    }

    /// What it will do does not depend on when it was handed what.
    fn identify(&self, into: &mut Identifier<'_>) {
        self.inputs().hash(into);
        self.timers.identify(into);
        self.stored.hash(into);
    }

    fn identify_message(message: &Word, into: &mut Identifier<'_>) {
        message.hash(into);
    }

    fn identify_timer(timer: &u32, into: &mut Identifier<'_>) {
        timer.hash(into);
    }

    fn payload(message: &Word) -> usize {
        match message {
            Word::Say(_) | Word::Ask(_) | Word::Pass(_) => WORD_BYTES,
            Word::Do(_) => 0,
        }
    }
}

/// A nemesis with a timetable, and with commands that wait for an event. Each is given once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    timetable: Vec<(Time, Command<Word>)>,
    reactions: Vec<(Cue, Command<Word>)>,
}

/// The timetable never changes, and what it still holds in store is in the queue. So worlds of
/// different timetables can be equal once the alarms are over.
impl Identity for Plan {
    fn identify(&self, into: &mut Identifier<'_>) {
        self.reactions.len().hash(into);
    }
}

/// Whether this event is the one that a command waits for.
pub(crate) type Cue = fn(&Kind<Protocol>) -> bool;

impl Nemesis<Protocol> for Plan {
    fn on_event(&mut self, event: &Event<Protocol>, cx: &mut NemesisContext<'_, Word>) {
        match event.kind {
            Kind::Begin => {
                for (alarm, &(at, _)) in (0..).zip(&self.timetable) {
                    cx.command(Command::Wake { at, alarm });
                }
            }
            Kind::Alarm(alarm) => cx.command(self.timetable[alarm as usize].1.clone()),
            _ => {}
        }
        let is_now = |(cue, _): &mut (Cue, _)| cue(&event.kind);
        for (_, command) in self.reactions.extract_if(.., is_now) {
            cx.command(command);
        }
    }
}

/// A world to be.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) seed: String,
    pub(crate) nodes: Vec<NodeSpec<Actor>>,
    pub(crate) limits: Limits,
    rules: Vec<(Endpoint, Endpoint, LinkRule)>,
    plan: Plan,
}

impl Stage {
    /// Actors of these names; every message takes 1 ms.
    pub(crate) fn of<const N: usize>(names: [&str; N]) -> Stage {
        let node = |name| NodeSpec::new(name, Role(0), Actor::default());
        Stage {
            seed: "stage".to_owned(),
            nodes: names.into_iter().map(node).collect(),
            limits: Limits::default(),
            rules: Vec::new(),
            plan: Plan::default(),
        }
        .rule(takes(1))
    }

    /// All links are treated so.
    pub(crate) fn rule(self, rule: LinkRule) -> Stage {
        self.link(Endpoint::Any, Endpoint::Any, rule)
    }

    /// These links are treated so.
    pub(crate) fn link(mut self, from: Endpoint, to: Endpoint, rule: LinkRule) -> Stage {
        self.rules.push((from, to, rule));
        self
    }

    /// The nemesis gives this command then.
    pub(crate) fn at(mut self, at_ms: u64, command: Command<Word>) -> Stage {
        self.plan.timetable.push((ms(at_ms), command));
        self
    }

    /// The nemesis gives this command after the first event of this kind.
    pub(crate) fn when(mut self, cue: Cue, command: Command<Word>) -> Stage {
        self.plan.reactions.push((cue, command));
        self
    }

    /// The operator tells an actor what to do.
    pub(crate) fn tell<const N: usize>(self, at_ms: u64, node: NodeId, acts: [Act; N]) -> Stage {
        let message = Word::Do(acts.into());
        self.at(at_ms, Command::Tell { node, message })
    }

    /// An actor says a word, this many times: numbered from 0, one each millisecond.
    pub(crate) fn chatter(mut self, from: NodeId, to: NodeId, count: u32) -> Stage {
        for number in 0..count {
            self = self.tell(u64::from(number), from, [Act::Say(to, number)]);
        }
        self
    }

    pub(crate) fn world(&self) -> World<Actor, Seeded, Plan> {
        self.world_with(Seeded::new(&self.seed))
    }

    /// The world with other answers of chance.
    pub(crate) fn world_with<C: Choices>(&self, choices: C) -> World<Actor, C, Plan> {
        let mut world = World::new(choices, self.plan.clone(), self.limits);
        for (from, to, rule) in &self.rules {
            world.add_rule(*from, *to, *rule);
        }
        for node in &self.nodes {
            world.add_node(node.clone());
        }
        world
    }

    pub(crate) fn play(&self) -> Play {
        let mut world = self.world();
        let mut events = Vec::new();
        let ending = world.run(&mut events, |_| false).expect("it goes on until it ends");
        let left = world.holdings();
        if ending == Ending::Quiescent && (left.waiting, left.held) == (0, 0) {
            assert_eq!(world.memory(), 0, "where nothing is left, nothing is counted");
        }
        let names = self.nodes.iter().map(|node| node.name.clone()).collect();
        Play { names, events, ending, world }
    }
}

/// A run, and what is left at its end.
#[derive(Debug)]
pub(crate) struct Play {
    pub(crate) events: Vec<Event<Protocol>>,
    pub(crate) ending: Ending,
    pub(crate) world: World<Actor, Seeded, Plan>,
    names: Vec<String>,
}

impl Play {
    pub(crate) fn actor(&self, node: NodeId) -> &Actor {
        self.world.process(node)
    }

    /// What was sent on a link, when, and what came of it, in the order of sending.
    pub(crate) fn fates(&self, from: NodeId, to: NodeId) -> Vec<(Time, Fate)> {
        let fate = |event: &Event<Protocol>| match event.kind {
            Kind::Send { to: t, fate, .. } if (event.node, t) == (from, to) => {
                Some((event.at, fate))
            }
            _ => None,
        };
        self.events.iter().filter_map(fate).collect()
    }

    /// How many events there are of a kind.
    pub(crate) fn count(&self, is: impl Fn(&Kind<Protocol>) -> bool) -> usize {
        self.events.iter().filter(|event| is(&event.kind)).count()
    }

    /// What happens among the actors, a line each. Orders are left out: they stand in the test. So
    /// is that everyone starts at the beginning.
    pub(crate) fn story(&self) -> Vec<String> {
        let words = self.words();
        let line = |event: &Event<Protocol>| {
            let line = self.line(event, &words)?;
            (!(event.at == Time::ZERO && event.kind == Kind::Start))
                .then(|| format!("{} {} {line}", event.at, self.name(event.node)))
        };
        self.events.iter().filter_map(line).collect()
    }

    fn line(&self, event: &Event<Protocol>, words: &BTreeMap<MessageId, u32>) -> Option<String> {
        let name = |node| self.name(node);
        Some(match event.kind {
            Kind::Start => "starts".to_owned(),
            Kind::Send { to, id, fate, .. } => {
                format!("sends {} to {}: {}", words[&id], name(to), outcome(event.at, fate))
            }
            Kind::Release { id, fate, .. } => {
                format!("had sent {}: {}", words[&id], outcome(event.at, fate))
            }
            Kind::Deliver { from, id } => format!("hears {} from {}", words[&id], name(from)),
            Kind::Lose { from, id, why } => {
                format!("misses {} from {}: {}", words[&id], name(from), cause(why))
            }
            Kind::Undelivered { to, id } => {
                format!("learns that {} to {} is lost", words[&id], name(to))
            }
            Kind::ConnectionLost { peer, epoch } => {
                format!("loses connection {epoch} to {}", name(peer))
            }
            Kind::Timer { timer, .. } => format!("has timer {timer} run out"),
            Kind::Busy(span) => format!("is busy for {span}"),
            _ => return None,
        })
    }

    fn words(&self) -> BTreeMap<MessageId, u32> {
        let word = |event: &Event<Protocol>| match event.kind {
            Kind::Send {
                id,
                message: Word::Say(number) | Word::Ask(number) | Word::Pass(number),
                ..
            } => Some((id, number)),
            _ => None,
        };
        self.events.iter().filter_map(word).collect()
    }

    fn name(&self, node: NodeId) -> &str {
        &self.names[node.index()]
    }
}

fn outcome(sent: Time, fate: Fate) -> String {
    match fate {
        Fate::Dropped(why) => format!("lost, {}", cause(why)),
        Fate::Delivered(after) => format!("arrives at {}", sent + after),
        Fate::Duplicated(one, other) => {
            format!("arrives at {} and {}", sent + one, sent + other)
        }
        Fate::Held => "held".to_owned(),
    }
}

fn cause(why: Loss) -> &'static str {
    match why {
        Loss::Network => "network",
        Loss::Partition => "partition",
        Loss::Connection => "connection",
        Loss::NodeDown => "node down",
    }
}

/// A point of time, in milliseconds.
pub(crate) fn ms(at_ms: u64) -> Time {
    Time::ZERO + Span::from_millis(at_ms)
}

/// A length of time, in milliseconds.
pub(crate) fn span(span_ms: u64) -> Span {
    Span::from_millis(span_ms)
}

/// A link whose messages all take so long.
pub(crate) fn takes(span_ms: u64) -> LinkRule {
    takes_between(span_ms, span_ms)
}

/// A link whose messages take from so long to less than so long.
pub(crate) fn takes_between(min_ms: u64, max_ms: u64) -> LinkRule {
    LinkRule { delay: Delay { min: span(min_ms), max: span(max_ms) }, ..LinkRule::default() }
}

/// Only this node.
pub(crate) fn only(node: NodeId) -> Endpoint {
    Endpoint::Node(node)
}

/// Nothing gets from here to there.
pub(crate) fn cut(from: Endpoint, to: Endpoint) -> Command<Word> {
    Command::Cut { from, to }
}

/// One cut less.
pub(crate) fn heal(from: Endpoint, to: Endpoint) -> Command<Word> {
    Command::Heal { from, to }
}

/// A crash that leaves the disk as it was.
pub(crate) fn crash(node: NodeId) -> Command<Word> {
    let keep = Keep::Durable;
    Command::Crash { node, keep }
}

/// So many percent.
pub(crate) fn chance(percent: u32) -> Chance {
    Chance::from_ppm(percent * 10_000).unwrap()
}
