//! Lua scripts on both servers. The replies must be identical.
//!
//! The files under `lua/` hold one script per line, in which `\\n` is a line break. Each script
//! gets two keys and four arguments. A line that begins with `>` is a command line as in
//! `command_lines/`. A line that begins with `# ` is a comment.

use redis::Blob;

use crate::lines;
use crate::pair::Pair;

const REST: [&str; 7] = ["2", "k1", "k2", "a1", "5", "", "three\0"];

/// Runs one file of scripts on both, from empty, and collects the differences.
fn run_file(name: &str, text: &str) {
    let Some(mut pair) = Pair::start_in_lua() else {
        return;
    };
    let mut differences = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = match line.strip_prefix('>') {
            Some(command) => lines::split(command),
            None if line.is_empty() || line.starts_with("# ") => continue,
            None => eval(&line.replace("\\n", "\n")),
        };
        if let Err(difference) = pair.call_to_the_letter(&words) {
            differences.push(format!("{name}:{}: {line}\n{difference}", number + 1));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn eval(script: &str) -> Vec<Blob> {
    ["EVAL", script].into_iter().chain(REST).map(Blob::from).collect()
}

macro_rules! scripts {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            let name = concat!("lua/", stringify!($name), ".txt");
            run_file(name, include_str!(concat!("lua/", stringify!($name), ".txt")));
        }
    )*};
}

scripts!(
    cjson,
    cmsgpack,
    struct_and_bit,
    conversions,
    errors,
    language,
    protection,
    redis_functions,
    strings
);
