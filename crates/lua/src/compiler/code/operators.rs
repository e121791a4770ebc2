//! Operators, and conditions made of them.

use super::super::expression::{Expression, Kind};
use super::super::token::Token;
use super::{Compiler, Result};
use crate::opcode::{Instruction, NO_REGISTER, Op};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unary {
    Minus,
    Not,
    Length,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Concat,
    NotEqual,
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

impl Unary {
    /// The priority of all unary operators.
    pub(in super::super) const PRIORITY: u8 = 8;

    pub(in super::super) const fn of(token: Token) -> Option<Unary> {
        Some(match token {
            Token::Not => Unary::Not,
            Token::Char(b'-') => Unary::Minus,
            Token::Char(b'#') => Unary::Length,
            _ => return None,
        })
    }
}

impl Binary {
    pub(in super::super) const fn of(token: Token) -> Option<Binary> {
        Some(match token {
            Token::Char(b'+') => Binary::Add,
            Token::Char(b'-') => Binary::Sub,
            Token::Char(b'*') => Binary::Mul,
            Token::Char(b'/') => Binary::Div,
            Token::Char(b'%') => Binary::Mod,
            Token::Char(b'^') => Binary::Pow,
            Token::Concat => Binary::Concat,
            Token::NotEqual => Binary::NotEqual,
            Token::Equal => Binary::Equal,
            Token::Char(b'<') => Binary::Less,
            Token::LessOrEqual => Binary::LessOrEqual,
            Token::Char(b'>') => Binary::Greater,
            Token::GreaterOrEqual => Binary::GreaterOrEqual,
            Token::And => Binary::And,
            Token::Or => Binary::Or,
            _ => return None,
        })
    }

    /// The left and right priorities of the operator. `..` and `^` are right associative.
    pub(in super::super) const fn priorities(self) -> (u8, u8) {
        match self {
            Binary::Add | Binary::Sub => (6, 6),
            Binary::Mul | Binary::Div | Binary::Mod => (7, 7),
            Binary::Pow => (10, 9),
            Binary::Concat => (5, 4),
            Binary::NotEqual
            | Binary::Equal
            | Binary::Less
            | Binary::LessOrEqual
            | Binary::Greater
            | Binary::GreaterOrEqual => (3, 3),
            Binary::And => (2, 2),
            Binary::Or => (1, 1),
        }
    }
}

impl Compiler<'_> {
    /// Continues if the expression is true, and otherwise takes its false jumps.
    pub(in super::super) fn go_if_true(&mut self, expression: &mut Expression) -> Result<()> {
        self.discharge(expression)?;
        let jump = match expression.kind {
            Kind::Constant(_) | Kind::Number(_) | Kind::True => None,
            Kind::Jump(jump) => {
                self.invert(jump);
                Some(jump)
            }
            _ => Some(self.jump_if(expression, false)?),
        };
        expression.false_jumps = self.joined(expression.false_jumps, jump)?;
        self.patch_to_here(expression.true_jumps)?;
        expression.true_jumps = None;
        Ok(())
    }

    /// Continues if the expression is false, and otherwise takes its true jumps.
    fn go_if_false(&mut self, expression: &mut Expression) -> Result<()> {
        self.discharge(expression)?;
        let jump = match expression.kind {
            Kind::Nil | Kind::False => None,
            Kind::Jump(jump) => Some(jump),
            _ => Some(self.jump_if(expression, true)?),
        };
        expression.true_jumps = self.joined(expression.true_jumps, jump)?;
        self.patch_to_here(expression.false_jumps)?;
        expression.false_jumps = None;
        Ok(())
    }

    fn jump_if(&mut self, expression: &mut Expression, condition: bool) -> Result<u32> {
        if let Kind::Relocatable(place) = expression.kind {
            let instruction = *self.at(place);
            if instruction.op() == Op::Not {
                self.take_last();
                let condition = u32::from(!condition);
                let test = Instruction::abc(Op::Test, instruction.b(), 0, condition);
                return self.emit_conditional_jump(test);
            }
        }
        self.discharge_in_any_register(expression)?;
        self.release(expression);
        let register = register_of(expression);
        let condition = u32::from(condition);
        self.emit_conditional_jump(Instruction::abc(Op::TestSet, NO_REGISTER, register, condition))
    }

    /// Emits a unary operator, after its operand.
    pub(in super::super) fn unary(&mut self, op: Unary, operand: &mut Expression) -> Result<()> {
        match op {
            Unary::Not => self.not(operand),
            Unary::Minus => {
                if let Some(number) = operand.numeral()
                    && fold(Op::Negate, number, 0.0).is_some_and(|result| !result.is_nan())
                {
                    operand.kind = Kind::Number(-number);
                    return Ok(());
                }
                if operand.numeral().is_none() {
                    self.put_in_any_register(operand)?;
                }
                self.unary_arithmetic(Op::Negate, operand)
            }
            Unary::Length => {
                self.put_in_any_register(operand)?;
                self.unary_arithmetic(Op::Length, operand)
            }
        }
    }

    fn unary_arithmetic(&mut self, op: Op, operand: &mut Expression) -> Result<()> {
        let register = self.make_operand(operand)?;
        self.release(operand);
        operand.kind = Kind::Relocatable(self.emit(Instruction::abc(op, 0, register, 0))?);
        Ok(())
    }

    fn not(&mut self, operand: &mut Expression) -> Result<()> {
        self.discharge(operand)?;
        match operand.kind {
            Kind::Nil | Kind::False => operand.kind = Kind::True,
            Kind::Constant(_) | Kind::Number(_) | Kind::True => operand.kind = Kind::False,
            Kind::Jump(jump) => self.invert(jump),
            _ => {
                self.discharge_in_any_register(operand)?;
                self.release(operand);
                let not = Instruction::abc(Op::Not, 0, register_of(operand), 0);
                operand.kind = Kind::Relocatable(self.emit(not)?);
            }
        }
        std::mem::swap(&mut operand.true_jumps, &mut operand.false_jumps);
        self.drop_values(operand.false_jumps)?;
        self.drop_values(operand.true_jumps)
    }

    /// Prepares the left operand, once the binary operator has been read.
    pub(in super::super) fn infix(&mut self, op: Binary, left: &mut Expression) -> Result<()> {
        match op {
            Binary::And => self.go_if_true(left),
            Binary::Or => self.go_if_false(left),
            Binary::Concat => self.put_in_next_register(left),
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Mod | Binary::Pow => {
                if left.numeral().is_none() {
                    self.make_operand(left)?;
                }
                Ok(())
            }
            _ => self.make_operand(left).map(drop),
        }
    }

    /// Emits a binary operator, after its right operand.
    pub(in super::super) fn binary(
        &mut self,
        op: Binary,
        left: &mut Expression,
        mut right: Expression,
    ) -> Result<()> {
        match op {
            Binary::And => {
                self.discharge(&mut right)?;
                right.false_jumps = self.joined(right.false_jumps, left.false_jumps)?;
                *left = right;
                Ok(())
            }
            Binary::Or => {
                self.discharge(&mut right)?;
                right.true_jumps = self.joined(right.true_jumps, left.true_jumps)?;
                *left = right;
                Ok(())
            }
            Binary::Concat => self.concat(left, right),
            Binary::Add => self.arithmetic(Op::Add, left, right),
            Binary::Sub => self.arithmetic(Op::Sub, left, right),
            Binary::Mul => self.arithmetic(Op::Mul, left, right),
            Binary::Div => self.arithmetic(Op::Div, left, right),
            Binary::Mod => self.arithmetic(Op::Mod, left, right),
            Binary::Pow => self.arithmetic(Op::Pow, left, right),
            Binary::Equal => self.compare(Op::Equal, Outcome::True, left, right),
            Binary::NotEqual => self.compare(Op::Equal, Outcome::False, left, right),
            Binary::Less => self.compare(Op::Less, Outcome::True, left, right),
            Binary::LessOrEqual => self.compare(Op::LessOrEqual, Outcome::True, left, right),
            Binary::Greater => self.compare(Op::Less, Outcome::False, left, right),
            Binary::GreaterOrEqual => self.compare(Op::LessOrEqual, Outcome::False, left, right),
        }
    }

    /// One instruction concatenates all adjacent operands.
    fn concat(&mut self, left: &mut Expression, mut right: Expression) -> Result<()> {
        self.make_value(&mut right)?;
        if let Kind::Relocatable(place) = right.kind
            && self.at(place).op() == Op::Concat
        {
            self.release(left);
            let first = register_of(left);
            self.at(place).set_b(first);
            left.kind = Kind::Relocatable(place);
            return Ok(());
        }
        self.put_in_next_register(&mut right)?;
        self.arithmetic(Op::Concat, left, right)
    }

    fn arithmetic(&mut self, op: Op, left: &mut Expression, mut right: Expression) -> Result<()> {
        if let (Some(one), Some(other)) = (left.numeral(), right.numeral())
            && let Some(result) = fold(op, one, other)
            && !result.is_nan()
        {
            left.kind = Kind::Number(result);
            return Ok(());
        }
        let c = self.make_operand(&mut right)?;
        let b = self.make_operand(left)?;
        if b > c {
            self.release(left);
            self.release(&right);
        } else {
            self.release(&right);
            self.release(left);
        }
        left.kind = Kind::Relocatable(self.emit(Instruction::abc(op, 0, b, c))?);
        Ok(())
    }

    fn compare(
        &mut self,
        op: Op,
        outcome: Outcome,
        left: &mut Expression,
        mut right: Expression,
    ) -> Result<()> {
        let b = self.make_operand(left)?;
        let c = self.make_operand(&mut right)?;
        self.release(&right);
        self.release(left);
        // `a > b` is `b < a`, so only equality needs an inverted test.
        let test = match outcome {
            Outcome::True => Instruction::abc(op, 1, b, c),
            Outcome::False if op == Op::Equal => Instruction::abc(op, 0, b, c),
            Outcome::False => Instruction::abc(op, 1, c, b),
        };
        left.kind = Kind::Jump(self.emit_conditional_jump(test)?);
        Ok(())
    }
}

/// The outcome of a comparison for which an operator is true.
#[derive(Clone, Copy)]
enum Outcome {
    True,
    False,
}

/// The register of an expression whose value is in a register.
fn register_of(expression: &Expression) -> u32 {
    match expression.kind {
        Kind::Register(register) => register,
        _ => unreachable!("the value is in a register"),
    }
}

/// Folds an operation on two constants. A division by zero is left to the machine.
fn fold(op: Op, left: f64, right: f64) -> Option<f64> {
    Some(match op {
        Op::Add => left + right,
        Op::Sub => left - right,
        Op::Mul => left * right,
        Op::Div if right != 0.0 => left / right,
        Op::Mod if right != 0.0 => left - (left / right).floor() * right,
        Op::Pow => left.powf(right),
        Op::Negate => -left,
        _ => return None,
    })
}
