//! Functions: their names, parameters and bodies.

use super::super::expression::{Expression, Kind};
use super::{Compiler, Result, Token};
use crate::prototype::Variadic;

/// Whether a function has the parameter `self`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    None,
    OwnSelf,
}

impl Compiler<'_> {
    /// `function a.b.c:d(parameters) statements end`
    pub(super) fn function_statement(&mut self, line: u32) -> Result<()> {
        self.lexer.advance()?;
        let name = self.expect_name()?;
        let mut variable = self.variable(name)?;
        while self.token() == Token::Char(b'.') {
            self.field(&mut variable)?;
        }
        let receiver = if self.token() == Token::Char(b':') {
            self.field(&mut variable)?;
            Receiver::OwnSelf
        } else {
            Receiver::None
        };
        let mut function = self.body(receiver, line)?;
        self.store(&variable, &mut function)?;
        self.set_last_line(line);
        Ok(())
    }

    /// `local function name(parameters) statements end`
    pub(super) fn local_function(&mut self) -> Result<()> {
        let name = self.expect_name()?;
        self.declare_local(name)?;
        let variable = Expression::new(Kind::Local(self.function().free_register));
        self.reserve(1)?;
        self.activate_locals(1);
        let line = self.lexer.line;
        let mut function = self.body(Receiver::None, line)?;
        self.store(&variable, &mut function)?;
        self.activate_last_local_here();
        Ok(())
    }

    /// `(parameters) statements end`
    pub(super) fn body(&mut self, receiver: Receiver, line: u32) -> Result<Expression> {
        self.open_function(line, Variadic::default());
        self.expect(Token::Char(b'('))?;
        if receiver == Receiver::OwnSelf {
            self.declare_named("self")?;
            self.activate_locals(1);
        }
        self.parameters()?;
        self.expect(Token::Char(b')'))?;
        self.statements()?;
        self.function().prototype.last_line_defined = self.lexer.line;
        self.expect_closing(Token::End, Token::Function, line)?;
        let (prototype, captures) = self.close_function()?;
        self.make_closure(prototype, &captures)
    }

    fn parameters(&mut self) -> Result<()> {
        let mut count = 0;
        let mut variadic = Variadic::default();
        if self.token() != Token::Char(b')') {
            loop {
                count += 1;
                match self.token() {
                    Token::Name(name) => {
                        self.lexer.advance()?;
                        self.declare_local(name)?;
                    }
                    Token::Dots => {
                        self.lexer.advance()?;
                        self.declare_named("arg")?;
                        variadic = Variadic { is_variadic: true, has_arg: true, needs_arg: true };
                    }
                    _ => {
                        let message = b"<name> or '...' expected";
                        return Err(self.lexer.syntax_error(message));
                    }
                }
                if variadic.is_variadic || !self.skip_if(Token::Char(b','))? {
                    break;
                }
            }
        }
        self.activate_locals(count);
        let function = self.function();
        let registers = function.active_locals;
        function.prototype.variadic = variadic;
        function.prototype.parameters = registers - u32::from(variadic.has_arg);
        self.reserve(registers)
    }
}
