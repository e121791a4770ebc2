//! The target `database` of the crate above: command lines, EVAL among them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::target("database").expect("it is known").run(bytes));
