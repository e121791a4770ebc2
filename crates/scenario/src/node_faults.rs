//! The faults of nodes, for the story of a finding.

use std::collections::{BTreeMap, VecDeque};

use history::{Names, NodeId, Span, Time};
use sim::{Command, Event, Kind, Protocol};

/// How many faults of a node are kept.
const KEPT: usize = 16;

/// The latest faults of each node.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeFaults(BTreeMap<NodeId, VecDeque<(Time, Fault)>>);

#[derive(Clone, Copy, Debug)]
enum Fault {
    Crash,
    Pause,
    Resume,
    Slow(Span),
    ClockStep(i64),
}

impl NodeFaults {
    #[inline]
    pub(crate) fn event<P: Protocol>(&mut self, event: &Event<P>) {
        if let Kind::Nemesis(command) = &event.kind {
            self.note(event.at, command);
        }
    }

    fn note<M>(&mut self, at: Time, command: &Command<M>) {
        let fault = match command {
            Command::Crash { .. } => Fault::Crash,
            Command::Pause(_) => Fault::Pause,
            Command::Resume(_) => Fault::Resume,
            Command::Slow { by, .. } => Fault::Slow(*by),
            Command::StepClock { by_ns, .. } => Fault::ClockStep(*by_ns),
            _ => return,
        };
        let faults = self.0.entry(command.node()).or_default();
        if faults.len() == KEPT {
            faults.pop_front();
        }
        faults.push_back((at, fault));
    }

    /// What happened to these nodes between the first and the last of some steps.
    pub(crate) fn of(
        &self,
        nodes: &[NodeId],
        steps: &[(Time, String)],
        names: &Names,
    ) -> Vec<(Time, String)> {
        let times = || steps.iter().map(|(at, _)| *at);
        let (Some(from), Some(to)) = (times().min(), times().max()) else { return Vec::new() };
        let faults = nodes.iter().flat_map(|node| {
            let all = self.0.get(node).into_iter().flatten();
            all.map(move |(at, fault)| (*at, *node, *fault))
        });
        let during = faults.filter(|(at, ..)| (from..=to).contains(at));
        during.map(|(at, node, fault)| (at, fault.in_words(&names.node(node)))).collect()
    }
}

impl Fault {
    fn in_words(self, node: &str) -> String {
        match self {
            Fault::Crash => format!("{node} crashes"),
            Fault::Pause => format!("{node} is paused: it does nothing, and its clocks go on"),
            Fault::Resume => format!("{node} goes on after its pause"),
            Fault::Slow(Span::ZERO) => format!("{node} is as fast as usual again"),
            Fault::Slow(by) => format!("each step of {node} takes {by} longer from now on"),
            Fault::ClockStep(by) if by < 0 => {
                format!("the clock of {node} is set back by {}", Span(by.unsigned_abs()))
            }
            Fault::ClockStep(by) => {
                format!("the clock of {node} is set ahead by {}", Span(by.unsigned_abs()))
            }
        }
    }
}
