//! Blocks, and the statements other than loops and assignments.

use super::super::code::Count;
use super::super::expression::Kind;
use super::super::function::BlockKind;
use super::{Compiler, Result, Token};
use crate::opcode::Op;

/// Whether another statement may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    Any,
    Last,
}

impl Compiler<'_> {
    /// The statements of a block or function.
    pub(super) fn statements(&mut self) -> Result<()> {
        self.enter_level()?;
        let mut position = Position::Any;
        while position == Position::Any && !self.token().ends_block() {
            position = self.statement()?;
            self.skip_if(Token::Char(b';'))?;
            let function = self.function();
            function.free_register = function.active_locals;
        }
        self.leave_level();
        Ok(())
    }

    /// Statements with local variables of their own.
    pub(super) fn block(&mut self) -> Result<()> {
        self.enter_block(BlockKind::Scope);
        self.statements()?;
        self.leave_block()
    }

    fn statement(&mut self) -> Result<Position> {
        let line = self.lexer.line;
        match self.token() {
            Token::If => self.if_statement(line)?,
            Token::While => self.while_statement(line)?,
            Token::Do => {
                self.lexer.advance()?;
                self.block()?;
                self.expect_closing(Token::End, Token::Do, line)?;
            }
            Token::For => self.for_statement(line)?,
            Token::Repeat => self.repeat_statement(line)?,
            Token::Function => self.function_statement(line)?,
            Token::Local => {
                self.lexer.advance()?;
                if self.skip_if(Token::Function)? {
                    self.local_function()?;
                } else {
                    self.local_statement()?;
                }
            }
            Token::Return => {
                self.return_statement()?;
                return Ok(Position::Last);
            }
            Token::Break => {
                self.lexer.advance()?;
                self.emit_break()?;
                return Ok(Position::Last);
            }
            _ => self.expression_statement()?,
        }
        Ok(Position::Any)
    }

    /// `if condition then statements elseif condition then statements else statements end`
    fn if_statement(&mut self, line: u32) -> Result<()> {
        let mut to_end = None;
        let mut otherwise = self.condition_and_block()?;
        while self.token() == Token::ElseIf {
            let jump = self.emit_jump()?;
            to_end = self.joined(to_end, Some(jump))?;
            self.patch_to_here(otherwise)?;
            otherwise = self.condition_and_block()?;
        }
        if self.token() == Token::Else {
            let jump = self.emit_jump()?;
            to_end = self.joined(to_end, Some(jump))?;
            self.patch_to_here(otherwise)?;
            self.lexer.advance()?;
            self.block()?;
        } else {
            to_end = self.joined(to_end, otherwise)?;
        }
        self.patch_to_here(to_end)?;
        self.expect_closing(Token::End, Token::If, line)
    }

    /// `if` or `elseif`, up to the end of its block. Returns the jumps that are taken if the
    /// condition is false.
    fn condition_and_block(&mut self) -> Result<Option<u32>> {
        self.lexer.advance()?;
        let otherwise = self.condition()?;
        self.expect(Token::Then)?;
        self.block()?;
        Ok(otherwise)
    }

    fn return_statement(&mut self) -> Result<()> {
        self.lexer.advance()?;
        if self.token().ends_block() || self.token() == Token::Char(b';') {
            return self.emit_return(0, 0);
        }
        let (mut last, count) = self.expressions()?;
        let first = self.function().active_locals;
        if last.has_many_values() {
            self.set_returns(&last, Count::All)?;
            if let Kind::Call(place) = last.kind
                && count == 1
            {
                self.at(place).set_op(Op::TailCall);
            }
            return self.emit_return_of(first, Count::All);
        }
        if count == 1 {
            let register = self.put_in_any_register(&mut last)?;
            return self.emit_return(register, 1);
        }
        self.put_in_next_register(&mut last)?;
        self.emit_return(first, count)
    }
}
