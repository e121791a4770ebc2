//! The house: which crate may use which, and what each of them forbids itself.

use crate::OURSELVES;
use crate::tree::{Tree, numbered};

/// Each crate, and those that it may use: floors below it only.
const FLOORS: [(&str, &[&str]); 16] = [
    ("blob", &[]),
    ("lua", &["blob"]),
    ("history", &[]),
    ("sim", &["history"]),
    ("check", &["history"]),
    ("redis", &["blob", "history", "lua"]),
    ("trace", &["history", "sim"]),
    ("scenario", &["history", "sim", "check", "trace"]),
    ("explore", &["history", "scenario", "caspaxos"]),
    ("redis-node", &["history", "sim", "redis", "scenario"]),
    ("tcp", &[]),
    ("serve", &["history", "sim", "redis", "scenario", "tcp"]),
    ("caspaxos", &["history", "sim", "redis", "redis-node", "scenario", "trace"]),
    ("lease", &["history", "sim", "check", "redis", "redis-node", "scenario"]),
    ("lru-proxy", &["history", "sim", "check", "redis", "redis-node", "scenario"]),
    ("proxy", &["history", "redis", "tcp", "lru-proxy"]),
];

/// Those that may use all others, ask for the time of day, and count in floats.
const TOP_FLOOR: [&str; 3] = ["cli", "bench", "fuzz"];

/// Arrows point down only, those of tests too.
pub(crate) fn dependencies(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, path, text) in tree.of_each_crate("Cargo.toml") {
        if TOP_FLOOR.contains(&name) {
            continue;
        }
        let Some((_, below)) = FLOORS.iter().find(|(known, _)| *known == name) else {
            complaints.push(format!("{path}: has no floor yet: add {name:?} to FLOORS"));
            continue;
        };
        for (number, used) in used_crates(text) {
            if !below.contains(&used) {
                complaints.push(format!(
                    "{path}:{number}: {name} must not use {used}: move what both need to a crate \
                     below, or let who calls {name} hand it in"
                ));
            }
        }
    }
    complaints
}

/// The crates of ours that stand under any kind of dependencies of a manifest.
fn used_crates(manifest: &str) -> Vec<(usize, &str)> {
    let mut used = Vec::new();
    let mut in_dependencies = false;
    for (number, line) in numbered(manifest) {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
        }
        let after_name = line.split_once("rumormill-").filter(|_| in_dependencies);
        if let Some((_, after)) = after_name {
            let is_end = |letter: char| !letter.is_alphanumeric() && letter != '-';
            used.push((number, after.split(is_end).next().unwrap_or(after)));
        }
    }
    used
}

/// A reader of a crate begins with what it is.
pub(crate) fn documentation(tree: &Tree) -> Vec<String> {
    let silent = tree.of_each_crate("src/lib.rs").filter(|(.., text)| !text.starts_with("//!"));
    silent.map(|(_, path, _)| format!("{path}: begin with //! and what this crate is")).collect()
}

/// Floats differ from machine to machine: no run may depend on one. Lua has no other numbers.
pub(crate) fn floats(tree: &Tree) -> Vec<String> {
    const DENIED: &str = "#![deny(clippy::float_arithmetic)]";
    let may_not = |name: &str| name != "lua" && !TOP_FLOOR.contains(&name);
    let below = tree.of_each_crate("src/lib.rs").filter(|(name, ..)| may_not(name));
    let lax = below.filter(|(.., text)| !text.lines().any(|line| line == DENIED));
    lax.map(|(_, path, _)| format!("{path}: add {DENIED}")).collect()
}

/// The lints of the workspace hold for a crate only if it says so.
pub(crate) fn lints(tree: &Tree) -> Vec<String> {
    const OURS: &str = "[lints]\nworkspace = true\n";
    let members =
        tree.of_each_crate("Cargo.toml").filter(|(.., text)| !text.contains("[workspace]"));
    let lax = members.filter(|(.., text)| !text.contains(OURS));
    lax.map(|(_, path, _)| format!("{path}: add {OURS:?}")).collect()
}

