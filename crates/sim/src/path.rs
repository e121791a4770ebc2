//! From an explored path to an ordinary run.
//!
//! An explored run chooses when each message arrives; an ordinary run decides a message's fate when
//! it is sent. A [`Path`] is what an explorer did: how the beginning and each step were answered,
//! and what was taken. [`Path::script`] takes the path again and computes a [`Script`]: when each
//! message arrives, or that it is lost or duplicated. A second run, in an ordinary world whose
//! choices are [`Script::choices`] and whose nemesis has [`Script::orders`] beside it, then follows
//! the path by ordinary steps. Its events are a recording like any other.
//!
//! In the explored run virtual time stands still while messages arrive. In the script each moment
//! (see [`World::pending`]) has an instant of its own. A moment in which a message arrives is some
//! nanoseconds later than the explored time; a moment in which a timer runs out is as much later as
//! the moment in which the timer was set. The nanoseconds are the least for which every moment of
//! the path is at least [`APART`] after the one before. If there are none, the path resolved a tie
//! between timers in a way in which no run does, and there is no script.
//!
//! A message that never arrives on the path arrives after the end of every run.
//!
//! Clocks with drift round to whole nanoseconds, and a process may compute a timer from an absolute
//! time. Then the second run may leave the path, in rare cases. An explorer therefore judges the
//! second run, not the explored one.

use std::collections::{BTreeMap, VecDeque};

use history::{NodeId, Span, Time};

use crate::edit::FATE;
use crate::network::Link;
use crate::{
    CannotTake, Choice, Choices, Command, Enumerated, Event, Fate, Kind, Loss, MessageId, Nemesis,
    NemesisContext, Observer, Process, Protocol, StreamId, World,
};

/// How far apart the moments of a script are, in nanoseconds.
const APART: i128 = 16;

/// When a message arrives that never arrives: after the end of every run.
const NEVER: Time = Time(1 << 62);

/// What an explorer did from the beginning of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Path<M> {
    /// How the questions of the beginning were answered.
    pub beginning: Vec<u64>,
    /// The steps that were taken.
    pub steps: Vec<PathStep<M>>,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathStep<M> {
    /// What was taken.
    pub choice: Choice<M>,
    /// How the questions of the step were answered.
    pub answers: Vec<u64>,
}

/// No ordinary run follows a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is no path of this world.
    #[error("step {step} of the path cannot be taken: {why}")]
    CannotTake {
        /// Which step, counted from 0.
        step: usize,
        /// Why.
        why: CannotTake,
    },
    /// The path resolves a tie in a way in which no run does.
    #[error(
        "step {step} of the path comes too early: the messages before it would have to arrive in \
         another order for two timers to run out in this order"
    )]
    Tie {
        /// Which step, counted from 0.
        step: usize,
    },
}

/// What an ordinary run needs to follow a path.
#[derive(Clone, Debug)]
pub struct Script<M> {
    /// By the name of the link, and the place among the fates drawn there.
    fates: BTreeMap<(String, u32), Arrivals>,
    /// By purpose and name.
    answers: BTreeMap<(String, String), VecDeque<u64>>,
    orders: VecDeque<(u64, Command<M>)>,
    ends: Time,
}

/// When a message arrives, and its copy if it has one.
#[derive(Clone, Debug)]
enum Arrivals {
    Never,
    Once(Time),
    Twice(Time, Time),
}

impl<M> Default for Path<M> {
    fn default() -> Path<M> {
        Path { beginning: Vec::new(), steps: Vec::new() }
    }
}

