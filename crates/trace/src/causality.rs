//! The causal past of an event: the earlier events of its node, the sends of the messages that the
//! node had received, and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::{LogError, LogReader};

/// Returns the events in the causal past of event `seq`, with their places in the file, in order.
/// There are at most `most` of them, the nearest ones. That event itself comes last, if the log has
/// it.
///
/// The order is Lamport's happened-before: the order on one node, and from the send of a message to
/// its receipt (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978).
///
/// # Errors
/// If the log cannot be read up to there.
pub fn causal_past(path: &Path, seq: u64, most: usize) -> Result<Vec<(u64, Value)>, LogError> {
    let mut log = LogReader::open(path)?;
    let mut graph = Vec::new();
    let mut last_on_node: BTreeMap<u64, u64> = BTreeMap::new();
    let mut sends: BTreeMap<u64, u64> = BTreeMap::new();
    while graph.len() as u64 <= seq {
        let Some(line) = log.next_line()? else { break };
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        let here = graph.len() as u64;
        let id = |kind: &str| event["kind"][kind]["id"].as_u64();
        let node = event["node"].as_u64().unwrap_or(u64::MAX);
        if let Some(id) = id("send") {
            sends.insert(id, here);
        }
        let cause = id("deliver").and_then(|id| sends.get(&id).copied());
        graph.push((last_on_node.insert(node, here), cause));
    }
    let Some(end) = (graph.len() as u64).checked_sub(1) else {
        return Ok(Vec::new());
    };
    let past = nearest(&graph, end, most);
    lines(path, &past)
}

/// Walks back from `end`, always to the latest event that is not yet taken.
fn nearest(graph: &[(Option<u64>, Option<u64>)], end: u64, most: usize) -> BTreeSet<u64> {
    let mut taken = BTreeSet::new();
    let mut front = BTreeSet::from([end]);
    while let Some(latest) = front.pop_last() {
        if taken.len() >= most {
            break;
        }
        taken.insert(latest);
        let (before, cause) = graph[latest as usize];
        front.extend(before.into_iter().chain(cause));
    }
    taken
}

fn lines(path: &Path, wanted: &BTreeSet<u64>) -> Result<Vec<(u64, Value)>, LogError> {
    let mut log = LogReader::open(path)?;
    let mut found = Vec::new();
    for &seq in wanted {
        while log.events() < seq {
            log.next_line()?;
        }
        if let Some(line) = log.next_line()? {
            found.push((seq, serde_json::from_str(line).unwrap_or_default()));
        }
    }
    Ok(found)
}
