//! The nemesis of a scenario file: tracks of steps, each of which waits and then acts.

use std::collections::{BTreeMap, VecDeque};

use history::NodeId;
use sim::{
    Command, Endpoint, Event, Identifier, Identity, Keep, Kind, Nemesis, NemesisContext, Protocol,
    Role,
};

use crate::recovery::Recovery;
use crate::units::Count;
use crate::{Action, General, Problem, Step, Track, Wait, WriteCount};

/// The nodes and roles that a scenario file can speak of.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) nodes: Vec<String>,
    /// What each node is, in the same order.
    pub(crate) parts: Vec<Role>,
    pub(crate) roles: Vec<&'static str>,
    /// Why each node cannot fail over, in the same order. None for one that can.
    pub(crate) no_fail_over: Vec<Option<&'static str>>,
}

impl Directory {
    /// The node of that name.
    pub(crate) fn node(&self, name: &str, path: &str) -> Result<NodeId, Problem> {
        let place = self.nodes.iter().position(|known| known == name);
        place.map(|index| NodeId(index as u16)).ok_or_else(|| {
            let known = self.nodes.join(", ");
            Problem::new(path, format!("there is no node {name:?}; there are: {known}"))
        })
    }

    /// The node of that name, if its replica can take its place.
    fn fail_over(&self, name: &str, path: &str) -> Result<NodeId, Problem> {
        let node = self.node(name, path)?;
        match self.no_fail_over[node.index()] {
            None => Ok(node),
            Some(why) => Err(Problem::new(path, format!("{name} cannot fail over: {why}"))),
        }
    }

    /// The role of that name.
    fn role(&self, name: &str) -> Option<Role> {
        let place = self.roles.iter().position(|role| *role == name);
        place.map(|index| Role(index as u16))
    }

    /// All nodes of the role of that name.
    pub(crate) fn group(&self, name: &str, path: &str) -> Result<Vec<NodeId>, Problem> {
        let role = self.role(name).ok_or_else(|| {
            let known = self.roles.join(", ");
            Problem::new(path, format!("there is no role {name:?}; there are: {known}"))
        })?;
        let parts = self.parts.iter().enumerate().filter(|(_, part)| **part == role);
        Ok(parts.map(|(index, _)| NodeId(index as u16)).collect())
    }

    /// The node or role of that name, or all of them.
    pub(crate) fn endpoint(&self, name: &str, path: &str) -> Result<Endpoint, Problem> {
        if name == "*" {
            return Ok(Endpoint::Any);
        }
        if let Some(role) = self.role(name) {
            return Ok(Endpoint::Role(role));
        }
        self.node(name, path).map(Endpoint::Node).map_err(|_| {
            let (nodes, roles) = (self.nodes.join(", "), self.roles.join(", "));
            let message = format!("there is no {name:?}; there are: *, {roles}, {nodes}");
            Problem::new(path, message)
        })
    }
}

/// The tracks of a scenario, how far each of them is, and what ends them.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    tracks: Vec<TrackState>,
    writes: WriteCount,
    recovery: Option<Recovery>,
    /// What the recovery waits for.
    until: Option<TrackState>,
    /// Whether any step waits for a message to be sent or delivered. Nearly all events are that.
    heeds_messages: bool,
    /// What is done after which event besides, in the order of the events.
    orders: VecDeque<(u64, Order)>,
}

#[derive(Clone, Debug)]
struct TrackState {
    /// The name for its draws.
    name: String,
    steps: Vec<PlannedStep>,
    repeat: bool,
    /// The index of the waiting step. Past the last when the track is over.
    step: usize,
    waiting: Waiting,
}

#[derive(Clone, Debug)]
struct PlannedStep {
    wait: Wait,
    /// What [`Wait::Event`] waits for.
    event: Option<AwaitedEvent>,
    orders: Vec<Order>,
}

