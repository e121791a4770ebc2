//! Scenario files: whatever is in the file, it is refused with a sentence, or runs.

use scenario::{Interrupt, Override, RunOptions};

use crate::recordings::registry;

/// How long a run may be. The file's own limits are smaller at best.
const LIMITS: [&str; 3] =
    ["limits.events=2000", "limits.in_flight=10000", "limits.virtual_time=1h"];

/// Runs it twice: the same file and the same seed give the same.
pub(crate) fn scenarios(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let limits: Vec<Override> =
        LIMITS.iter().map(|limit| limit.parse().expect("a limit is set")).collect();
    let scenario = match registry().load_text("input", "input.toml", &text, &limits) {
        Ok(scenario) => scenario,
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            return;
        }
    };
    let interrupt = Interrupt::new();
    let options = RunOptions { explain: false, ..RunOptions::new("1", &interrupt) };
    let [one, other] = [0; 2].map(|_| registry().run(&scenario, &options));
    match (one, other) {
        (Ok(one), Ok(other)) => assert_eq!(one.outcome.digest, other.outcome.digest),
        (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
        (one, other) => panic!("first {one:?}, then {other:?}"),
    }
}
