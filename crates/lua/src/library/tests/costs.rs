//! Pins the units that scripts cost, and the bytes that are in use when they end.
//!
//! `costs.txt` holds one script per line, and its cost on the next line. If a number changes,
//! recordings of scripts that pay this cost change too.

use std::fmt::Write as _;

use super::run;
use crate::machine::Lua;

#[test]
fn scripts_cost_what_they_take() {
    const UNITS: u64 = 1_000_000;
    let mut lua = Lua::new(1 << 20);
    let mut wrong = String::new();
    let mut lines = include_str!("costs.txt").lines();
    while let (Some(script), Some(expected)) = (lines.next(), lines.next()) {
        run(&mut lua, script, UNITS).expect(script);
        let found = format!("{} units, {} bytes", UNITS - lua.units_left(), lua.memory());
        if found != expected.trim_start() {
            let _ = writeln!(wrong, "{script}\n    {found}");
        }
    }
    assert_eq!(wrong, "");
}