#[derive(Clone, Copy, Debug)]
struct AwaitedEvent {
    /// The index in [`KINDS`].
    kind: usize,
    /// The node of the event. `None` means any node.
    node: Option<NodeId>,
}

impl AwaitedEvent {
    fn is<P: Protocol>(self, event: &Event<P>) -> bool {
        place_of(&event.kind) == self.kind && self.node.is_none_or(|node| node == event.node)
    }
}

/// A command, without the message type that none of these has.
type Order = Command<std::convert::Infallible>;

#[derive(Clone, Debug)]
enum Waiting {
    /// For an alarm.
    Alarm,
    /// Until this many writes have succeeded.
    Writes(u64),
    /// Until each client has this many writes.
    Each(BTreeMap<NodeId, u64>),
    /// For this many more of the step's events.
    Events(u64),
}

impl FaultPlan {
    /// The plan of a scenario.
    pub(crate) fn new(general: &General, directory: &Directory) -> Result<FaultPlan, Problem> {
        check_names(&general.nemesis)?;
        let tracks = general.nemesis.iter().enumerate().filter(|(_, track)| track.on);
        let tracks = tracks.map(|(number, track)| plan_track(number, track, directory));
        let recovery = general.recovery.as_ref();
        let until = recovery.map(|section| {
            let step = Step { wait: section.wait.clone(), actions: Vec::new() };
            let step = plan_step(&step, directory, "recovery")?;
            Ok(TrackState::new("recovery".to_owned(), vec![step], false))
        });
        let tracks: Vec<TrackState> = tracks.collect::<Result<_, _>>()?;
        let until = until.transpose()?;
        let mut steps = tracks.iter().chain(&until).flat_map(|track| &track.steps);
        let heeds_messages =
            steps.any(|step| step.event.is_some_and(|event| event.kind < MESSAGES));
        Ok(FaultPlan {
            tracks,
            writes: WriteCount::default(),
            recovery: recovery.map(|section| Recovery::new(section, directory)).transpose()?,
            until,
            heeds_messages,
            orders: VecDeque::new(),
        })
    }

    /// The same plan, with more to do: each action after the event with that index. Nothing, if an
    /// action cannot be.
    pub(crate) fn with_orders(
        mut self,
        orders: &[(u64, Action)],
        directory: &Directory,
    ) -> Result<FaultPlan, Problem> {
        let mut all = Vec::new();
        for (event, action) in orders {
            let mut commands = Vec::new();
            plan_action(action, directory, "edit", &mut commands)?;
            all.extend(commands.into_iter().map(|command| (*event, command)));
        }
        all.sort_by_key(|(event, _)| *event);
        self.orders = all.into();
        Ok(self)
    }

    /// The events after which something was to be done that have not come.
    pub(crate) fn orders_left(&self) -> impl Iterator<Item = u64> {
        self.orders.iter().map(|(event, _)| *event)
    }

    /// Whether the recovery has started.
    fn is_over<P: Protocol>(
        &mut self,
        event: &Event<P>,
        cx: &mut NemesisContext<'_, P::Message>,
    ) -> bool {
        let Some(recovery) = &mut self.recovery else {
            return false;
        };
        recovery.on_event(event, cx);
        if let Some(until) = &mut self.until {
            let alarm = self.tracks.len() as u32;
            if let Kind::Begin = event.kind {
                until.enter(0, alarm, event, &self.writes, cx);
            }
            if until.is_over_with(event, alarm, &self.writes, true) {
                cx.command(Command::Mend);
                self.until = None;
            }
        }
        self.until.is_none()
    }
}

/// The name of a track. The default is its place in the file.
fn track_name(number: usize, track: &Track) -> String {
    track.name.clone().unwrap_or_else(|| number.to_string())
}

fn check_names(tracks: &[Track]) -> Result<(), Problem> {
    let mut names = std::collections::BTreeSet::new();
    for (number, track) in tracks.iter().enumerate() {
        let name = track_name(number, track);
        if names.contains(&name) {
            let message = format!("another track is called {name:?}, by its name or its place");
            return Err(Problem::new(format!("nemesis.{number}.name"), message));
        }
        names.insert(name);
    }
    Ok(())
}

