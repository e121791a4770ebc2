//! A function that is being compiled.

use std::collections::BTreeMap;

use super::expression::Jumps;
use crate::prototype::Prototype;
use crate::strings::index;
use crate::value::{StringRef, Value};

/// The state of a function before its `end`.
#[derive(Debug, Default)]
pub(super) struct Function {
    pub(super) prototype: Prototype,
    /// The constants by their values.
    pub(super) constants: BTreeMap<Constant, u32>,
    /// The blocks around the current statement, the innermost last.
    pub(super) blocks: Vec<Block>,
    /// The last jump target. Instructions before and after it must not be joined.
    pub(super) last_target: Option<u32>,
    /// Jumps to the next instruction.
    pub(super) pending_jumps: Jumps,
    pub(super) free_register: u32,
    /// The local variables in scope, followed by those that have been declared but are not in scope
    /// yet.
    pub(super) locals: Vec<Local>,
    /// How many local variables are in scope. Each has the register of its number.
    pub(super) active_locals: u32,
    /// Where its upvalues come from.
    pub(super) captures: Vec<Capture>,
}

/// A constant as a key of the map of constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Constant {
    Nil,
    Boolean(bool),
    /// The bits of a number. 0 and -0 are the same constant: the one that comes first.
    Number(u64),
    String(StringRef),
}

/// A block of statements.
#[derive(Debug)]
pub(super) struct Block {
    /// Jumps to the end of the loop.
    pub(super) breaks: Jumps,
    /// How many local variables are in scope around it.
    pub(super) active_locals: u32,
    /// Whether an inner function uses one of its variables.
    pub(super) has_upvalue: bool,
    pub(super) kind: BlockKind,
}

/// Whether `break` leaves a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    Loop,
    Scope,
}

/// A local variable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    pub(super) name: StringRef,
    /// Its place in the prototype's list.
    pub(super) place: usize,
}

/// A variable of the enclosing function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    Local(u32),
    Upvalue(u32),
}

impl Constant {
    pub(super) fn number(number: f64) -> Constant {
        Constant::Number(if number == 0.0 { 0 } else { number.to_bits() })
    }
}

impl Function {
    /// The place of the next instruction.
    pub(super) fn place(&self) -> u32 {
        index(self.prototype.code.len())
    }

    /// The number of a constant that the function already has.
    pub(super) fn known_constant(&self, constant: Constant) -> Option<u32> {
        self.constants.get(&constant).copied()
    }

    /// Adds a constant that the function does not have.
    pub(super) fn add_constant(&mut self, constant: Constant, value: Value) -> u32 {
        let number = index(self.prototype.constants.len());
        self.prototype.constants.push(value);
        self.constants.insert(constant, number);
        number
    }

    /// Frees a register that holds no local variable. It must be the last one in use.
    pub(super) fn release(&mut self, register: u32) {
        if !crate::opcode::is_constant(register) && register >= self.active_locals {
            self.free_register -= 1;
        }
    }
}
