//! The constraints between operations, as a graph: an edge leads from an operation to one that
//! must come after it. A cycle is a proof that no order exists.

use std::collections::{BTreeSet, VecDeque};

use history::{Action, Names, Observation, OpId, Version};
use petgraph::dot::{Config, Dot};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};

use super::CycleEdge;
use super::phrase::version_of;
use crate::chronicle::{Chronicle, Operation};

/// Why one operation must come before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Constraint {
    /// The first operation made the version that the second saw.
    Installs,
    /// The first operation had returned before the second was invoked.
    RealTime,
    /// The first operation saw or replaced a version, and the second made a newer one. Or the first
    /// made a version, and the second saw a newer one.
    Overwrites,
}

impl Constraint {
    fn name(self) -> &'static str {
        match self {
            Constraint::Installs => "installs",
            Constraint::RealTime => "real time",
            Constraint::Overwrites => "overwrites",
        }
    }
}

/// The constraints between the operations of a violation.
#[derive(Clone, Debug, Default)]
pub(super) struct ConstraintGraph {
    graph: DiGraph<Vertex, (Constraint, String)>,
    /// The smallest cycle, as its vertices in order.
    cycle: Vec<NodeIndex>,
}

#[derive(Clone, Debug)]
struct Vertex {
    op: OpId,
    label: String,
}

/// The versions that an operation found, made or saw. A write whose value is in two versions has
/// two ties.
#[derive(Clone, Copy)]
struct Tie {
    /// The version that it found in place.
    found: Version,
    /// The version that it made.
    made: Option<Observation>,
    /// The state that it saw and another operation made.
    saw: Option<Observation>,
}

impl ConstraintGraph {
    /// The constraints among the operations in `matter`, and the smallest cycle. Cycles of
    /// operations in the story are preferred.
    pub(super) fn new(
        chronicle: &Chronicle,
        matter: &BTreeSet<OpId>,
        spoken_of: &BTreeSet<OpId>,
        names: &Names,
    ) -> ConstraintGraph {
        let picked = chronicle.operations().iter();
        let picked = picked.filter(|operation| matter.contains(&operation.id));
        let picked: Vec<(&Operation, Vec<Tie>)> =
            picked.map(|operation| (operation, ties(chronicle, operation))).collect();
        let mut graph = DiGraph::new();
        let vertices = picked.iter().map(|(operation, ties)| Vertex {
            op: operation.id,
            label: label(operation, ties, names),
        });
        let vertices: Vec<NodeIndex> = vertices.map(|vertex| graph.add_node(vertex)).collect();
        for (one, from) in picked.iter().zip(&vertices) {
            for (other, to) in picked.iter().zip(&vertices) {
                if from != to
                    && let Some(constraint) = constraint(one, other, names)
                {
                    graph.add_edge(*from, *to, constraint);
                }
            }
        }
        let mut constraints = ConstraintGraph { graph, cycle: Vec::new() };
        let is_new = |vertex: &NodeIndex| !spoken_of.contains(&constraints.graph[*vertex].op);
        let cycles = vertices.iter().filter_map(|start| constraints.cycle_through(*start));
        let smallest = cycles.min_by_key(|cycle| (cycle.len(), cycle.iter().any(is_new)));
        constraints.cycle = smallest.unwrap_or_default();
        constraints
    }

    /// The shortest cycle through a vertex, found breadth first.
    fn cycle_through(&self, start: NodeIndex) -> Option<Vec<NodeIndex>> {
        let mut came_from: Vec<Option<NodeIndex>> = vec![None; self.graph.node_count()];
        let mut frontier = VecDeque::from([start]);
        while let Some(vertex) = frontier.pop_front() {
            // Edges are listed from the newest to the oldest; operations are added by invocation.
            let mut next: Vec<NodeIndex> = self.graph.neighbors(vertex).collect();
            next.sort_unstable();
            for successor in next {
                if came_from[successor.index()].is_none() {
                    came_from[successor.index()] = Some(vertex);
                    frontier.push_back(successor);
                }
                if successor == start {
                    let back = std::iter::successors(Some(vertex), |vertex| {
                        came_from[vertex.index()].filter(|_| *vertex != start)
                    });
                    let mut cycle: Vec<NodeIndex> = back.collect();
                    cycle.reverse();
                    return Some(cycle);
                }
            }
        }
        None
    }

    /// The smallest cycle, each edge with its sentence.
    pub(super) fn cycle(&self) -> Vec<CycleEdge> {
        let next = self.cycle.iter().cycle().skip(1);
        let edges = self.cycle.iter().zip(next).filter_map(|(from, to)| {
            let (constraint, because) = &self.graph[self.graph.find_edge(*from, *to)?];
            Some(CycleEdge {
                from: self.graph[*from].op,
                to: self.graph[*to].op,
                constraint: *constraint,
                because: because.clone(),
            })
        });
        edges.collect()
    }

