//! When nodes start.

use sim::Command;

use crate::stage::{A, Act, B, Heard, Stage, ms};

fn b_starts_later() -> Stage {
    let mut stage = Stage::of(["a", "b"]);
    stage.nodes[B.index()].starts_at_once = false;
    stage
}

#[test]
fn nodes_start_with_the_run_in_the_order_in_which_they_were_added() {
    let play = Stage::of(["a", "b"]).play();
    let starts = |event: &&sim::Event<_>| event.kind == sim::Kind::Start;
    let started: Vec<_> = play.events.iter().filter(starts).map(|event| event.node).collect();
    assert_eq!(started, [A, B]);
    assert_eq!(play.events[0].kind, sim::Kind::Begin);
}

#[test]
fn a_node_that_waits_for_its_start_handles_nothing_before() {
    let play = b_starts_later()
        .tell(0, A, [Act::Say(B, 1)])
        .at(5, Command::Start(B))
        .tell(6, A, [Act::Say(B, 2)])
        .play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 1 to b: arrives at 1ms",
            "1ms b misses 1 from a: node down",
            "5ms b starts",
            "6ms a sends 2 to b: arrives at 7ms",
            "7ms b hears 2 from a",
        ]
    );
    assert_eq!(play.actor(B).heard[0].0.monotonic, ms(5));
}

#[test]
fn a_node_that_nobody_starts_never_starts() {
    let play = b_starts_later().play();
    assert!(play.actor(B).heard.is_empty());
}

#[test]
fn starting_a_node_that_is_up_changes_nothing() {
    let play = Stage::of(["a"]).at(5, Command::Start(A)).play();
    assert_eq!(play.actor(A).inputs(), [Heard::Start]);
}
