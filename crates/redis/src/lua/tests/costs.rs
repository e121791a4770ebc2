//! What commands, replies and the libraries of Redis cost scripts, to the unit, and what a script
//! holds at its end, to the byte.
//!
//! `costs.txt` holds scripts, one a line. Below each stands what it uses up. These numbers change
//! only with a cost, and then recordings of scripts that pay this cost change too.

use std::fmt::Write as _;

use super::{Engine, run};

#[test]
fn scripts_cost_what_they_take() {
    const UNITS: u64 = 1_000_000;
    let mut engine = Engine::new().expect("an engine");
    let mut wrong = String::new();
    let mut lines = include_str!("costs.txt").lines();
    while let (Some(script), Some(expected)) = (lines.next(), lines.next()) {
        let outcome = run(&mut engine, UNITS, script);
        let found = format!("{} units, {} bytes", UNITS - outcome.units_left, outcome.memory);
        if found != expected.trim_start() {
            let _ = writeln!(wrong, "{script}\n    {found}");
        }
    }
    assert_eq!(wrong, "");
}
