//! Local variables, upvalues, blocks, and functions within functions.

use std::rc::Rc;

use super::expression::{Expression, Jumps, Kind};
use super::function::{Block, BlockKind, Capture, Function, Local};
use super::lexer::Near;
use super::{CompileError, Compiler, Result};
use crate::opcode::{BX_MAX, Instruction, Op};
use crate::prototype::{LocalVariable, Prototype, Variadic};
use crate::strings::index;
use crate::value::StringRef;

/// The most local variables in scope.
const LOCALS_MAX: u32 = 200;
/// The most local variables of a function, in scope or not.
const ALL_LOCALS_MAX: usize = i16::MAX as usize;
const UPVALUES_MAX: u32 = 60;
/// Comparing this many names costs as much as an instruction.
const NAMES: usize = 8;

impl Compiler<'_> {
    /// The function that is being compiled.
    pub(super) fn function(&mut self) -> &mut Function {
        self.functions.last_mut().expect("the parser opens a function first")
    }

    /// Begins a function.
    pub(super) fn open_function(&mut self, line: u32, variadic: Variadic) {
        let prototype = Prototype {
            source: self.lexer.source.clone(),
            line_defined: line,
            variadic,
            stack_size: 2,
            ..Prototype::default()
        };
        self.functions.push(Function { prototype, ..Function::default() });
    }

    /// Ends a function. Returns it, and the sources of its upvalues.
    pub(super) fn close_function(&mut self) -> Result<(Rc<Prototype>, Vec<Capture>)> {
        self.remove_locals(0)?;
        self.emit_return(0, 0)?;
        let function = std::mem::take(self.function());
        self.functions.pop();
        let mut prototype = function.prototype;
        prototype.upvalues = index(prototype.upvalue_names.len());
        prototype.code.shrink_to_fit();
        prototype.lines.shrink_to_fit();
        self.lexer.heap.account(prototype.size())?;
        Ok((Rc::new(prototype), function.captures))
    }

    /// Makes the enclosing function create a closure of a function.
    pub(super) fn make_closure(
        &mut self,
        prototype: Rc<Prototype>,
        captures: &[Capture],
    ) -> Result<Expression> {
        let prototypes = &mut self.function().prototype.prototypes;
        let number = index(prototypes.len());
        if number >= BX_MAX {
            return Err(overflow("constant table overflow"));
        }
        prototypes.push(prototype);
        let place = self.emit(Instruction::abx(Op::Closure, 0, number))?;
        for capture in captures {
            self.emit(match *capture {
                Capture::Local(register) => Instruction::abc(Op::Move, 0, register, 0),
                Capture::Upvalue(upvalue) => Instruction::abc(Op::GetUpvalue, 0, upvalue, 0),
            })?;
        }
        Ok(Expression::new(Kind::Relocatable(place)))
    }

    /// Begins a block.
    pub(super) fn enter_block(&mut self, kind: BlockKind) {
        let function = self.function();
        function.blocks.push(Block {
            breaks: None,
            active_locals: function.active_locals,
            has_upvalue: false,
            kind,
        });
    }

    /// Ends a block. The `break`s of a loop lead here.
    pub(super) fn leave_block(&mut self) -> Result<()> {
        let block = self.function().blocks.pop().expect("the parser entered it");
        self.remove_locals(block.active_locals)?;
        if block.has_upvalue {
            self.emit(Instruction::abc(Op::Close, block.active_locals, 0, 0))?;
        }
        let function = self.function();
        function.free_register = function.active_locals;
        self.patch_to_here(block.breaks)
    }

    /// A jump to the end of the innermost loop.
    pub(super) fn emit_break(&mut self) -> Result<()> {
        let blocks = &self.function().blocks;
        let Some(place) = blocks.iter().rposition(|block| block.kind == BlockKind::Loop) else {
            return Err(self.lexer.syntax_error(b"no loop to break"));
        };
        let has_upvalue = blocks[place + 1..].iter().any(|block| block.has_upvalue);
        let (level, steps) = (blocks[place].active_locals, blocks.len() - place);
        self.lexer.meter.spend(steps as u64)?;
        if has_upvalue {
            self.emit(Instruction::abc(Op::Close, level, 0, 0))?;
        }
        let jump = self.emit_jump()?;
        let breaks = self.function().blocks[place].breaks;
        let breaks: Jumps = self.joined(breaks, Some(jump))?;
        self.function().blocks[place].breaks = breaks;
        Ok(())
    }

    /// Declares a local variable, which [`Compiler::activate_locals`] brings into scope.
    pub(super) fn declare_local(&mut self, name: StringRef) -> Result<()> {
        let text = self.lexer.heap.strings.bytes(name).clone();
        let function = self.function();
        let declared = index(function.locals.len()) + 1;
        if declared > LOCALS_MAX {
            let level = self.functions.len() - 1;
            return Err(self.too_many(level, LOCALS_MAX, "local variables"));
        }
        let all = &mut function.prototype.locals;
        let place = all.len();
        if place >= ALL_LOCALS_MAX {
            return Err(overflow("too many local variables"));
        }
        all.push(LocalVariable { name: text, start: 0, end: 0 });
        function.locals.push(Local { name, place });
        Ok(())
    }

    /// Declares a local variable with a fixed name, such as `self` or `(for index)`.
    pub(super) fn declare_named(&mut self, name: &'static str) -> Result<()> {
        let name = self.lexer.string(name.as_bytes())?;
        self.declare_local(name)
    }

    /// Brings the next declared local variables into scope.
    pub(super) fn activate_locals(&mut self, count: u32) {
        let function = self.function();
        let start = function.place();
        let first = function.active_locals as usize;
        function.active_locals += count;
        for local in &function.locals[first..first + count as usize] {
            function.prototype.locals[local.place].start = start;
        }
    }

    /// The last local variable that came into scope is there from the next instruction on only.
    pub(super) fn activate_last_local_here(&mut self) {
        let function = self.function();
        let start = function.place();
        if let Some(local) = function.locals.last() {
            function.prototype.locals[local.place].start = start;
        }
    }

    /// Removes all local variables from scope but the first `level` ones.
    fn remove_locals(&mut self, level: u32) -> Result<()> {
        let function = self.function();
        let end = function.place();
        let gone = function.locals.split_off(level as usize);
        function.active_locals = level;
        for local in &gone {
            function.prototype.locals[local.place].end = end;
        }
        self.lexer.meter.spend(gone.len() as u64)?;
        Ok(())
    }

    /// The variable with this name: local, upvalue or global.
    pub(super) fn variable(&mut self, name: StringRef) -> Result<Expression> {
        for level in (0..self.functions.len()).rev() {
            if let Some(register) = self.find_local(level, name)? {
                return self.captured(level, register, name).map(Expression::new);
            }
        }
        let constant = self.string_constant(name)?;
        Ok(Expression::new(Kind::Global(constant)))
    }

    fn find_local(&mut self, level: usize, name: StringRef) -> Result<Option<u32>> {
        let function = &self.functions[level];
        let active = &function.locals[..function.active_locals as usize];
        self.lexer.meter.spend((1 + active.len() / NAMES) as u64)?;
        Ok(active.iter().rposition(|local| local.name == name).map(index))
    }

    /// A local variable of the function at `level`, as the innermost function sees it. Each
    /// function between the two gets an upvalue.
    fn captured(&mut self, level: usize, register: u32, name: StringRef) -> Result<Kind> {
        if level + 1 == self.functions.len() {
            return Ok(Kind::Local(register));
        }
        let blocks = &mut self.functions[level].blocks;
        self.lexer.meter.spend(blocks.len() as u64)?;
        let declaring = blocks.iter_mut().rev().find(|block| block.active_locals <= register);
        if let Some(block) = declaring {
            block.has_upvalue = true;
        }
        let mut upvalue = self.upvalue(level + 1, name, Capture::Local(register))?;
        for level in level + 2..self.functions.len() {
            upvalue = self.upvalue(level, name, Capture::Upvalue(upvalue))?;
        }
        Ok(Kind::Upvalue(upvalue))
    }

    /// The upvalue of the function at `level` that comes from `capture`.
    fn upvalue(&mut self, level: usize, name: StringRef, capture: Capture) -> Result<u32> {
        let function = &mut self.functions[level];
        self.lexer.meter.spend((1 + function.captures.len() / NAMES) as u64)?;
        if let Some(place) = function.captures.iter().position(|known| *known == capture) {
            return Ok(index(place));
        }
        let place = index(function.captures.len());
        if place >= UPVALUES_MAX {
            return Err(self.too_many(level, UPVALUES_MAX, "upvalues"));
        }
        let name = self.lexer.heap.strings.bytes(name).clone();
        function.prototype.upvalue_names.push(name);
        function.captures.push(capture);
        Ok(place)
    }

    /// The function at `level` has more of something than it may.
    pub(super) fn too_many(&self, level: usize, limit: u32, what: &str) -> CompileError {
        let message = match self.functions[level].prototype.line_defined {
            0 => format!("main function has more than {limit} {what}"),
            line => format!("function at line {line} has more than {limit} {what}"),
        };
        self.lexer.error(message.as_bytes(), Near::Nothing)
    }
}

/// An error that names no line: in C it comes from the allocator.
pub(super) fn overflow(message: &'static str) -> CompileError {
    CompileError::Syntax(blob::Blob::from_static(message))
}
