//! Exhaustive exploration: every order of events of a small scenario, within bounds.
//!
//! An explorer begins with the states in which a run can begin, and takes every step that each
//! state offers ([`scenario::State`]), breadth-first. So the first violation that it finds has a
//! shortest path. A state that was reached before is not gone on from: states with the same
//! [id](scenario::State::id) have the same future.
//!
//! # What is explored
//!
//! Any message that is in flight can arrive next, on a link that keeps the order the oldest. Or
//! time passes, and the earliest timer runs out. The documentation of `sim::World::pending` tells
//! what that over- and under-approximates. Messages are lost or duplicated, nodes crash and time
//! passes at most as often as the [`Budget`] of a path allows. A question of chance is answered in
//! every way if it has few answers; the others are answered with 0, and the result says so.
//!
//! An exploration is *complete* if every state within these bounds was visited and every question
//! was answered in every way. That says nothing about more faults, clients or operations.

#![deny(clippy::float_arithmetic)]

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;

pub use scenario::Budget;
use scenario::{Finding, Shelved, State, Taken};

/// How far an exploration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many steps a path can have. `None` is without a bound.
    pub depth: Option<usize>,
    /// How many states are visited.
    pub states: u64,
    /// A question of chance with more possible answers than this is answered with 0 only.
    pub answers: u64,
    /// Whether a state that was reached before is recognized. Without that, every path is gone
    /// along: for tests of the exploration itself.
    pub merges: bool,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { depth: None, states: 1_000_000, answers: 16, merges: true }
    }
}

/// What came of an exploration.
pub struct Explored {
    /// How many states were visited.
    pub states: u64,
    /// How many steps were taken.
    pub steps: u64,
    /// The length of the longest path.
    pub depth: usize,
    /// How many states have no next step.
    pub ends: u64,
    /// Why states may be missing, in words. Empty if the exploration is complete.
    pub incomplete: BTreeSet<String>,
    /// The nearest state in which a checker found something: the checker, what it found, and the
    /// state.
    pub found: Option<(&'static str, Finding, Box<dyn State>)>,
}

impl Explored {
    /// Whether every state within the bounds was visited. A violation ends an exploration early.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_empty() && self.found.is_none()
    }
}

/// How far an exploration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many states were visited.
    pub states: u64,
    /// How many steps led to the present state.
    pub depth: usize,
    /// How many states wait to be visited.
    pub frontier: usize,
}

/// How many states are visited between two reports of progress.
const BETWEEN_REPORTS: u64 = 256;

/// How many states wait as they are. Of the others only the path is kept. That takes a hundredth of
/// the memory, and more time when their turn comes.
const AWAKE: usize = 20_000;

/// States that wait to be visited, nearest first.
#[derive(Default)]
struct Frontier {
    waiting: VecDeque<Waiting>,
    awake: usize,
    known: BTreeSet<u128>,
}

enum Waiting {
    Awake(Box<dyn State>),
    Shelved(Box<dyn Shelved>),
}

impl Frontier {
    /// Adds the states that were not reached before.
    fn extend(&mut self, states: Vec<Box<dyn State>>, merges: bool) {
        for state in states {
            let id = if merges { state.id() } else { None };
            if id.is_some_and(|id| !self.known.insert(id)) {
                continue;
            }
            self.waiting.push_back(if self.awake < AWAKE {
                self.awake += 1;
                Waiting::Awake(state)
            } else {
                Waiting::Shelved(state.shelve())
            });
        }
    }

    fn next(&mut self) -> Option<Box<dyn State>> {
        Some(match self.waiting.pop_front()? {
            Waiting::Awake(state) => {
                self.awake -= 1;
                state
            }
            Waiting::Shelved(shelved) => shelved.state(),
        })
    }
}

/// Explores all states from these beginnings on, nearest first, up to the first in which a checker
/// has found something. `visit` is shown each state. `report` is called every so often, and can end
/// the exploration.
pub fn explore(
    beginnings: Taken,
    bounds: Bounds,
    mut visit: impl FnMut(&dyn State),
    mut report: impl FnMut(Progress) -> ControlFlow<()>,
) -> Explored {
    let Taken { states, cut_short } = beginnings;
    let mut explored =
        Explored { states: 0, steps: 0, depth: 0, ends: 0, incomplete: cut_short, found: None };
    let mut frontier = Frontier::default();
    frontier.extend(states, bounds.merges);
    while let Some(state) = frontier.next() {
        if explored.states == bounds.states {
            explored.incomplete.insert(format!("more than {} states", bounds.states));
            break;
        }
        explored.states += 1;
        explored.depth = state.depth();
        visit(&*state);
        if let Some((checker, finding)) = state.finding() {
            explored.found = Some((checker, finding, state));
            break;
        }
        if explored.states.is_multiple_of(BETWEEN_REPORTS) {
            let (states, depth) = (explored.states, explored.depth);
            if report(Progress { states, depth, frontier: frontier.waiting.len() }).is_break() {
                explored.incomplete.insert("it was ended early".to_owned());
                break;
            }
        }
        let steps = state.steps();
        explored.ends += u64::from(steps == 0);
        if steps > 0 && bounds.depth.is_some_and(|depth| state.depth() >= depth) {
            explored.incomplete.insert(format!("paths of more than {} steps", state.depth()));
            continue;
        }
        for step in 0..steps {
            let Taken { states, cut_short } = state.take(step, bounds.answers);
            explored.steps += 1;
            explored.incomplete.extend(cut_short);
            frontier.extend(states, bounds.merges);
        }
    }
    explored
}