/// A file that needs it says why at its head, and clippy has each block say why it may.
pub(crate) fn unsafety(tree: &Tree) -> Vec<String> {
    const REASON: &str = "\n#![expect(unsafe_code, reason = \"";
    let mut complaints = Vec::new();
    let without_reason =
        |(path, text): &(&str, &str)| !path.starts_with(OURSELVES) && !text.contains(REASON);
    for (path, text) in tree.ending(".rs").filter(without_reason) {
        for (number, line) in numbered(text) {
            let code = line.split("//").next().unwrap_or(line);
            let mut after = code.split("unsafe").skip(1).map(str::trim_start);
            let starts = ["{", "(", "fn ", "impl", "trait ", "extern "];
            if after.any(|after| starts.iter().any(|start| after.starts_with(start))) {
                complaints.push(format!("{path}:{number}: unsafe: do it without, or say why"));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::planted;

    #[test]
    fn arrows_that_point_up_or_sideways_are_reported() {
        let tree = planted(&[
            ("crates/history/Cargo.toml", "[package]\nname = \"rumormill-history\"\n"),
            (
                "crates/sim/Cargo.toml",
                "[dependencies]\n\
                 history = { package = \"rumormill-history\", path = \"../history\" }\n\
                 check = { package = \"rumormill-check\", path = \"../check\" }\n\
                 [dev-dependencies]\n\
                 rumormill-redis-node.workspace = true\n",
            ),
            ("crates/cli/Cargo.toml", "[dependencies]\nrumormill-sim.workspace = true\n"),
            ("crates/novel/Cargo.toml", ""),
        ]);
        let complaints = dependencies(&tree);
        let starts = [
            "crates/novel/Cargo.toml: has no floor yet: add \"novel\" to FLOORS",
            "crates/sim/Cargo.toml:3: sim must not use check: move",
            "crates/sim/Cargo.toml:5: sim must not use redis-node: move",
        ];
        assert_eq!(complaints.len(), starts.len(), "{complaints:?}");
        for (complaint, start) in complaints.iter().zip(starts) {
            assert!(complaint.starts_with(start), "{complaint}");
        }
    }

    #[test]
    fn crates_that_do_not_say_what_they_are_are_reported() {
        let tree = planted(&[("crates/a/src/lib.rs", "//! A.\n"), ("crates/b/src/lib.rs", "\n")]);
        let expected = ["crates/b/src/lib.rs: begin with //! and what this crate is"];
        assert_eq!(documentation(&tree), expected);
    }

    #[test]
    fn crates_that_allow_floats_are_reported() {
        let tree = planted(&[
            ("crates/a/src/lib.rs", "#![deny(clippy::float_arithmetic)]\n"),
            ("crates/b/src/lib.rs", "// #![deny(clippy::float_arithmetic)]\n"),
            ("crates/cli/src/lib.rs", ""),
        ]);
        let expected = ["crates/b/src/lib.rs: add #![deny(clippy::float_arithmetic)]"];
        assert_eq!(floats(&tree), expected);
    }

    #[test]
    fn crates_without_the_lints_are_reported() {
        let tree = planted(&[
            ("crates/a/Cargo.toml", "[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[lints.rust]\n"),
            ("crates/c/Cargo.toml", "[workspace]\n"),
        ]);
        let expected = ["crates/b/Cargo.toml: add \"[lints]\\nworkspace = true\\n\""];
        assert_eq!(lints(&tree), expected);
    }

    #[test]
    fn unsafe_code_is_reported() {
        let text =
            "// unsafe { }\nunsafe_code = 1;\nlet a = unsafe { b };\nunsafe impl C for D {}\n";
        let expected =
            [3, 4].map(|number| format!("a.rs:{number}: unsafe: do it without, or say why"));
        assert_eq!(unsafety(&planted(&[("a.rs", text)])), expected);
        let with_reason = format!("//! A.\n#![expect(unsafe_code, reason = \"b\")]\n{text}");
        assert!(unsafety(&planted(&[("a.rs", &with_reason)])).is_empty());
    }
}
