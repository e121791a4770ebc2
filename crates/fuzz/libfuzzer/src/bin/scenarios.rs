//! The target `scenarios` of the crate above: scenario files: read, and run for a few events.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::target("scenarios").expect("it is known").run(bytes));
