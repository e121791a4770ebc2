//! Pins the units that commands, replies and Redis's libraries cost, and the bytes that are in use
//! when scripts end.
//!
//! `costs.txt` holds one script per line, and its cost on the next line. If a number changes,
//! recordings of scripts that pay this cost change too.

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
