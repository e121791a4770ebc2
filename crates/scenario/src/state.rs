//! A state of a run whose next step is chosen.
//!
//! A [`State`] is what an explorer goes through. It tells what can happen next, what each of these
//! steps leads to, and what the checkers have found. States with the same [id](State::id) have the
//! same future, and what is found from there on is the same. A state hides the types of a system,
//! as a [`Session`](crate::Session) does. How time is abstracted stands in [`sim::World::pending`].
//!
//! The faults of a path are bounded by a [`Budget`]. A state knows the path that led to it, so that
//! it can be recorded as an ordinary run.

use std::collections::BTreeSet;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use history::{Names, NodeId};
use serde::Serialize;
use sim::{
    Choice, Command, Enumerated, Event, Faults, Keep, Kind, Observer, PathStep, Pending, Protocol,
    Upcoming,
};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::live::{Live, Origin};
use crate::prepared::{Prepared, RunningWorld};
use crate::watch::Watchers;
use crate::{
    Action, Edit, End, Finding, Interrupt, LoadError, Operations, ProtocolOf, Ran, RunError,
    Session as _, System, Until,
};

/// How much may go wrong on a path, beside what the scenario has the nemesis do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// How many messages may be lost.
    pub losses: u64,
    /// How many messages may be duplicated.
    pub duplicates: u64,
    /// How many times a node may crash. It keeps what it had made durable, and can start again.
    pub crashes: u64,
    /// How many times time may pass: a timer runs out, or anything else that goes by a clock
    /// happens. `None` is without a bound.
    pub timeouts: Option<u64>,
}

impl Budget {
    fn faults(self) -> Faults {
        match (self.losses > 0, self.duplicates > 0) {
            (true, true) => Faults::Any,
            (true, false) => Faults::Losses,
            (false, true) => Faults::Duplicates,
            (false, false) => Faults::None,
        }
    }
}

/// A state of a run whose next step is chosen.
pub trait State {
    /// A number that states share if they have the same future and the same findings from there on.
    /// `None` if a checker cannot tell what it knows.
    fn id(&self) -> Option<u128>;

    /// How many steps led to it.
    fn depth(&self) -> usize;

    /// How many steps can be taken next.
    fn steps(&self) -> usize;

    /// What happens with this step, in words.
    fn words(&self, step: usize) -> String;

    /// Lets one of these steps happen, in every way in which its questions of chance can be
    /// answered. A question with more than `answers` possible answers is answered with 0 only.
    fn take(&self, step: usize, answers: u64) -> Taken;

