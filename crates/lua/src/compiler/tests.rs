//! Compares the compiler with Lua 5.1.5.

mod bounds;
mod listing;
mod messages;

use std::rc::Rc;

use blob::Blob;

use super::{CompileError, Result, compile};
use crate::heap::Heap;
use crate::meter::Meter;
use crate::prototype::Prototype;

const ENOUGH: u64 = 1 << 40;

/// Compiles a text with a budget of `units`. Also returns the units that are left.
fn compile_with(units: u64, text: &[u8], name: &str) -> (Result<Rc<Prototype>>, Heap, u64) {
    let mut heap = Heap::new(1 << 30);
    let mut meter = Meter::default();
    meter.refill(units);
    let compiled = compile(&mut heap, &mut meter, text, &Blob::from(name));
    (compiled, heap, meter.left())
}

fn compiled(text: &[u8]) -> (Rc<Prototype>, Heap) {
    let (prototype, heap, _) = compile_with(ENOUGH, text, "=c");
    (prototype.expect("it is a chunk"), heap)
}

fn error(text: &[u8]) -> String {
    error_named(text, "=c")
}

fn error_named(text: &[u8], name: &str) -> String {
    match compile_with(ENOUGH, text, name).0 {
        Err(CompileError::Syntax(message)) => message.to_string(),
        other => panic!("not a syntax error: {other:?}"),
    }
}