impl<M: Clone> Path<M> {
    /// Takes the path in a world that has not begun, and computes how an ordinary run follows it.
    ///
    /// # Errors
    /// If no ordinary run follows it.
    pub fn script<P, N>(&self, mut world: World<P, Enumerated, N>) -> Result<Script<M>, PathError>
    where
        P: Process,
        P::Protocol: Protocol<Message = M>,
        N: Nemesis<P::Protocol>,
    {
        let mut log = Log::default();
        let mut timeline = Timeline::new();
        world.choices_mut().answer(&self.beginning);
        world.begin(&mut log);
        log.note_answers(&world);
        for (step, PathStep { choice, answers }) in self.steps.iter().enumerate() {
            world.choices_mut().answer(answers);
            if let Choice::Command(command) = choice {
                log.orders.push_back((log.seen, command.clone()));
            }
            let why = |why| PathError::CannotTake { step, why };
            world.take(&mut log, choice).map_err(why)?;
            timeline.note(step, &world);
            if let Choice::Deliver(id) = choice {
                log.arrivals.entry(*id).or_default().push(timeline.place());
            }
            log.note_answers(&world);
        }
        let end = timeline.place();
        timeline.note_next(&world);
        let instants = timeline.instants()?;
        let ends = instants[end];
        let name =
            |(from, to): (NodeId, NodeId)| format!("{}->{}", world.name(from), world.name(to));
        let fates = log.sent.iter().filter_map(|sent| {
            let places = log.arrivals.get(&sent.id).map(Vec::as_slice).unwrap_or_default();
            let mut times = places.iter().map(|place| instants[*place]);
            let mut next = || times.next().unwrap_or(NEVER);
            let arrivals = match sent.fate {
                Fate::Held => return None,
                Fate::Dropped(_) => Arrivals::Never,
                Fate::Delivered(_) => Arrivals::Once(next()),
                Fate::Duplicated(..) => Arrivals::Twice(next(), next()),
            };
            Some(((name(sent.ends), sent.ordinal), arrivals))
        });
        Ok(Script { fates: fates.collect(), answers: log.answers, orders: log.orders, ends })
    }
}

/// The moments of a path.
struct Timeline {
    /// Their explored times, and whose nanoseconds they share: their own if a message arrives, and
    /// otherwise those of the moment that scheduled what happens. The first is the beginning.
    moments: Vec<(Time, usize)>,
    /// The step that began each.
    steps: Vec<usize>,
    /// Which moment each label comes from.
    labels: Vec<usize>,
}

impl Timeline {
    fn new() -> Timeline {
        Timeline { moments: vec![(Time::ZERO, 0)], steps: vec![0], labels: vec![0] }
    }

    fn note<P: Process, N: Nemesis<P::Protocol>>(
        &mut self,
        step: usize,
        world: &World<P, Enumerated, N>,
    ) {
        let moment = world.moment();
        let is_new = moment.number as usize == self.moments.len();
        if moment.label as usize == self.labels.len() {
            // The label of an arrival is its own. That of a command is as the step before.
            let (place, before) = (self.moments.len(), self.moments[self.place()].1);
            self.labels.push(if is_new { place } else { before });
        }
        if is_new {
            self.moments.push((world.now(), self.labels[moment.label as usize]));
            self.steps.push(step);
        }
    }

    /// Notes what happens after the path, so that the path ends before.
    fn note_next<P: Process, N: Nemesis<P::Protocol>>(&mut self, world: &World<P, Enumerated, N>) {
        if let Some((at, stamp)) = world.next_apart() {
            self.moments.push((at, self.labels[stamp as usize]));
            let step = self.steps[self.steps.len() - 1] + 1;
            self.steps.push(step);
        }
    }

    /// The place of the present moment.
    fn place(&self) -> usize {
        self.moments.len() - 1
    }

    /// The instants of all moments, in nanoseconds as few as possible after their explored times.
    fn instants(&self) -> Result<Vec<Time>, PathError> {
        let mut after = vec![0i128; self.moments.len()];
        for round in 0..=self.moments.len() {
            let mut changed = false;
            for (place, pair) in self.moments.windows(2).enumerate() {
                let [(before, before_origin), (now, origin)] = [pair[0], pair[1]];
                let gap = i128::from(now.0) - i128::from(before.0);
                let least = after[before_origin] + APART - gap;
                if after[origin] < least {
                    after[origin] = least;
                    changed = true;
                    // The beginning cannot be later, and a cycle of demands has no end.
                    if origin == 0 || round == self.moments.len() {
                        return Err(PathError::Tie { step: self.steps[place + 1] });
                    }
                }
            }
            if !changed {
                break;
            }
        }
        let instant = |&(at, origin): &(Time, usize)| at + Span(after[origin] as u64);
        Ok(self.moments.iter().map(instant).collect())
    }
}

/// What the events of an explored path tell.
struct Log<M> {
    /// How many events the nemesis has seen.
    seen: u64,
    sent: Vec<Sent>,
    /// In which moments a message arrived.
    arrivals: BTreeMap<MessageId, Vec<usize>>,
    answers: BTreeMap<(String, String), VecDeque<u64>>,
    orders: VecDeque<(u64, Command<M>)>,
    /// The ends of links of messages that are held.
    held: BTreeMap<MessageId, (NodeId, NodeId)>,
}

/// A message whose fate was drawn.
struct Sent {
    ends: (NodeId, NodeId),
    id: MessageId,
    fate: Fate,
    ordinal: u32,
}

