//! Emitting instructions.

mod jumps;
mod operators;
mod values;

pub(super) use self::operators::{Binary, Unary};
use super::function::Constant;
use super::scope::overflow;
use super::{Compiler, Result};
use crate::opcode::{BX_MAX, C_MAX, FIELDS_PER_FLUSH, Instruction, Op};
use crate::strings::index;
use crate::value::{StringRef, Value};

/// A function has fewer registers than this.
const REGISTERS_MAX: u32 = 250;

/// The number of values that a call or `...` gives, or that are stored or returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Exactly(u32),
    /// All values.
    All,
}

impl Count {
    /// The operand that encodes it: the number plus one, or 0 for all.
    pub(super) const fn operand(self) -> u32 {
        match self {
            Count::Exactly(count) => count + 1,
            Count::All => 0,
        }
    }
}

impl Compiler<'_> {
    /// Adds an instruction, in the line of the last token that was read. Returns its place.
    pub(super) fn emit(&mut self, instruction: Instruction) -> Result<u32> {
        self.land_pending_jumps()?;
        let line = self.lexer.last_line;
        let prototype = &mut self.function().prototype;
        let place = index(prototype.code.len());
        prototype.code.push(instruction);
        prototype.lines.push(line);
        Ok(place)
    }

    /// The instruction at a place.
    pub(super) fn at(&mut self, place: u32) -> &mut Instruction {
        &mut self.function().prototype.code[place as usize]
    }

    /// Removes the last instruction.
    fn take_last(&mut self) {
        let prototype = &mut self.function().prototype;
        prototype.code.pop();
        prototype.lines.pop();
    }

    /// Moves the last instruction to another line.
    pub(super) fn set_last_line(&mut self, line: u32) {
        if let Some(last) = self.function().prototype.lines.last_mut() {
            *last = line;
        }
    }

    /// Sets `count` registers to nil. Extends the previous instruction if possible.
    pub(super) fn emit_nil(&mut self, from: u32, count: u32) -> Result<()> {
        let to = from + count - 1;
        let function = self.function();
        let place = function.place();
        if Some(place) > function.last_target {
            if place == 0 {
                if from >= function.active_locals {
                    // A function begins with all registers nil.
                    return Ok(());
                }
            } else {
                let previous = &mut function.prototype.code[place as usize - 1];
                if previous.op() == Op::LoadNil && previous.a() <= from && from <= previous.b() + 1
                {
                    if to > previous.b() {
                        previous.set_b(to);
                    }
                    return Ok(());
                }
            }
        }
        self.emit(Instruction::abc(Op::LoadNil, from, to, 0)).map(drop)
    }

    pub(super) fn emit_return(&mut self, first: u32, count: u32) -> Result<()> {
        self.emit_return_of(first, Count::Exactly(count))
    }

    pub(super) fn emit_return_of(&mut self, first: u32, count: Count) -> Result<()> {
        self.emit(Instruction::abc(Op::Return, first, count.operand(), 0)).map(drop)
    }

    /// Stores the last of `elements` elements of a table constructor, which are in the registers
    /// after the table, and frees these registers.
    pub(super) fn emit_set_list(&mut self, table: u32, elements: u32, count: Count) -> Result<()> {
        let block = (elements - 1) / FIELDS_PER_FLUSH + 1;
        let b = match count {
            Count::Exactly(count) => count,
            Count::All => 0,
        };
        if block <= C_MAX {
            self.emit(Instruction::abc(Op::SetList, table, b, block))?;
        } else {
            self.emit(Instruction::abc(Op::SetList, table, b, 0))?;
            self.emit(Instruction::number(block))?;
        }
        self.function().free_register = table + 1;
        Ok(())
    }

    /// Makes sure that `count` more registers are available.
    pub(super) fn check_stack(&mut self, count: u32) -> Result<()> {
        let function = self.function();
        let size = function.free_register + count;
        if size > function.prototype.stack_size {
            if size >= REGISTERS_MAX {
                return Err(self.lexer.syntax_error(b"function or expression too complex"));
            }
            function.prototype.stack_size = size;
        }
        Ok(())
    }

    /// Reserves the next `count` registers.
    pub(super) fn reserve(&mut self, count: u32) -> Result<()> {
        self.check_stack(count)?;
        self.function().free_register += count;
        Ok(())
    }

    pub(super) fn string_constant(&mut self, string: StringRef) -> Result<u32> {
        self.constant(Constant::String(string), Value::String(string))
    }

    pub(super) fn number_constant(&mut self, number: f64) -> Result<u32> {
        self.constant(Constant::number(number), Value::Number(number))
    }

    /// The number of a constant. All uses in a function share it.
    fn constant(&mut self, constant: Constant, value: Value) -> Result<u32> {
        let function = self.function();
        if let Some(number) = function.known_constant(constant) {
            return Ok(number);
        }
        if index(function.prototype.constants.len()) >= BX_MAX {
            return Err(overflow("constant table overflow"));
        }
        Ok(function.add_constant(constant, value))
    }
}
