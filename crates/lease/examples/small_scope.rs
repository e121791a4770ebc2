//! Explores every order of events for two clients and one row, and prints the results beside those
//! of the TLA+ model tla-cache.
//!
//! ```text
//! cargo run --release -p rumormill-lease --example small_scope
//! ```

#![expect(clippy::print_stdout, reason = "it is what this is for")]

use lease::Discipline;
use lease::small_scope::{Extent, Model, explore};

fn main() {
    use Discipline::{NewestMiss, None, SharedToken, SingleHolder, StaleValues};
    let lossy = |model| Model { loses_invalidations: true, ..model };
    let twice = |model| Model { operations: 2, ..model };
    let wiped = |model| Model { wipes: 1, clients: 3, extent: Extent::ToTheFirst, ..model };
    let models = [
        ("no leases", Model::new(None), "17030 states, 96 violating, 6 steps"),
        ("newest miss", Model::new(NewestMiss), "34558 states, 0 violating"),
        (
            "newest miss, invalidations are lost",
            lossy(Model::new(NewestMiss)),
            "61552 states, 1584 violating, 5 steps",
        ),
        ("single holder", Model::new(SingleHolder), "-"),
        ("stale values", Model::new(StaleValues), "-"),
        ("shared token", Model::new(SharedToken), "-"),
        ("shared token, three clients, counter lost", wiped(Model::new(SharedToken)), "-"),
        ("no leases, two operations each", twice(Model::new(None)), "-"),
        ("newest miss, two operations each", twice(Model::new(NewestMiss)), "-"),
    ];
    for (name, model, theirs) in models {
        let explored = explore(&model);
        println!("{name}");
        println!("  here:      {} states, {} violating", explored.states, explored.violating);
        println!("  the model: {theirs}");
        for (number, step) in explored.shortest.iter().flatten().enumerate() {
            println!("    {}. {step}", number + 1);
        }
    }
}