impl<M> Default for Log<M> {
    fn default() -> Log<M> {
        Log {
            seen: 0,
            sent: Vec::new(),
            arrivals: BTreeMap::new(),
            answers: BTreeMap::new(),
            orders: VecDeque::new(),
            held: BTreeMap::new(),
        }
    }
}

impl<M> Log<M> {
    fn note_answers<P: Process, N>(&mut self, world: &World<P, Enumerated, N>)
    where
        N: Nemesis<P::Protocol>,
    {
        let questions = world.choices().questions().iter();
        for question in questions.filter(|question| question.purpose != FATE) {
            let key = (question.purpose.clone(), question.name.clone());
            self.answers.entry(key).or_default().push_back(question.answer);
        }
    }
}

impl<P: Protocol> Observer<P> for Log<P::Message> {
    fn event(&mut self, event: &Event<P>) {
        self.seen += u64::from(is_seen_by_nemesis(event));
        match event.kind {
            Kind::Send { to, id, fate, ordinal, .. } => {
                let ends = (event.node, to);
                match fate {
                    // No fate was drawn.
                    Fate::Dropped(Loss::Partition) => {}
                    Fate::Held => drop(self.held.insert(id, ends)),
                    _ => self.sent.push(Sent { ends, id, fate, ordinal }),
                }
            }
            Kind::Release { id, fate, ordinal } if fate != Fate::Dropped(Loss::Partition) => {
                let ends = self.held[&id];
                self.sent.push(Sent { ends, id, fate, ordinal });
            }
            _ => {}
        }
    }
}

fn is_seen_by_nemesis<P: Protocol>(event: &Event<P>) -> bool {
    !matches!(event.kind, Kind::Chose { .. })
}

impl<M: Clone> Script<M> {
    /// The answers of a run that follows the path.
    #[must_use]
    pub fn choices(&self) -> Scripted {
        Scripted { fates: self.fates.clone(), answers: self.answers.clone(), streams: Vec::new() }
    }

    /// Gives the commands of the path: a part of the nemesis of a run that follows it, after the
    /// nemesis of the explored run.
    #[must_use]
    pub fn orders(&self) -> Orders<M> {
        Orders { seen: 0, orders: self.orders.clone() }
    }

    /// When the last step of the path happens.
    #[must_use]
    pub fn ends(&self) -> Time {
        self.ends
    }
}

/// The answers of a run that follows a path. Beyond the path messages do not arrive, and questions
/// are answered with 0.
#[derive(Clone, Debug)]
pub struct Scripted {
    fates: BTreeMap<(String, u32), Arrivals>,
    answers: BTreeMap<(String, String), VecDeque<u64>>,
    streams: Vec<(String, String)>,
}

impl Choices for Scripted {
    fn stream(&mut self, purpose: &str, name: &str) -> StreamId {
        let known = self.streams.iter().position(|(p, n)| p == purpose && n == name);
        let place = known.unwrap_or_else(|| {
            self.streams.push((purpose.to_owned(), name.to_owned()));
            self.streams.len() - 1
        });
        StreamId(place as u32)
    }

    fn draw(&mut self, stream: StreamId, bound: u64) -> u64 {
        let answers = self.answers.get_mut(&self.streams[stream.0 as usize]);
        let answer = answers.and_then(VecDeque::pop_front).unwrap_or(0);
        answer.min(bound - 1)
    }

    fn fates_of(&mut self, name: &str) -> StreamId {
        self.stream(FATE, name)
    }

    fn fate(&mut self, link: &mut Link, now: Time) -> Fate {
        let (_, name) = &self.streams[link.fates().0 as usize];
        match self.fates.get(&(name.clone(), link.drawn())) {
            Some(Arrivals::Never) if link.is_stream() => Fate::Dropped(Loss::Connection),
            Some(Arrivals::Never) => Fate::Dropped(Loss::Network),
            Some(Arrivals::Once(at)) => Fate::Delivered(at.since(now)),
            Some(Arrivals::Twice(one, other)) => Fate::Duplicated(one.since(now), other.since(now)),
            None => Fate::Delivered(NEVER.since(now)),
        }
    }
}

/// A nemesis that gives each of its commands after so many events.
#[derive(Clone, Debug)]
pub struct Orders<M> {
    seen: u64,
    orders: VecDeque<(u64, Command<M>)>,
}

impl<P: Protocol> Nemesis<P> for Orders<P::Message> {
    fn on_event(&mut self, event: &Event<P>, cx: &mut NemesisContext<'_, P::Message>) {
        self.seen += u64::from(is_seen_by_nemesis(event));
        while let Some((_, command)) = self.orders.pop_front_if(|(after, _)| *after == self.seen) {
            cx.command(command);
        }
    }
}
