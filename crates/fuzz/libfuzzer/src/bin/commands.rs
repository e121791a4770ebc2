//! The target `commands` of the crate above: the decoder of what clients send.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::target("commands").expect("it is known").run(bytes));
