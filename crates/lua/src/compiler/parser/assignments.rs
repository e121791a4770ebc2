//! Assignments and local variables.

use super::super::code::Count;
use super::super::expression::{Expression, Kind};
use super::{Compiler, LEVELS_MAX, Result, Token};
use crate::opcode::{Instruction, Op};
use crate::strings::index;

impl Compiler<'_> {
    /// A call or an assignment.
    pub(super) fn expression_statement(&mut self) -> Result<()> {
        let expression = self.primary()?;
        if let Kind::Call(place) = expression.kind {
            self.at(place).set_c(Count::Exactly(0).operand());
            return Ok(());
        }
        self.assignment(expression)
    }

    /// `a, b = expressions`, after `a`.
    fn assignment(&mut self, first: Expression) -> Result<()> {
        let mut variables = vec![first];
        self.check_variable(&first)?;
        while self.skip_if(Token::Char(b','))? {
            let variable = self.primary()?;
            if let Kind::Local(register) = variable.kind {
                self.save_from_conflict(&mut variables, register)?;
            }
            let limit = LEVELS_MAX - self.levels;
            if variables.len() > limit as usize {
                let level = self.functions.len() - 1;
                return Err(self.too_many(level, limit, "variables in assignment"));
            }
            self.check_variable(&variable)?;
            variables.push(variable);
        }
        self.expect(Token::Char(b'='))?;
        let (mut value, values) = self.expressions()?;
        let count = index(variables.len());
        if values == count {
            self.set_one_return(&mut value);
            if let Some(last) = variables.pop() {
                self.store(&last, &mut value)?;
            }
        } else {
            self.adjust(count, values, &mut value)?;
            self.function().free_register -= values.saturating_sub(count);
        }
        for variable in variables.iter().rev() {
            let register = self.function().free_register - 1;
            self.store(variable, &mut Expression::new(Kind::Register(register)))?;
        }
        Ok(())
    }

    fn check_variable(&self, expression: &Expression) -> Result<()> {
        if expression.is_variable() {
            Ok(())
        } else {
            Err(self.lexer.syntax_error(b"syntax error"))
        }
    }

    /// If earlier elements in `variables` use the local variable as their table or key, makes them
    /// use a copy. The assignment would change it before they are stored.
    fn save_from_conflict(&mut self, variables: &mut [Expression], local: u32) -> Result<()> {
        let copy = self.function().free_register;
        let mut is_used = false;
        for variable in &mut *variables {
            if let Kind::Indexed { table, key } = &mut variable.kind {
                for register in [table, key] {
                    if *register == local {
                        *register = copy;
                        is_used = true;
                    }
                }
            }
        }
        self.lexer.meter.spend(variables.len() as u64)?;
        if is_used {
            self.emit(Instruction::abc(Op::Move, copy, local, 0))?;
            self.reserve(1)?;
        }
        Ok(())
    }

    /// `local a, b = expressions`, after `local`.
    pub(super) fn local_statement(&mut self) -> Result<()> {
        let mut variables = 0;
        loop {
            let name = self.expect_name()?;
            self.declare_local(name)?;
            variables += 1;
            if !self.skip_if(Token::Char(b','))? {
                break;
            }
        }
        let (mut value, values) = if self.skip_if(Token::Char(b'='))? {
            self.expressions()?
        } else {
            (Expression::new(Kind::Void), 0)
        };
        self.adjust(variables, values, &mut value)?;
        self.activate_locals(variables);
        Ok(())
    }

    /// Adjusts the number of values to the number of variables. The last value is not in a register
    /// yet.
    pub(super) fn adjust(
        &mut self,
        variables: u32,
        values: u32,
        last: &mut Expression,
    ) -> Result<()> {
        if last.has_many_values() {
            let missing = (variables + 1).saturating_sub(values);
            self.set_returns(last, Count::Exactly(missing))?;
            if missing > 1 {
                self.reserve(missing - 1)?;
            }
            return Ok(());
        }
        if last.kind != Kind::Void {
            self.put_in_next_register(last)?;
        }
        if variables > values {
            let missing = variables - values;
            let first = self.function().free_register;
            self.reserve(missing)?;
            self.emit_nil(first, missing)?;
        }
        Ok(())
    }
}