    /// What a checker has found, with the name of the checker.
    fn finding(&self) -> Option<(&'static str, Finding)>;

    /// The steps that led to it, in words.
    fn path(&self) -> Vec<String>;

    /// How the operations of clients have ended so far.
    fn operations(&self) -> Operations;

    /// Only the path to it, which takes little memory.
    fn shelve(&self) -> Box<dyn Shelved>;

    /// Runs the path as an ordinary run, explains what is found, and records the run if there is a
    /// file for it.
    ///
    /// # Errors
    /// If no ordinary run follows the path, or the recording cannot be written.
    fn run(&self, record: Option<&Path>) -> Result<Ran, RunError>;
}

/// A state of which only the path is kept.
pub trait Shelved {
    /// The state, by going along the path.
    fn state(&self) -> Box<dyn State>;
}

/// What a step leads to.
#[derive(Default)]
pub struct Taken {
    /// One state for each way in which the questions of the step can be answered.
    pub states: Vec<Box<dyn State>>,
    /// The questions that were answered with 0 only, in words.
    pub cut_short: BTreeSet<String>,
}

/// The seed in the header of a recording of an explored path.
const SEED: &str = "explored";

/// A state of a system.
struct Reached<S: System> {
    prepared: Arc<Prepared<S>>,
    names: Arc<Names>,
    world: RunningWorld<S, Enumerated>,
    seen: Seen<S>,
    budget: Budget,
    path: Rc<Trail<S>>,
    steps: Vec<Choice<MessageOf<S>>>,
}

type MessageOf<S> = <ProtocolOf<S> as Protocol>::Message;

/// A state of which only the path is kept.
struct Recipe<S: System> {
    prepared: Arc<Prepared<S>>,
    names: Arc<Names>,
    budget: Budget,
    path: Rc<Trail<S>>,
}

impl<S: System> Shelved for Recipe<S> {
    fn state(&self) -> Box<dyn State> {
        let Recipe { prepared, names, budget, path } = self;
        let (steps, _) = path.steps();
        let mut world = prepared.world(Enumerated::new(Faults::Any)).expect("checked before");
        let mut seen = Seen::new(Watchers::new(prepared));
        world.choices_mut().answer(&steps.beginning);
        world.begin(&mut seen);
        for PathStep { choice, answers } in &steps.steps {
            world.choices_mut().answer(answers);
            world.take(&mut seen, choice).expect("it was taken before");
        }
        world.choices_mut().allow(budget.faults());
        let (prepared, names) = (Arc::clone(prepared), Arc::clone(names));
        let (budget, path, steps) = (*budget, Rc::clone(path), Vec::new());
        let mut state = Reached { prepared, names, world, seen, budget, path, steps };
        state.steps = state.find_steps();
        Box::new(state)
    }
}

/// The path to a state: its last step, and the path before that.
enum Trail<S: System> {
    Beginning {
        answers: Vec<u64>,
    },
    Step {
        before: Rc<Trail<S>>,
        depth: usize,
        step: PathStep<MessageOf<S>>,
        /// After which event the step is an order of the nemesis, and which.
        order: Option<(u64, Action)>,
    },
}

impl<S: System> Trail<S> {
    /// The path from the beginning, and the orders that the nemesis was given on it.
    fn steps(&self) -> (sim::Path<MessageOf<S>>, Vec<(u64, Action)>) {
        let mut path = sim::Path::default();
        let mut orders = Vec::new();
        let mut here = self;
        while let Trail::Step { before, step, order, .. } = here {
            path.steps.push(step.clone());
            orders.extend(order.clone());
            here = before;
        }
        if let Trail::Beginning { answers } = here {
            path.beginning = answers.clone();
        }
        path.steps.reverse();
        orders.reverse();
        (path, orders)
    }
}

/// What has been seen on a path.
struct Seen<S: System> {
    watchers: Watchers<S>,
    history: HistoryId,
    up: BTreeSet<NodeId>,
    down: BTreeSet<NodeId>,
    /// The last event that the nemesis has seen.
    last: u64,
}

impl<S: System> Seen<S> {
    fn new(watchers: Watchers<S>) -> Seen<S> {
        let (history, up, down) = Default::default();
        Seen { watchers, history, up, down, last: 0 }
    }
}

impl<S: System> Clone for Seen<S> {
    fn clone(&self) -> Seen<S> {
        Seen {
            watchers: self.watchers.clone(),
            history: self.history.clone(),
            up: self.up.clone(),
            down: self.down.clone(),
            last: self.last,
        }
    }
}

impl<S: System> Observer<ProtocolOf<S>> for Seen<S> {
    fn event(&mut self, event: &Event<ProtocolOf<S>>) {
        self.watchers.event(event);
        match &event.kind {
            Kind::Chose { .. } => return,
            Kind::Start => {
                self.down.remove(&event.node);
                self.up.insert(event.node);
            }
            Kind::Nemesis(Command::Crash { node, .. }) if self.up.remove(node) => {
                self.down.insert(*node);
            }
            _ => (),
        }
        self.last = event.seq;
        let part = match event.kind {
            Kind::Invoke(_) => Part::Invocations,
            Kind::Return(_) => Part::Returns,
            Kind::Claim(_) | Kind::Nemesis(_) => Part::Other,
            _ => return,
        };
        let mut bytes = Vec::new();
        history::canonical::encode(&(event.at, event.node, &event.kind), &mut bytes);
        self.history.add(part, xxh3_64(&bytes));
    }
}

/// What makes one history of operations differ from another, beside the order of what overlaps.
///
/// One operation precedes another if it returned before the other was invoked. So a history is a
/// list of groups, in turn of invocations and of returns. The order within a group makes no
/// difference.
#[derive(Clone, Default)]
struct HistoryId {
    /// All groups before the present one.
    before: u64,
    part: Part,
    /// Hashes of the present group.
    group: Vec<u64>,
}

/// What a group of a history consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    Invocations,
    Returns,
    /// Something whose order makes a difference.
    #[default]
    Other,
}

impl HistoryId {
    fn add(&mut self, part: Part, hash: u64) {
        if part != self.part || part == Part::Other {
            *self = HistoryId { before: self.number(), part, group: Vec::new() };
        }
        self.group.push(hash);
        self.group.sort_unstable();
    }

    fn number(&self) -> u64 {
        let mut hasher = Xxh3::new();
        hasher.write_u64(self.before);
        hasher.write_u8(self.part as u8);
        self.group.hash(&mut hasher);
        hasher.digest()
    }
}

/// The states in which a run of a scenario can begin, as the file has it, with nothing drawn.
pub(crate) fn beginnings<S: System>(prepared: Prepared<S>, budget: Budget, answers: u64) -> Taken {
    let prepared = Arc::new(prepared);
    let names = Arc::new(prepared.names());
    let world = prepared.world(Enumerated::new(budget.faults())).expect("checked before");
    let seen = Seen::new(Watchers::new(&prepared));
    let mut taken = Taken::default();
    for branch in world.beginnings(&seen, answers) {
        let path = Rc::new(Trail::Beginning { answers: branch.answers.clone() });
        let (prepared, names) = (Arc::clone(&prepared), Arc::clone(&names));
        taken.add(Reached::new(prepared, names, branch, budget, path));
    }
    taken
}

