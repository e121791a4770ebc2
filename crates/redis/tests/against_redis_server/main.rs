//! The in-memory database against a real `redis-server` 7.0: the same command lines to both, and
//! the same replies expected.
//!
//! The lines are of two kinds: those of `command_lines/*.txt`, which say what they are about, and
//! generated ones. Without a `redis-server` 7.0 on the machine the tests say so and pass.

mod generated;
mod lines;
mod pair;
mod scripts;
mod server;

use pair::Pair;

/// Runs one file of command lines on both, from empty, and collects the differences.
fn run_file(name: &str, text: &str) {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let mut differences = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = lines::split(line);
        if words.is_empty() {
            continue;
        }
        if let Err(difference) = pair.call(&words) {
            differences.push(format!("{name}:{}: {line}\n{difference}", number + 1));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

macro_rules! command_lines {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            let name = concat!("command_lines/", stringify!($name), ".txt");
            run_file(name, include_str!(concat!("command_lines/", stringify!($name), ".txt")));
        }
    )*};
}

command_lines!(counters, expiry, keys, scripts, server, set, strings);

/// In a script time stands still, so that it can look at a key in the very millisecond in which the
/// key expires. But Redis 7.0 counts a relative expiry from its running clock, so that now and then
/// the script is a millisecond ahead of itself, though hardly five times in a row.
#[test]
fn a_key_lives_through_the_millisecond_in_which_it_expires() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let load = lines::split("SCRIPT LOAD text:last_millisecond");
    assert_eq!(pair.call(&load), Ok(()));
    let look = lines::split("EVALSHA sha:last_millisecond 2 past present");
    let attempts: Vec<Result<(), String>> = (0..5).map(|_| pair.call(&look)).collect();
    assert!(attempts.contains(&Ok(())), "{attempts:#?}");
}
