//! The target `replies` of the crate above: the decoder of what servers answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::target("replies").expect("it is known").run(bytes));