impl Taken {
    fn add<S: System>(&mut self, reached: Option<(Reached<S>, Vec<String>)>) {
        let Some((state, cut_short)) = reached else { return };
        self.states.push(Box::new(state));
        self.cut_short.extend(cut_short);
    }
}

impl<S: System> Reached<S> {
    /// The state after a branch, unless it takes more faults than the budget has; and the questions
    /// that were answered with 0 only.
    fn new(
        prepared: Arc<Prepared<S>>,
        names: Arc<Names>,
        branch: sim::Branch<S::Process, Nemeses<S>, Seen<S>>,
        budget: Budget,
        path: Rc<Trail<S>>,
    ) -> Option<(Reached<S>, Vec<String>)> {
        let sim::Branch { mut world, observer: seen, cut_short, .. } = branch;
        let fates = world.choices().questions().iter().filter(|asked| asked.purpose == "fate");
        let count = |answer| fates.clone().filter(|fate| fate.answer == answer).count() as u64;
        let (losses, duplicates) = (count(1), count(2));
        let losses = budget.losses.checked_sub(losses)?;
        let duplicates = budget.duplicates.checked_sub(duplicates)?;
        let budget = Budget { losses, duplicates, ..budget };
        world.choices_mut().allow(budget.faults());
        let cut_short = cut_short.iter().map(|question| {
            format!("{} of {} has {} answers", question.purpose, question.name, question.bound)
        });
        let cut_short = cut_short.collect();
        let mut state = Reached { prepared, names, world, seen, budget, path, steps: Vec::new() };
        state.steps = state.find_steps();
        Some((state, cut_short))
    }

    fn find_steps(&self) -> Vec<Choice<MessageOf<S>>> {
        if self.seen.watchers.has_found() {
            return Vec::new();
        }
        let time_passes = self.budget.timeouts != Some(0);
        let pending = self.world.pending().into_iter();
        let pending = pending.filter(|pending| time_passes || !self.passes_time(pending));
        let mut steps: Vec<_> = pending.map(|pending| pending.choice).collect();
        if self.budget.crashes > 0 {
            let crash = |node: &NodeId| Command::Crash { node: *node, keep: Keep::Durable };
            steps.extend(self.seen.up.iter().map(crash).map(Choice::Command));
        }
        let start = |node: &NodeId| Choice::Command(Command::Start(*node));
        steps.extend(self.seen.down.iter().map(start));
        steps
    }

    /// Whether virtual time passes if this happens.
    fn passes_time(&self, pending: &Pending<ProtocolOf<S>>) -> bool {
        pending.choice == Choice::Clock && pending.at > self.world.now()
    }

    /// A choice in this world, in words.
    fn choice_in_words(
        &self,
        world: &RunningWorld<S, Enumerated>,
        choice: &Choice<MessageOf<S>>,
    ) -> String {
        if let Choice::Command(command) = choice {
            let node = self.names.node(command.node());
            return match command {
                Command::Crash { .. } => format!("{node} crashes"),
                _ => format!("{node} starts again"),
            };
        }
        let pending = world.pending().into_iter().find(|pending| pending.choice == *choice);
        pending.map(|pending| self.in_words(&pending)).unwrap_or_default()
    }

    fn in_words(&self, pending: &Pending<ProtocolOf<S>>) -> String {
        let node = self.names.node(pending.node);
        match &pending.what {
            Upcoming::Delivery { from, message, .. } => {
                format!("{node} receives {} from {}", json(message), self.names.node(*from))
            }
            Upcoming::Timer { timer, .. } => {
                format!("at {} the timer {} of {node} runs out", pending.at, json(timer))
            }
            Upcoming::Undelivered { to, .. } => {
                format!("{node} learns that a message to {} was lost", self.names.node(*to))
            }
            Upcoming::ConnectionLost { peer } => {
                format!("{node} learns that its connection to {} broke", self.names.node(*peer))
            }
            Upcoming::Told { message } => format!("the operator tells {node} {}", json(message)),
            Upcoming::Alarm(_) => format!("at {} the nemesis goes on", pending.at),
            Upcoming::GoOn => format!("at {} {node} has done its work", pending.at),
        }
    }

    /// What is found when nothing can happen any more.
    fn finding_at_rest(&self) -> Option<(&'static str, Finding)> {
        let nodes = (0..self.names.nodes.len()).map(|number| NodeId(number as u16));
        let processes: Vec<&S::Process> = nodes.map(|node| self.world.process(node)).collect();
        if !self.world.pending().is_empty()
            || processes.iter().any(|process| S::unfinished(process).is_some())
        {
            return None;
        }
        let mut watchers = self.seen.watchers.clone();
        watchers.end(&End::AtRest(&processes));
        watchers.first_finding()
    }
}

