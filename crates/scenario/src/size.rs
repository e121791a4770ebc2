//! The limits on the size of a scenario, and on the memory of a run.
//!
//! The size of a file is checked before its world is built. The memory of a run is counted during
//! the run, by a formula: see [`sim::Holdings`].

use history::{Bytes, Names};
use sim::Holdings;

use crate::{General, Problem};

/// Tracks of a nemesis, which each event is shown to.
const TRACKS_MAX: usize = 256;
/// Steps of a track, and actions of a step.
const STEPS_MAX: usize = 1_000;
/// Rules for links, and clocks.
const RULES_MAX: usize = 1_000;
/// Values that seeds draw from, all together: each is tried when the file is read.
const VALUES_MAX: usize = 1_000;
/// What fits into the event queue, and into most machines.
const MEMORY_MAX: Bytes = Bytes(64 << 30);
/// The last number is not a node's but the world's.
const NODES_MAX: usize = u16::MAX as usize;
/// What a message or timer under way takes, about, in bytes: to compare it with the checkers.
const ITEM: u64 = 128;

/// Whether the part of a scenario that does not depend on the system is of a size that can be run.
pub(crate) fn check(general: &General) -> Result<(), Problem> {
    at_most("nemesis", "tracks", general.nemesis.len(), TRACKS_MAX)?;
    for (number, track) in general.nemesis.iter().enumerate() {
        let path = format!("nemesis.{number}.steps");
        at_most(&path, "steps", track.steps.len(), STEPS_MAX)?;
        for (number, step) in track.steps.iter().enumerate() {
            at_most(&format!("{path}.{number}.do"), "actions", step.actions.len(), STEPS_MAX)?;
        }
    }
    at_most("link", "rules", general.link.len(), RULES_MAX)?;
    at_most("clock", "clocks", general.clock.len(), RULES_MAX)?;
    let values = general.swarm.values().map(Vec::len).sum();
    at_most("swarm", "values to draw from, all together", values, VALUES_MAX)?;
    if general.limits.memory.0 > MEMORY_MAX.0 {
        return Err(Problem::new("limits.memory", format!("this is at most {MEMORY_MAX}")));
    }
    Ok(())
}

/// Whether a world can have so many nodes.
pub(crate) fn check_nodes(system: &str, nodes: usize) -> Result<(), Problem> {
    at_most(system, "nodes", nodes, NODES_MAX)
}

fn at_most(path: &str, what: &str, count: usize, most: usize) -> Result<(), Problem> {
    if count > most {
        return Err(Problem::new(path, format!("there are {count} {what}, and at most {most}")));
    }
    Ok(())
}

/// The item that takes most of the memory of a run.
pub(crate) fn largest(holdings: &Holdings, checkers: u64, names: &Names) -> String {
    let Holdings { in_flight, waiting, longest_line, held, commands, payloads } = *holdings;
    let line = longest_line.map(|(node, len)| (names.node(node), len));
    let line = line.map_or_else(String::new, |(name, len)| format!(", {len} of them at {name}"));
    let shares = [
        (in_flight, "messages and timers are under way", String::new()),
        (waiting, "messages and timers wait for nodes that are busy or paused", line),
        (held, "messages are held", String::new()),
        (commands, "commands of the nemesis have not been carried out", String::new()),
        (usize::try_from(checkers / ITEM).unwrap_or(usize::MAX), "", String::new()),
    ];
    let (count, what, more) = shares.into_iter().max_by_key(|(count, ..)| *count).expect("five");
    let told = match what {
        "" => format!("the checkers hold {checkers} bytes"),
        what => format!("{count} {what}{more}"),
    };
    match payloads {
        0 => told,
        payloads => format!("{told}; messages hold {payloads} bytes more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_share_is_told() {
        let nodes = vec!["a0".to_owned(), "a1".to_owned()];
        let names = Names { nodes, keys: Vec::new() };
        let longest_line = Some((history::NodeId(1), 70));
        let few = Holdings {
            in_flight: 10,
            waiting: 90,
            longest_line,
            held: 5,
            commands: 3,
            payloads: 0,
        };
        let told =
            "90 messages and timers wait for nodes that are busy or paused, 70 of them at a1";
        assert_eq!(largest(&few, 100, &names), told);
        let commands = Holdings { commands: 100, payloads: 7, ..few };
        let told =
            "100 commands of the nemesis have not been carried out; messages hold 7 bytes more";
        assert_eq!(largest(&commands, 100, &names), told);
        let told = "the checkers hold 128000 bytes";
        assert_eq!(largest(&few, 128_000, &names), told);
        let held = Holdings { held: 1_000, ..few };
        assert_eq!(largest(&held, 0, &names), "1000 messages are held");
    }
}
