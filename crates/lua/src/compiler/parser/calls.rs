//! Names and parentheses, followed by fields, elements, methods and calls.

use super::super::code::Count;
use super::super::expression::{Expression, Kind};
use super::{Compiler, Result, Token};
use crate::opcode::{Instruction, Op};

impl Compiler<'_> {
    /// A name or an expression in parentheses, with its fields, elements, methods and calls.
    pub(super) fn primary(&mut self) -> Result<Expression> {
        let mut expression = self.prefix()?;
        loop {
            match self.token() {
                Token::Char(b'.') => self.field(&mut expression)?,
                Token::Char(b'[') => {
                    self.put_in_any_register(&mut expression)?;
                    let mut key = self.bracketed()?;
                    self.make_element(&mut expression, &mut key)?;
                }
                Token::Char(b':') => {
                    self.lexer.advance()?;
                    let mut key = self.name_constant()?;
                    self.make_method(&mut expression, &mut key)?;
                    self.arguments(&mut expression)?;
                }
                Token::Char(b'(' | b'{') | Token::String(_) => {
                    self.put_in_next_register(&mut expression)?;
                    self.arguments(&mut expression)?;
                }
                _ => return Ok(expression),
            }
        }
    }

    fn prefix(&mut self) -> Result<Expression> {
        match self.token() {
            Token::Char(b'(') => {
                let line = self.lexer.line;
                self.lexer.advance()?;
                let mut expression = self.expression()?;
                self.expect_closing(Token::Char(b')'), Token::Char(b'('), line)?;
                self.discharge(&mut expression)?;
                Ok(expression)
            }
            Token::Name(name) => {
                self.lexer.advance()?;
                self.variable(name)
            }
            _ => Err(self.lexer.syntax_error(b"unexpected symbol")),
        }
    }

    /// `.name` or `:name`
    pub(super) fn field(&mut self, table: &mut Expression) -> Result<()> {
        self.put_in_any_register(table)?;
        self.lexer.advance()?;
        let mut key = self.name_constant()?;
        self.make_element(table, &mut key)
    }

    /// `[expression]`
    pub(super) fn bracketed(&mut self) -> Result<Expression> {
        self.lexer.advance()?;
        let mut key = self.expression()?;
        self.make_value(&mut key)?;
        self.expect(Token::Char(b']'))?;
        Ok(key)
    }

    /// A name as a string constant.
    pub(super) fn name_constant(&mut self) -> Result<Expression> {
        let name = self.expect_name()?;
        let constant = self.string_constant(name)?;
        Ok(Expression::new(Kind::Constant(constant)))
    }

    /// The arguments of a call: `(a, b)`, `"string"` or `{table}`. The function is in the register
    /// before them. The expression becomes a call.
    fn arguments(&mut self, function: &mut Expression) -> Result<()> {
        let line = self.lexer.line;
        let mut last = match self.token() {
            Token::Char(b'(') => self.listed_arguments(line)?,
            Token::Char(b'{') => self.table()?,
            Token::String(string) => {
                let constant = self.string_constant(string)?;
                self.lexer.advance()?;
                Expression::new(Kind::Constant(constant))
            }
            _ => return Err(self.lexer.syntax_error(b"function arguments expected")),
        };
        let Kind::Register(base) = function.kind else {
            unreachable!("the function is in a register")
        };
        let count = if last.has_many_values() {
            Count::All
        } else {
            if last.kind != Kind::Void {
                self.put_in_next_register(&mut last)?;
            }
            Count::Exactly(self.function().free_register - (base + 1))
        };
        let call = self.emit(Instruction::abc(Op::Call, base, count.operand(), 2))?;
        *function = Expression::new(Kind::Call(call));
        self.set_last_line(line);
        self.function().free_register = base + 1;
        Ok(())
    }

    /// Arguments in parentheses: the last one, or none.
    fn listed_arguments(&mut self, line: u32) -> Result<Expression> {
        if line != self.lexer.last_line {
            let message = b"ambiguous syntax (function call x new statement)";
            return Err(self.lexer.syntax_error(message));
        }
        self.lexer.advance()?;
        let mut last = Expression::new(Kind::Void);
        if self.token() != Token::Char(b')') {
            (last, _) = self.expressions()?;
            self.set_returns(&last, Count::All)?;
        }
        self.expect_closing(Token::Char(b')'), Token::Char(b'('), line)?;
        Ok(last)
    }
}
