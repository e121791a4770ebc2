//! The target `recordings` of the crate above: recordings, those with a right hash too: read, checked, compared.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::target("recordings").expect("it is known").run(bytes));