type Nemeses<S> = (crate::fault::FaultPlan, <S as System>::Nemesis);

fn json(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("a message is JSON")
}

impl<S: System> State for Reached<S> {
    fn id(&self) -> Option<u128> {
        let mut hasher = Xxh3::new();
        hasher.write_u128(self.world.fingerprint());
        hasher.write_u64(self.seen.history.number());
        self.budget.hash(&mut hasher);
        self.seen.down.hash(&mut hasher);
        let checkers = &self.seen.watchers.checkers;
        let is_known = checkers.iter().all(|watching| watching.checker.identify(&mut hasher));
        is_known.then(|| hasher.digest128())
    }

    fn depth(&self) -> usize {
        match &*self.path {
            Trail::Beginning { .. } => 0,
            Trail::Step { depth, .. } => *depth,
        }
    }

    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn words(&self, step: usize) -> String {
        self.choice_in_words(&self.world, &self.steps[step])
    }

    fn take(&self, step: usize, answers: u64) -> Taken {
        let choice = &self.steps[step];
        let mut budget = self.budget;
        let mut order = None;
        match choice {
            Choice::Command(command) => {
                let name = self.names.node(command.node()).into_owned();
                let action = match command {
                    Command::Crash { .. } => {
                        budget.crashes -= 1;
                        Action::Crash(name)
                    }
                    _ => Action::Start(name),
                };
                order = Some((self.seen.last, action));
            }
            Choice::Clock => {
                let pending = self.world.pending();
                let passes = pending.first().is_some_and(|first| self.passes_time(first));
                budget.timeouts = budget.timeouts.map(|left| left - u64::from(passes));
            }
            Choice::Deliver(_) => (),
        }
        let mut taken = Taken::default();
        // A limit of the scenario is reached: nothing happens beyond it.
        let branches = self.world.branches(&self.seen, choice, answers).unwrap_or_default();
        for branch in branches {
            let step = PathStep { choice: choice.clone(), answers: branch.answers.clone() };
            let path = Rc::new(Trail::Step {
                before: Rc::clone(&self.path),
                depth: self.depth() + 1,
                step,
                order: order.clone(),
            });
            let (prepared, names) = (Arc::clone(&self.prepared), Arc::clone(&self.names));
            taken.add(Reached::new(prepared, names, branch, budget, path));
        }
        taken
    }

    fn finding(&self) -> Option<(&'static str, Finding)> {
        self.seen.watchers.first_finding().or_else(|| self.finding_at_rest())
    }

    fn operations(&self) -> Operations {
        self.seen.watchers.tally.operations
    }

    fn shelve(&self) -> Box<dyn Shelved> {
        let (prepared, names) = (Arc::clone(&self.prepared), Arc::clone(&self.names));
        Box::new(Recipe { prepared, names, budget: self.budget, path: Rc::clone(&self.path) })
    }

    fn path(&self) -> Vec<String> {
        let (path, _) = self.path.steps();
        let mut world = self.prepared.world(Enumerated::new(Faults::Any)).expect("checked before");
        let mut words = Vec::new();
        world.choices_mut().answer(&path.beginning);
        world.begin(&mut ());
        for PathStep { choice, answers } in &path.steps {
            words.push(self.choice_in_words(&world, choice));
            world.choices_mut().answer(answers);
            world.take(&mut (), choice).expect("it was taken before");
        }
        words
    }

    fn run(&self, record: Option<&Path>) -> Result<Ran, RunError> {
        let (path, orders) = self.path.steps();
        let cannot = |why: String| LoadError::Override {
            origin: self.prepared.scenario.name.clone(),
            overrides: "the path that was found".to_owned(),
            message: why,
        };
        let first = self.prepared.world(Enumerated::new(Faults::Any)).expect("checked before");
        let script = path.script(first).map_err(|why| cannot(why.to_string()))?;
        let edits = orders.iter().map(|(event, action)| {
            Edit::Order { event: *event, action: action.clone() }.to_string()
        });
        let edits = edits.collect();
        let prepared = Prepared::new(&self.prepared.scenario)
            .and_then(|prepared: Prepared<S>| prepared.with_orders(orders))
            .map_err(|why| cannot(why.to_string()))?;
        let origin = Origin { seed: SEED.to_owned(), edits, recording: None };
        let mut live = Box::new(Live::new(Arc::new(prepared), origin, script.choices()));
        if let Some(record) = record {
            live.record(record)?;
        }
        live.run(Until::End, &Interrupt::new());
        Ok(live.finish(true)?.ran)
    }
}
