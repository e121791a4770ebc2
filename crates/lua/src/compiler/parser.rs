//! The grammar, by recursive descent.
//!
//! Each nested block and each operand of an operator takes one of 200 levels. So the parser cannot
//! exhaust the thread's stack.

mod assignments;
mod calls;
mod expressions;
mod functions;
mod loops;
mod statements;
mod tables;

use std::rc::Rc;

use super::lexer::Near;
use super::token::Token;
use super::{CompileError, Compiler, Result};
use crate::prototype::{Prototype, Variadic};
use crate::value::StringRef;

/// The most levels.
const LEVELS_MAX: u32 = 200;

impl Compiler<'_> {
    /// The whole text.
    pub(super) fn chunk(mut self) -> Result<Rc<Prototype>> {
        self.open_function(0, Variadic { is_variadic: true, ..Variadic::default() });
        self.lexer.advance()?;
        self.statements()?;
        self.check(Token::EndOfText)?;
        let (prototype, _) = self.close_function()?;
        Ok(prototype)
    }

    fn enter_level(&mut self) -> Result<()> {
        self.levels += 1;
        if self.levels > LEVELS_MAX {
            return Err(self.lexer.error(b"chunk has too many syntax levels", Near::Nothing));
        }
        Ok(())
    }

    fn leave_level(&mut self) {
        self.levels -= 1;
    }

    /// The current token.
    fn token(&self) -> Token {
        self.lexer.token
    }

    /// Skips the current token if it is this one.
    fn skip_if(&mut self, token: Token) -> Result<bool> {
        let found = self.token() == token;
        if found {
            self.lexer.advance()?;
        }
        Ok(found)
    }

    fn check(&self, token: Token) -> Result<()> {
        if self.token() == token { Ok(()) } else { Err(self.expected(token)) }
    }

    fn expect(&mut self, token: Token) -> Result<()> {
        self.check(token)?;
        self.lexer.advance()
    }

    /// The token that closes what another one opened in `line`.
    fn expect_closing(&mut self, closing: Token, opening: Token, line: u32) -> Result<()> {
        if self.skip_if(closing)? {
            return Ok(());
        }
        if line == self.lexer.line {
            return Err(self.expected(closing));
        }
        let message = [
            b"'",
            &*closing.describe(),
            b"' expected (to close '",
            &*opening.describe(),
            format!("' at line {line})").as_bytes(),
        ]
        .concat();
        Err(self.lexer.syntax_error(&message))
    }

    fn expected(&self, token: Token) -> CompileError {
        let message = [b"'", &*token.describe(), b"' expected"].concat();
        self.lexer.syntax_error(&message)
    }

    fn expect_name(&mut self) -> Result<StringRef> {
        let Token::Name(name) = self.token() else {
            let message = b"'<name>' expected";
            return Err(self.lexer.syntax_error(message));
        };
        self.lexer.advance()?;
        Ok(name)
    }
}
