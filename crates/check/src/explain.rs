//! Explains to a person why no order of the operations is possible.

mod deletion;
mod graph;
mod missing;
mod phrase;
mod story;

use std::collections::BTreeSet;
use std::fmt;

use history::{Entry, Names, OpId, Version};
use serde::{Deserialize, Serialize};

pub use self::graph::Constraint;
use self::graph::ConstraintGraph;
use self::phrase::Speaker;
use crate::Violation;
use crate::chronicle::Chronicle;
use crate::pinpoint::pinpoint;

/// The story of a violation, and the smallest cycle of constraints that proves it.
///
/// Its `Display` is the summary, the numbered story, and the cycle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// What is wrong, in one sentence.
    pub summary: String,
    /// What led to the violation, one or two sentences each: which client wrote a value, which
    /// client observed it, which client then saw a contradicting state, and why no order of these
    /// operations is possible.
    pub story: Vec<String>,
    /// Operations of which each must come before the next, and the last before the first. Empty if
    /// a single reply is impossible by itself, such as a value that no client wrote. The story says
    /// so then.
    pub cycle: Vec<CycleEdge>,
    /// The operations of the story, in the order of their invocations. The operation with the
    /// impossible reply comes last.
    pub operations: Vec<OpId>,
    #[serde(skip)]
    graph: ConstraintGraph,
}

/// One operation must come before another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleEdge {
    /// The operation that comes first.
    pub from: OpId,
    /// The operation that comes after it.
    pub to: OpId,
    /// The kind of constraint.
    pub constraint: Constraint,
    /// Why, in one sentence.
    pub because: String,
}

impl Explanation {
    /// The operations that matter and the constraints between them, in the language of graphviz.
    /// The cycle is red. The graph is empty if the explanation was read from a file.
    #[must_use]
    pub fn dot(&self) -> String {
        self.graph.dot()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary)?;
        writeln!(f)?;
        for (index, sentence) in self.story.iter().enumerate() {
            writeln!(f, "{:>3}. {sentence}", index + 1)?;
        }
        if !self.cycle.is_empty() {
            writeln!(f)?;
            writeln!(f, "The smallest cycle:")?;
        }
        for edge in &self.cycle {
            writeln!(f, "   - {}", edge.because)?;
        }
        Ok(())
    }
}

/// Tells the story of a violation.
///
/// `history` is the history with the violation, and may continue after it. Only the operations of
/// the violation's key are used. The running time is linear in the length of the history, and the
/// memory is linear in the number of operations of the key.
///
/// ```
/// use check::{check_history, explain, notation};
///
/// let (history, names) = notation::parse(
///     "200ms c2 cas empty
///      212ms c2 made v1
///      230ms c1 read
///      236ms c1 saw empty",
/// )?;
/// let violation = check_history(&history)?.expect("c1 saw less than was known");
/// let explanation = explain(&history, &violation, &names);
/// assert_eq!(
///     explanation.summary,
///     "c1 saw an empty register at 236ms, although v1 of key1 had been known since 212ms.",
/// );
/// assert_eq!(explanation.cycle.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn explain(history: &[Entry], violation: &Violation, names: &Names) -> Explanation {
    let violation = pinpoint(history, violation);
    let known = Chronicle::new(history, &violation).and_then(|chronicle| {
        let offender = *chronicle.operation(violation.op)?;
        Some((chronicle, offender))
    });
    let Some((chronicle, offender)) = known else {
        return Explanation {
            summary: violation.to_string(),
            story: vec!["The history at hand does not contain that operation.".to_owned()],
            cycle: Vec::new(),
            operations: vec![violation.op],
            graph: ConstraintGraph::default(),
        };
    };
    let mut speaker = Speaker::new(names, violation.key);
    let told = story::describe(&chronicle, &offender, &violation.reason, &mut speaker);
    let spoken_of = speaker.spoken_of().clone();
    let mut matter = spoken_of.clone();
    add_neighbours(&chronicle, &mut matter);
    let graph = ConstraintGraph::new(&chronicle, &matter, &spoken_of, names);
    let cycle = graph.cycle();
    let mut story = told.sentences;
    let new = cycle.iter().map(|edge| edge.from).filter(|op| !spoken_of.contains(op));
    story.extend(new.filter_map(|op| Some(speaker.describe(chronicle.operation(op)?))));
    story.push(conclusion(&cycle, &told.moral, names));
    let mut operations: Vec<OpId> =
        spoken_of.into_iter().chain(cycle.iter().map(|edge| edge.from)).collect();
    operations.sort_by_key(|op| (*op == offender.id, chronicle.operation(*op).map(|it| it.began)));
    operations.dedup();
    Explanation { summary: told.summary, story, cycle, operations, graph }
}

/// The number of versions that are drawn at each end of the range that a story spans.
const ENDS: usize = 3;

/// Adds the writers and first observers of the versions between those in the story.
fn add_neighbours(chronicle: &Chronicle, matter: &mut BTreeSet<OpId>) {
    let told = matter.iter().filter_map(|op| chronicle.operation(*op)?.told());
    let versions: BTreeSet<Version> = told.map(|(_, told)| told.version).collect();
    let (Some(first), Some(last)) = (versions.first(), versions.last()) else {
        return;
    };
    let spanned =
        chronicle.reported_versions().filter(|(version, _)| (first..=last).contains(&version));
    let spanned: Vec<_> = spanned.collect();
    let ends = spanned.iter().take(ENDS).chain(spanned.iter().rev().take(ENDS));
    for (_, teller) in ends {
        let told = teller.told().map(|(_, told)| told.value);
        let writer = told.and_then(|value| chronicle.writer(value));
        matter.insert(teller.id);
        matter.extend(writer.map(|writer| writer.id));
    }
}

/// Why no order is possible: the cycle, or else the broken rule.
fn conclusion(cycle: &[CycleEdge], moral: &str, names: &Names) -> String {
    match cycle {
        [] => moral.to_owned(),
        [first, _] => format!(
            "So {} must come before {}, and after it: no order of the operations does both.",
            names.op(first.from),
            names.op(first.to)
        ),
        [first, between @ .., last] => {
            let pair =
                |edge: &CycleEdge| format!("{} before {}", names.op(edge.from), names.op(edge.to));
            let between: String = between.iter().map(|edge| format!(", {}", pair(edge))).collect();
            format!(
                "So {} must come before {}{between}, and {}: a cycle, which no order of the \
                 operations satisfies.",
                names.op(first.from),
                names.op(first.to),
                pair(last)
            )
        }
        [only] => only.because.clone(),
    }
}
