//! Every order of events for two clients and one row, beside the TLA+ model tla-cache.
//!
//! The numbers of states are pinned, so that a change of the protocol shows.

use lease::Discipline;
use lease::small_scope::{Explored, Extent, Model, explore};

fn assert_sound(explored: &Explored, states: usize) {
    assert_eq!(explored, &Explored { states, violating: 0, shortest: None });
}

#[test]
fn without_leases_there_is_a_stale_set_in_six_steps() {
    let explored = explore(&Model::new(Discipline::None));
    assert_eq!((explored.states, explored.violating), (1047, 2));
    let steps = [
        "the row comes into being",
        "c1 misses the entry",
        "c1 reads the row: v1",
        "c2 updates the row: v2",
        "c2 invalidates the entry",
        "c1 fills in the entry: v1",
    ];
    let mut found = explored.shortest.expect("a stale set");
    // The two clients are interchangeable.
    if found[1].starts_with("c2") {
        found = found.iter().map(|step| swap_clients(step)).collect();
    }
    let mut sorted = (found.clone(), steps.map(str::to_owned).to_vec());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1, "the model's own trace, but for the order of independent steps");
    assert_eq!(found.last().map(String::as_str), steps.last().copied());
}

fn swap_clients(step: &str) -> String {
    match step.split_at(2) {
        ("c1", rest) => format!("c2{rest}"),
        ("c2", rest) => format!("c1{rest}"),
        _ => step.to_owned(),
    }
}

#[test]
fn with_leases_there_is_none() {
    use Discipline::{NewestMiss, SharedToken, SingleHolder, StaleValues};
    for (discipline, states) in
        [(NewestMiss, 1370), (SingleHolder, 1738), (SharedToken, 1326), (StaleValues, 2502)]
    {
        assert_sound(&explore(&Model::new(discipline)), states);
    }
}

#[test]
fn with_leases_a_lost_invalidation_is_enough() {
    let model = Model { loses_invalidations: true, ..Model::new(Discipline::NewestMiss) };
    let explored = explore(&model);
    assert_eq!((explored.states, explored.violating), (1506, 10));
    let steps = explored.shortest.expect("an outdated entry");
    assert_eq!(steps.len(), 5, "as many as in the model: {steps:?}");
    assert!(steps.iter().any(|step| step.ends_with("invalidation is lost")), "{steps:?}");
}

#[test]
fn a_counter_that_is_lost_gives_out_a_lease_twice() {
    let model = Model {
        clients: 3,
        wipes: 1,
        extent: Extent::ToTheFirst,
        ..Model::new(Discipline::SharedToken)
    };
    let explored = explore(&model);
    let steps = explored.shortest.expect("an outdated entry");
    assert!(steps.contains(&"the cache restarts with nothing".to_owned()), "{steps:?}");
}
