//! The target `scripts` of the crate above: scripts that are made up by a grammar.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::target("scripts").expect("it is known").run(bytes));