fn plan_track(number: usize, track: &Track, directory: &Directory) -> Result<TrackState, Problem> {
    let path = format!("nemesis.{number}.steps");
    if track.steps.is_empty() {
        return Err(Problem::new(path, "a track has at least one step"));
    }
    let steps = track.steps.iter().enumerate();
    let steps = steps.map(|(i, step)| plan_step(step, directory, &format!("{path}.{i}")));
    let name = track_name(number, track);
    Ok(TrackState::new(format!("nemesis/{name}"), steps.collect::<Result<_, _>>()?, track.repeat))
}

fn plan_step(step: &Step, directory: &Directory, path: &str) -> Result<PlannedStep, Problem> {
    let event = match &step.wait {
        Wait::Event { kind, node, .. } => {
            let Some(kind) = KINDS.iter().position(|known| known == kind) else {
                let known = KINDS.join(", ");
                let message = format!("there is no event {kind:?}; there are: {known}");
                return Err(Problem::new(format!("{path}.wait.event.kind"), message));
            };
            let path = format!("{path}.wait.event.node");
            let node = node.as_ref().map(|node| directory.node(node, &path)).transpose()?;
            Some(AwaitedEvent { kind, node })
        }
        _ => None,
    };
    let mut orders = Vec::new();
    for (number, action) in step.actions.iter().enumerate() {
        plan_action(action, directory, &format!("{path}.do.{number}"), &mut orders)?;
    }
    Ok(PlannedStep { wait: step.wait.clone(), event, orders })
}

fn plan_action(
    action: &Action,
    directory: &Directory,
    path: &str,
    orders: &mut Vec<Order>,
) -> Result<(), Problem> {
    let node = |name: &str| directory.node(name, path);
    let ends = |a: &str, b: &str| Ok((directory.endpoint(a, path)?, directory.endpoint(b, path)?));
    let order = match action {
        Action::Cut(a, b) => {
            let (from, to) = ends(a, b)?;
            orders.push(Command::Cut { from: to, to: from });
            Command::Cut { from, to }
        }
        Action::Heal(a, b) => {
            let (from, to) = ends(a, b)?;
            orders.push(Command::Heal { from: to, to: from });
            Command::Heal { from, to }
        }
        Action::CutOneWay(a, b) => ends(a, b).map(|(from, to)| Command::Cut { from, to })?,
        Action::HealOneWay(a, b) => ends(a, b).map(|(from, to)| Command::Heal { from, to })?,
        Action::Hold(a, b) => ends(a, b).map(|(from, to)| Command::Hold { from, to })?,
        Action::Release(a, b) => ends(a, b).map(|(from, to)| Command::Release { from, to })?,
        Action::Start(name) => Command::Start(node(name)?),
        Action::Crash(name) => Command::Crash { node: node(name)?, keep: Keep::Durable },
        Action::Wipe(name) => Command::Crash { node: node(name)?, keep: Keep::Nothing },
        Action::FailOver(name) => {
            Command::Crash { node: directory.fail_over(name, path)?, keep: Keep::Replica }
        }
        Action::Pause(name) => Command::Pause(node(name)?),
        Action::Resume(name) => Command::Resume(node(name)?),
        Action::Slow { node: name, by } => Command::Slow { node: node(name)?, by: *by },
        Action::StepClock { node: name, by } => {
            Command::StepClock { node: node(name)?, by_ns: by.ns }
        }
    };
    orders.push(order);
    Ok(())
}

