//! The target `serve` of the crate above: a server on a socket, with another client beside.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::target("serve").expect("it is known").run(bytes));
