//! Loops.

use super::super::function::BlockKind;
use super::{Compiler, Result, Token};
use crate::opcode::{Instruction, Op};
use crate::value::StringRef;

/// The kinds of `for`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Numeric,
    Generic,
}

/// The distance of a jump whose target is not known yet.
const UNKNOWN: i32 = -1;

impl Compiler<'_> {
    /// `while condition do statements end`
    pub(super) fn while_statement(&mut self, line: u32) -> Result<()> {
        self.lexer.advance()?;
        let start = self.mark_target();
        let exit = self.condition()?;
        self.enter_block(BlockKind::Loop);
        self.expect(Token::Do)?;
        self.block()?;
        let again = self.emit_jump()?;
        self.patch(Some(again), start)?;
        self.expect_closing(Token::End, Token::While, line)?;
        self.leave_block()?;
        self.patch_to_here(exit)
    }

    /// `repeat statements until condition`
    pub(super) fn repeat_statement(&mut self, line: u32) -> Result<()> {
        let start = self.mark_target();
        self.enter_block(BlockKind::Loop);
        self.enter_block(BlockKind::Scope);
        self.lexer.advance()?;
        self.statements()?;
        self.expect_closing(Token::Until, Token::Repeat, line)?;
        let again = self.condition()?;
        if self.function().blocks.last().is_some_and(|block| block.has_upvalue) {
            // The block's variables are closed whether the loop repeats or ends.
            self.emit_break()?;
            self.patch_to_here(again)?;
            self.leave_block()?;
            let again = self.emit_jump()?;
            self.patch(Some(again), start)?;
        } else {
            self.leave_block()?;
            self.patch(again, start)?;
        }
        self.leave_block()
    }

    /// `for name = first, last, step do statements end` or `for names in expressions do statements
    /// end`
    pub(super) fn for_statement(&mut self, line: u32) -> Result<()> {
        self.enter_block(BlockKind::Loop);
        self.lexer.advance()?;
        let name = self.expect_name()?;
        match self.token() {
            Token::Char(b'=') => self.numeric_for(name, line)?,
            Token::Char(b',') | Token::In => self.generic_for(name)?,
            _ => return Err(self.lexer.syntax_error(b"'=' or 'in' expected")),
        }
        self.expect_closing(Token::End, Token::For, line)?;
        self.leave_block()
    }

    fn numeric_for(&mut self, name: StringRef, line: u32) -> Result<()> {
        let base = self.function().free_register;
        self.declare_named("(for index)")?;
        self.declare_named("(for limit)")?;
        self.declare_named("(for step)")?;
        self.declare_local(name)?;
        self.expect(Token::Char(b'='))?;
        self.bound()?;
        self.expect(Token::Char(b','))?;
        self.bound()?;
        if self.skip_if(Token::Char(b','))? {
            self.bound()?;
        } else {
            let one = self.number_constant(1.0)?;
            let step = self.function().free_register;
            self.emit(Instruction::abx(Op::LoadK, step, one))?;
            self.reserve(1)?;
        }
        self.for_body(base, line, 1, For::Numeric)
    }

    fn bound(&mut self) -> Result<()> {
        let mut bound = self.expression()?;
        self.put_in_next_register(&mut bound)
    }

    fn generic_for(&mut self, name: StringRef) -> Result<()> {
        let base = self.function().free_register;
        self.declare_named("(for generator)")?;
        self.declare_named("(for state)")?;
        self.declare_named("(for control)")?;
        self.declare_local(name)?;
        let mut variables = 1;
        while self.skip_if(Token::Char(b','))? {
            let name = self.expect_name()?;
            self.declare_local(name)?;
            variables += 1;
        }
        self.expect(Token::In)?;
        let line = self.lexer.line;
        let (mut last, count) = self.expressions()?;
        self.adjust(3, count, &mut last)?;
        // Calling the iterator takes three more registers.
        self.check_stack(3)?;
        self.for_body(base, line, variables, For::Generic)
    }

    fn for_body(&mut self, base: u32, line: u32, variables: u32, kind: For) -> Result<()> {
        self.activate_locals(3);
        self.expect(Token::Do)?;
        let prepare = match kind {
            For::Numeric => self.emit(Instruction::asbx(Op::ForPrepare, base, UNKNOWN))?,
            For::Generic => self.emit_jump()?,
        };
        self.enter_block(BlockKind::Scope);
        self.activate_locals(variables);
        self.reserve(variables)?;
        self.block()?;
        self.leave_block()?;
        self.patch_to_here(Some(prepare))?;
        let end = self.emit(match kind {
            For::Numeric => Instruction::asbx(Op::ForLoop, base, UNKNOWN),
            For::Generic => Instruction::abc(Op::GenericFor, base, 0, variables),
        })?;
        self.set_last_line(line);
        let again = match kind {
            For::Numeric => end,
            For::Generic => self.emit_jump()?,
        };
        self.patch(Some(again), prepare + 1)
    }
}
