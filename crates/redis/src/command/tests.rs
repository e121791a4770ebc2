//! Properties of every command in the table.

use proptest::prelude::*;

use super::Command;
use super::table::COMMANDS;
use crate::{Blob, Database, Reply, UnixTime};

/// The names of every command. A subcommand has the container's name before its own.
fn names() -> Vec<Vec<&'static str>> {
    let below = |command: &'static Command| match command.subcommands() {
        [] => vec![vec![command.name]],
        subcommands => {
            subcommands.iter().map(|subcommand| vec![command.name, subcommand.name]).collect()
        }
    };
    COMMANDS.iter().flat_map(below).collect()
}

#[test]
fn the_table_is_sorted_and_every_name_is_lower_case() {
    let names = names();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert!(names.iter().flatten().all(|name| name.to_lowercase() == *name));
}

#[test]
fn commands_are_found_in_whatever_case_they_are_written() {
    let mut database = Database::default();
    for name in ["ping", "PING", "pInG"] {
        let reply = database.call(UnixTime(0), &[Blob::from(name)]);
        assert_eq!(reply, Reply::Status(Blob::from("PONG")));
    }
}

fn garbage() -> impl Strategy<Value = Blob> {
    let numbers = vec![0, 1, -1, i64::MAX, i64::MIN, i64::MAX / 1_000, i64::MIN / 1_000];
    let number = prop::sample::select(numbers).prop_map(|n| Blob::format(format_args!("{n}")));
    let word = prop::sample::select(vec![
        "",
        "a",
        "b",
        "*",
        "[",
        "nx",
        "XX",
        "gt",
        "LT",
        "get",
        "KEEPTTL",
        "ex",
        "PX",
        "exat",
        "PXAT",
        "sync",
        "0",
        "10",
        "count",
        "LIMIT",
        "match",
        "rank",
        "LEFT",
        "before",
        "replace",
        "WITHVALUES",
        "ex\0",
        "0123456789012345678901234567890123456789",
    ]);
    prop_oneof![
        number,
        word.prop_map(Blob::from),
        prop::collection::vec(any::<u8>(), 0..50).prop_map(Blob::from),
    ]
}

fn line() -> impl Strategy<Value = Vec<Blob>> {
    let name = prop::sample::select(names());
    (name, prop::collection::vec(garbage(), 0..7)).prop_map(|(name, arguments)| {
        let name = name.into_iter().map(Blob::from);
        name.chain(arguments).collect()
    })
}

proptest! {
    #[test]
    fn no_command_line_makes_it_panic(
        lines in prop::collection::vec((any::<u64>(), line()), 1..60),
    ) {
        let mut database = Database::default();
        for (now, line) in lines {
            database.call(UnixTime(now), &line);
        }
    }

    #[test]
    fn a_refused_command_leaves_the_state_as_it_was(
        before in prop::collection::vec(line(), 0..20),
        refused in line(),
    ) {
        let mut database = Database::default();
        for line in before {
            database.call(UnixTime(0), &line);
        }
        let untouched = database.clone();
        if matches!(database.call(UnixTime(0), &refused), Reply::Error(_)) {
            prop_assert_eq!(database, untouched);
        }
    }
}

/// `redis-cli` shows its own documentation only if the server has none.
#[test]
fn there_is_no_documentation() {
    let docs = ["COMMAND", "DOCS"].map(Blob::from);
    assert!(Database::default().call(UnixTime::default(), &docs).as_error().is_some());
}
