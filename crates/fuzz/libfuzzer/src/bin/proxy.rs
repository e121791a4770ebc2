//! The target `proxy` of the crate above: the proxy on a socket, with another client beside.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::target("proxy").expect("it is known").run(bytes));