impl<P: Protocol> Nemesis<P> for FaultPlan {
    #[inline]
    fn on_event(&mut self, event: &Event<P>, cx: &mut NemesisContext<'_, P::Message>) {
        if !self.orders.is_empty() {
            while let Some((_, order)) = self.orders.pop_front_if(|(after, _)| *after <= event.seq)
            {
                cx.command(order.for_messages());
            }
        }
        if !self.heeds_messages
            && let Kind::Send { .. } | Kind::Deliver { .. } = event.kind
        {
            return;
        }
        if !self.tracks.is_empty() || self.recovery.is_some() {
            self.go_on(event, cx);
        }
    }
}

impl FaultPlan {
    fn go_on<P: Protocol>(&mut self, event: &Event<P>, cx: &mut NemesisContext<'_, P::Message>) {
        self.writes.event(event);
        if self.is_over(event, cx) {
            return;
        }
        for (number, track) in self.tracks.iter_mut().enumerate() {
            let alarm = number as u32;
            if let Kind::Begin = event.kind {
                track.enter(0, alarm, event, &self.writes, cx);
            }
            // A wait may be over at once. A track repeats at most once per event.
            for round in 0..track.steps.len() {
                if !track.is_over_with(event, alarm, &self.writes, round == 0) {
                    break;
                }
                track.act(cx);
                let next = track.step + 1;
                let next = if track.repeat { next % track.steps.len() } else { next };
                track.enter(next, alarm, event, &self.writes, cx);
            }
        }
    }
}

impl Identity for FaultPlan {
    fn identify(&self, into: &mut Identifier<'_>) {
        // A plan that has nothing more to do is as good as none.
        let is_idle = self.tracks.is_empty() && self.recovery.is_none() && self.orders.is_empty();
        if !is_idle {
            into.as_it_stands(&format!("{self:?}"));
        }
    }
}

impl TrackState {
    fn new(name: String, steps: Vec<PlannedStep>, repeat: bool) -> TrackState {
        TrackState { name, steps, repeat, step: 0, waiting: Waiting::Alarm }
    }

    fn enter<P: Protocol>(
        &mut self,
        step: usize,
        alarm: u32,
        event: &Event<P>,
        writes: &WriteCount,
        cx: &mut NemesisContext<'_, P::Message>,
    ) {
        self.step = step;
        let Some(step) = self.steps.get(step) else {
            return;
        };
        self.waiting = match &step.wait {
            Wait::After(span) => {
                cx.command(Command::Wake { at: event.at + *span, alarm });
                Waiting::Alarm
            }
            Wait::At(span) => {
                cx.command(Command::Wake { at: history::Time(span.0), alarm });
                Waiting::Alarm
            }
            Wait::Writes(count) => Waiting::Writes(writes.total() + draw(&self.name, *count, cx)),
            Wait::WritesEach(count) => {
                let more = draw(&self.name, *count, cx);
                let targets = writes.by_client().map(|(client, now)| (client, now + more));
                Waiting::Each(targets.collect())
            }
            Wait::Event { times, .. } | Wait::Mark { times, .. } => {
                Waiting::Events(draw(&self.name, *times, cx))
            }
        };
    }

    /// Whether the wait of the track is over. `fresh` says that the track has not yet seen this
    /// event.
    fn is_over_with<P: Protocol>(
        &mut self,
        event: &Event<P>,
        alarm: u32,
        writes: &WriteCount,
        fresh: bool,
    ) -> bool {
        let Some(step) = self.steps.get(self.step) else {
            return false;
        };
        match &mut self.waiting {
            Waiting::Alarm => fresh && matches!(event.kind, Kind::Alarm(rung) if rung == alarm),
            Waiting::Writes(target) => writes.total() >= *target,
            Waiting::Each(targets) => {
                // A client that had not written when the wait began is not waited for.
                writes.total() > 0
                    && targets.iter().all(|(client, target)| writes.of(*client) >= *target)
            }
            Waiting::Events(missing) => {
                let wanted = match (&step.wait, &event.kind) {
                    (Wait::Mark { name, .. }, Kind::Mark(mark)) => mark == name,
                    _ => step.event.is_some_and(|awaited| awaited.is(event)),
                };
                *missing = missing.saturating_sub(u64::from(fresh && wanted));
                *missing == 0
            }
        }
    }

