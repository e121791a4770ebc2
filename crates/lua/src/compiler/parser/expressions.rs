//! Expressions made of operators and operands.

use super::super::code::{Binary, Unary};
use super::super::expression::{Expression, Kind};
use super::functions::Receiver;
use super::{Compiler, Result, Token};
use crate::opcode::{Instruction, Op};

impl Compiler<'_> {
    pub(super) fn expression(&mut self) -> Result<Expression> {
        let (expression, _) = self.operation(0)?;
        Ok(expression)
    }

    /// Expressions separated by commas. Puts all but the last one into registers. Returns the last
    /// one, and their number.
    pub(super) fn expressions(&mut self) -> Result<(Expression, u32)> {
        let mut count = 1;
        let mut last = self.expression()?;
        while self.skip_if(Token::Char(b','))? {
            self.put_in_next_register(&mut last)?;
            last = self.expression()?;
            count += 1;
        }
        Ok((last, count))
    }

    /// A condition. Returns the jumps that are taken if it is false.
    pub(super) fn condition(&mut self) -> Result<Option<u32>> {
        let mut condition = self.expression()?;
        if condition.kind == Kind::Nil {
            condition.kind = Kind::False;
        }
        self.go_if_true(&mut condition)?;
        Ok(condition.false_jumps)
    }

    /// Operands and operators with a priority above `limit`. Also returns the first operator with a
    /// lower one.
    fn operation(&mut self, limit: u8) -> Result<(Expression, Option<Binary>)> {
        self.enter_level()?;
        let mut left = match Unary::of(self.token()) {
            Some(op) => {
                self.lexer.advance()?;
                let (mut operand, _) = self.operation(Unary::PRIORITY)?;
                self.unary(op, &mut operand)?;
                operand
            }
            None => self.operand()?,
        };
        let mut next = Binary::of(self.token());
        while let Some(op) = next {
            let (priority, right_limit) = op.priorities();
            if priority <= limit {
                break;
            }
            self.lexer.advance()?;
            self.infix(op, &mut left)?;
            let (right, following) = self.operation(right_limit)?;
            self.binary(op, &mut left, right)?;
            next = following;
        }
        self.leave_level();
        Ok((left, next))
    }

    fn operand(&mut self) -> Result<Expression> {
        let kind = match self.token() {
            Token::Number(number) => Kind::Number(number),
            Token::String(string) => Kind::Constant(self.string_constant(string)?),
            Token::Nil => Kind::Nil,
            Token::True => Kind::True,
            Token::False => Kind::False,
            Token::Dots => self.variadic_arguments()?,
            Token::Char(b'{') => return self.table(),
            Token::Function => {
                self.lexer.advance()?;
                let line = self.lexer.line;
                return self.body(Receiver::None, line);
            }
            _ => return self.primary(),
        };
        self.lexer.advance()?;
        Ok(Expression::new(kind))
    }

    /// `...`
    fn variadic_arguments(&mut self) -> Result<Kind> {
        let variadic = &mut self.function().prototype.variadic;
        if !variadic.is_variadic {
            let message = b"cannot use '...' outside a vararg function";
            return Err(self.lexer.syntax_error(message));
        }
        variadic.needs_arg = false;
        Ok(Kind::VarArg(self.emit(Instruction::abc(Op::VarArg, 0, 1, 0))?))
    }
}