    /// In the language of graphviz. The cycle is red.
    pub(super) fn dot(&self) -> String {
        let in_cycle = |from: NodeIndex, to: NodeIndex| {
            let next = self.cycle.iter().cycle().skip(1);
            self.cycle.iter().zip(next).any(|(one, other)| (*one, *other) == (from, to))
        };
        let edge_label = |from, to, constraint: Constraint| {
            let colour = if in_cycle(from, to) { " color=red fontcolor=red" } else { "" };
            format!("label=\"{}\"{colour}", constraint.name())
        };
        let vertex_label = |vertex, label: &str| {
            let colour = if self.cycle.contains(&vertex) { " color=red" } else { "" };
            format!("shape=box label=\"{}\"{colour}", label.escape_default())
        };
        format!(
            "{:?}",
            Dot::with_attr_getters(
                &self.graph,
                &[Config::NodeNoLabel, Config::EdgeNoLabel],
                &|_, edge| edge_label(edge.source(), edge.target(), edge.weight().0),
                &|_, (vertex, content)| vertex_label(vertex, &content.label),
            )
        )
    }
}

fn ties(chronicle: &Chronicle, operation: &Operation) -> Vec<Tie> {
    // The versions of different incarnations do not order each other.
    if chronicle.deletes() {
        return Vec::new();
    }
    if let Some(saw) = operation.saw() {
        return vec![Tie { found: saw.version, made: None, saw: Some(saw) }];
    }
    let Some(value) = operation.action.written().filter(|_| !operation.is_denied()) else {
        return Vec::new();
    };
    let told = chronicle.operations().iter().filter_map(|other| other.told());
    let versions = told.map(|(_, told)| told).filter(|told| told.value == value);
    let made: BTreeSet<Observation> = versions.filter(|told| told.version > Version(0)).collect();
    let tie = |made: Observation| Tie {
        found: match operation.action {
            Action::Cas { expected, .. } => expected.version,
            _ => Version(made.version.0 - 1),
        },
        made: Some(made),
        saw: None,
    };
    made.into_iter().map(tie).collect()
}

/// The strongest reason why the first operation must come before the second, and a sentence about
/// it.
fn constraint(
    one: &(&Operation, Vec<Tie>),
    other: &(&Operation, Vec<Tie>),
    names: &Names,
) -> Option<(Constraint, String)> {
    let ((one, ties), (other, other_ties)) = (one, other);
    let (a, b) = (names.op(one.id), names.op(other.id));
    let tied = ties.iter().flat_map(|tie| other_ties.iter().map(move |other| (tie, other)));
    let installs = tied.clone().find_map(|(tie, other)| {
        let made = tie.made.filter(|made| other.saw == Some(*made))?;
        Some(format!("{b} saw {}, which {a} made", made.version))
    });
    let real_time = || {
        let (returned, _) = one.told()?;
        let (returned, began) =
            (returned.step < other.began.step).then_some((returned.at, other.began.at))?;
        Some(if returned == began {
            format!("{a} had returned when {b} began, both at {began}")
        } else {
            format!("{a} had returned at {returned} when {b} began at {began}")
        })
    };
    let overwrites =
        || tied.clone().find_map(|(tie, other)| overwrites((&a, one, tie), (&b, other)));
    let (constraint, because) = installs
        .map(|because| (Constraint::Installs, because))
        .or_else(|| Some((Constraint::RealTime, real_time()?)))
        .or_else(|| Some((Constraint::Overwrites, overwrites()?)))?;
    Some((constraint, format!("{a} comes before {b}: {because}.")))
}

fn overwrites(
    (a, operation, one): (&str, &Operation, &Tie),
    (b, other): (&str, &Tie),
) -> Option<String> {
    if let (Some(made), Some(saw)) = (one.made, other.saw) {
        let (made, saw) = (made.version, saw.version);
        return (made < saw).then(|| format!("{a} made {made}, and {b} saw {saw}, which is newer"));
    }
    let newer = other.made.filter(|newer| newer.version > one.found)?.version;
    let found = version_of(one.found);
    Some(match one.made {
        None if newer == one.found.next() => {
            format!("{a} saw {found}, which {b} replaced by {newer}")
        }
        None => format!("{a} saw {found}, and {b} made {newer}, which is newer"),
        Some(made) if made.version < newer => {
            format!("{a} made {}, and {b} made {newer}, which is newer", made.version)
        }
        Some(_) if matches!(operation.action, Action::Cas { .. }) => {
            format!("{a} found {found}, which was gone once {b} had made {newer}")
        }
        Some(made) => format!(
            "{a} made {} on top of {found}, which was gone once {b} had made {newer}",
            made.version
        ),
    })
}

/// `c2#31`, and below it the operation.
fn label(operation: &Operation, ties: &[Tie], names: &Names) -> String {
    let asks = match operation.action {
        Action::Read => "read".to_owned(),
        Action::Write { .. } => "write".to_owned(),
        Action::Cas { expected, .. } => {
            format!("compare-and-set from {}", version_of(expected.version))
        }
        Action::Delete { expected } => format!("deletion of {}", version_of(expected.version)),
    };
    let tied = ties.iter().map(|tie| match (tie.made, tie.saw) {
        (Some(made), _) => format!(", made {}", made.version),
        (None, Some(saw)) => format!(", saw {}", version_of(saw.version)),
        (None, None) => String::new(),
    });
    let tied: String = tied.collect();
    format!("{}\n{asks}{tied}", names.op(operation.id))
}