    fn act<M>(&self, cx: &mut NemesisContext<'_, M>) {
        for order in &self.steps[self.step].orders {
            cx.command(order.clone().for_messages());
        }
    }
}

fn draw<M>(track: &str, count: Count, cx: &mut NemesisContext<'_, M>) -> u64 {
    match count.max.saturating_sub(count.min) {
        0 => count.min,
        width => count.min + cx.choose_for(track, "nemesis-wait", width),
    }
}

/// The names of event kinds in a recording, those of messages first.
const KINDS: [&str; 17] = [
    "send",
    "deliver",
    "begin",
    "start",
    "release",
    "lose",
    "undelivered",
    "connection-lost",
    "timer",
    "chose",
    "busy",
    "invoke",
    "return",
    "mark",
    "nemesis",
    "alarm",
    "claim",
];

/// How many kinds of [`KINDS`] are what becomes of nearly every message.
const MESSAGES: usize = 2;

/// Where in [`KINDS`] an event's kind is.
fn place_of<P: Protocol>(kind: &Kind<P>) -> usize {
    match kind {
        Kind::Send { .. } => 0,
        Kind::Deliver { .. } => 1,
        Kind::Begin => 2,
        Kind::Start => 3,
        Kind::Release { .. } => 4,
        Kind::Lose { .. } => 5,
        Kind::Undelivered { .. } => 6,
        Kind::ConnectionLost { .. } => 7,
        Kind::Timer { .. } => 8,
        Kind::Chose { .. } => 9,
        Kind::Busy(_) => 10,
        Kind::Invoke(_) => 11,
        Kind::Return(_) => 12,
        Kind::Mark(_) => 13,
        Kind::Nemesis(_) => 14,
        Kind::Alarm(_) => 15,
        Kind::Claim(_) => 16,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use history::{Action, Completion, Invoke, Key, OpId, Register, Return, Span};
    use serde_json::Value;
    use sim::{Fate, Loss, MessageId, TimerId, Types};

    use super::*;

    #[test]
    fn an_event_is_waited_for_by_the_name_that_it_has_in_a_recording() {
        let (node, id) = (NodeId(1), MessageId(0));
        let (op, fate) = (OpId { client: node, ordinal: 0 }, Fate::Delivered(Span::ZERO));
        let kinds: [Kind<Types<u8, u8, Register, u8>>; KINDS.len()] = [
            Kind::Send { to: node, id, fate, ordinal: 0, message: 0 },
            Kind::Deliver { from: node, id },
            Kind::Begin,
            Kind::Start,
            Kind::Release { id, fate, ordinal: 0 },
            Kind::Lose { from: node, id, why: Loss::Network },
            Kind::Undelivered { to: node, id },
            Kind::ConnectionLost { peer: node, epoch: 0 },
            Kind::Timer { id: TimerId(0), timer: 0 },
            Kind::Chose {
                purpose: Cow::Borrowed("key"),
                name: None,
                ordinal: 0,
                bound: 2,
                answer: 1,
            },
            Kind::Busy(Span::ZERO),
            Kind::Invoke(Invoke { op, key: Key(0), action: Action::Read }),
            Kind::Return(Return { op, completion: Completion::Unknown }),
            Kind::Mark(Cow::Borrowed("swept")),
            Kind::Nemesis(Command::Mend),
            Kind::Alarm(0),
            Kind::Claim(0),
        ];
        for (place, kind) in kinds.iter().enumerate() {
            let recorded = match serde_json::to_value(kind).expect("an event is JSON") {
                Value::String(name) => name,
                Value::Object(object) => object.keys().next().expect("it has a name").clone(),
                other => panic!("no name: {other}"),
            };
            assert_eq!((place_of(kind), KINDS[place_of(kind)]), (place, recorded.as_str()));
        }
    }
}
