//! The nemesis of a scenario file: tracks of steps, each of which waits and then acts.

use std::collections::BTreeMap;

use history::NodeId;
use sim::{Command, Endpoint, Event, Keep, Kind, Nemesis, NemesisContext, Role};

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
}

#[derive(Clone, Debug)]
struct TrackState {
    steps: Vec<PlannedStep>,
    repeat: bool,
    /// The step that waits; past the last when the track is over.
    step: usize,
    waiting: Waiting,
}

#[derive(Clone, Debug)]
struct PlannedStep {
    wait: Wait,
    /// The node that an event has to happen at.
    node: Option<NodeId>,
    orders: Vec<Order>,
}

/// A command, without the message type that none of these has.
type Order = Command<std::convert::Infallible>;

#[derive(Clone, Debug)]
enum Waiting {
    /// For an alarm.
    Alarm,
    /// Until there have been so many writes.
    Writes(u64),
    /// Until each client has written that often.
    Each(BTreeMap<NodeId, u64>),
    /// For so many more of the events that the step names.
    Events(u64),
}

impl FaultPlan {
    /// The plan of a scenario.
    pub(crate) fn new(general: &General, directory: &Directory) -> Result<FaultPlan, Problem> {
        let tracks = general.nemesis.iter().enumerate().filter(|(_, track)| track.on);
        let tracks = tracks.map(|(number, track)| plan_track(number, track, directory));
        let recovery = general.recovery.as_ref();
        let until = recovery.map(|section| {
            let step = Step { wait: section.wait.clone(), actions: Vec::new() };
            plan_step(&step, directory, "recovery").map(|step| TrackState::new(vec![step], false))
        });
        Ok(FaultPlan {
            tracks: tracks.collect::<Result<_, _>>()?,
            writes: WriteCount::default(),
            recovery: recovery.map(|section| Recovery::new(section, directory)).transpose()?,
            until: until.transpose()?,
        })
    }

    /// Whether the time of faults is over, now or already.
    fn is_over<M, T>(&mut self, event: &Event<M, T>, cx: &mut NemesisContext<'_, M>) -> bool {
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

fn plan_track(number: usize, track: &Track, directory: &Directory) -> Result<TrackState, Problem> {
    let path = format!("nemesis.{number}.steps");
    if track.steps.is_empty() {
        return Err(Problem::new(path, "a track has at least one step"));
    }
    let steps = track.steps.iter().enumerate();
    let steps = steps.map(|(i, step)| plan_step(step, directory, &format!("{path}.{i}")));
    Ok(TrackState::new(steps.collect::<Result<_, _>>()?, track.repeat))
}

fn plan_step(step: &Step, directory: &Directory, path: &str) -> Result<PlannedStep, Problem> {
    let node = match &step.wait {
        Wait::Event { kind, node, .. } => {
            if !KINDS.contains(&kind.as_str()) {
                let known = KINDS.join(", ");
                let message = format!("there is no event {kind:?}; there are: {known}");
                return Err(Problem::new(format!("{path}.wait.event.kind"), message));
            }
            let path = format!("{path}.wait.event.node");
            node.as_ref().map(|node| directory.node(node, &path)).transpose()?
        }
        _ => None,
    };
    let mut orders = Vec::new();
    for (number, action) in step.actions.iter().enumerate() {
        plan_action(action, directory, &format!("{path}.do.{number}"), &mut orders)?;
    }
    Ok(PlannedStep { wait: step.wait.clone(), node, orders })
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
        Action::FailOver(name) => Command::Crash { node: node(name)?, keep: Keep::Replica },
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

impl<M, T> Nemesis<M, T> for FaultPlan {
    #[inline]
    fn on_event(&mut self, event: &Event<M, T>, cx: &mut NemesisContext<'_, M>) {
        if self.tracks.is_empty() && self.recovery.is_none() {
            return;
        }
        self.writes.event(event);
        if self.is_over(event, cx) {
            return;
        }
        for (number, track) in self.tracks.iter_mut().enumerate() {
            let alarm = number as u32;
            if let Kind::Begin = event.kind {
                track.enter(0, alarm, event, &self.writes, cx);
            }
            // A step may find at once what it waits for; a track goes round at most once an event.
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

impl TrackState {
    fn new(steps: Vec<PlannedStep>, repeat: bool) -> TrackState {
        TrackState { steps, repeat, step: 0, waiting: Waiting::Alarm }
    }

    fn enter<M, T>(
        &mut self,
        step: usize,
        alarm: u32,
        event: &Event<M, T>,
        writes: &WriteCount,
        cx: &mut NemesisContext<'_, M>,
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
            Wait::Writes(count) => Waiting::Writes(writes.total() + draw(*count, cx)),
            Wait::WritesEach(count) => {
                let more = draw(*count, cx);
                let targets = writes.by_client().map(|(client, now)| (client, now + more));
                Waiting::Each(targets.collect())
            }
            Wait::Event { times, .. } | Wait::Mark { times, .. } => {
                Waiting::Events(draw(*times, cx))
            }
        };
    }

    /// Whether what the track waits for has come. `fresh` says that it has not yet seen this event.
    fn is_over_with<M, T>(
        &mut self,
        event: &Event<M, T>,
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
                // Whoever was not there when the wait began is not waited for.
                writes.total() > 0
                    && targets.iter().all(|(client, target)| writes.of(*client) >= *target)
            }
            Waiting::Events(missing) => {
                let wanted = match &step.wait {
                    Wait::Mark { name, .. } => {
                        matches!(&event.kind, Kind::Mark(mark) if mark == name)
                    }
                    Wait::Event { kind, .. } => {
                        kind_name(&event.kind) == kind && step.node.is_none_or(|n| n == event.node)
                    }
                    _ => false,
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

fn draw<M>(count: Count, cx: &mut NemesisContext<'_, M>) -> u64 {
    match count.max.saturating_sub(count.min) {
        0 => count.min,
        width => count.min + cx.choose("nemesis-wait", width),
    }
}

const KINDS: [&str; 16] = [
    "begin",
    "start",
    "send",
    "release",
    "deliver",
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
];

/// What an event is called in a recording.
fn kind_name<M, T>(kind: &Kind<M, T>) -> &'static str {
    match kind {
        Kind::Begin => "begin",
        Kind::Start => "start",
        Kind::Send { .. } => "send",
        Kind::Release { .. } => "release",
        Kind::Deliver { .. } => "deliver",
        Kind::Lose { .. } => "lose",
        Kind::Undelivered { .. } => "undelivered",
        Kind::ConnectionLost { .. } => "connection-lost",
        Kind::Timer { .. } => "timer",
        Kind::Chose { .. } => "chose",
        Kind::Busy(_) => "busy",
        Kind::Invoke(_) => "invoke",
        Kind::Return(_) => "return",
        Kind::Mark(_) => "mark",
        Kind::Nemesis(_) => "nemesis",
        Kind::Alarm(_) => "alarm",
    }
}
