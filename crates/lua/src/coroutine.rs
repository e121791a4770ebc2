//! A flow of control: its stack, its calls, and the local variables that inner functions use.

use std::rc::Rc;

use crate::prototype::Prototype;
use crate::value::{UpvalueRef, Value};

/// The main program or a coroutine.
#[derive(Debug, Default)]
pub(crate) struct Coroutine {
    pub(crate) stack: Vec<Value>,
    /// The active calls, the innermost last.
    pub(crate) frames: Vec<Frame>,
    /// The open upvalues, by their slots.
    pub(crate) open: Vec<UpvalueRef>,
    /// The end of the results of the last call that returned all of them.
    pub(crate) top: usize,
    /// How many slots of the stack the heap's account includes: the longest that it has been.
    pub(crate) accounted_slots: usize,
    pub(crate) status: Status,
}

/// What a coroutine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// It waits to be resumed, at its start or in a `yield`.
    #[default]
    Suspended,
    Running,
    /// It has resumed another coroutine.
    Normal,
    Dead,
}

/// A call.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The slot of the called function. Its results go there.
    pub(crate) function: usize,
    /// The first register, or the first argument of a function written in Rust.
    pub(crate) base: usize,
    /// How many results the caller wants; `None` for all.
    pub(crate) wanted: Option<u32>,
    /// The next instruction.
    pub(crate) pc: usize,
    /// `None` for a function written in Rust.
    pub(crate) prototype: Option<Rc<Prototype>>,
    /// How many calls this one replaced, by tail calls.
    pub(crate) tail_calls: u32,
    /// The machine leaves its loop when this call returns.
    pub(crate) is_entry: bool,
}

impl Coroutine {
    pub(crate) fn size(&self) -> usize {
        16 * self.accounted_slots + 64 * self.frames.len()
    }

    pub(crate) fn for_each_value(&self, visit: impl FnMut(Value)) {
        self.stack.iter().copied().for_each(visit);
    }

    pub(crate) fn open_upvalues(&self) -> &[UpvalueRef] {
        &self.open
    }
}
