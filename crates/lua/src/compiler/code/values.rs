//! Where the value of an expression goes.

use super::super::expression::{Expression, Kind};
use super::super::function::Constant;
use super::{Compiler, Count, Result};
use crate::opcode::{CONSTANT_BIT, CONSTANT_MAX, Instruction, Op};
use crate::strings::index;
use crate::value::Value;

impl Compiler<'_> {
    /// Sets how many values a call or `...` gives.
    pub(in super::super) fn set_returns(
        &mut self,
        expression: &Expression,
        count: Count,
    ) -> Result<()> {
        match expression.kind {
            Kind::Call(place) => self.at(place).set_c(count.operand()),
            Kind::VarArg(place) => {
                let register = self.function().free_register;
                let instruction = self.at(place);
                instruction.set_b(count.operand());
                instruction.set_a(register);
                self.reserve(1)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes a call or `...` give one value.
    pub(in super::super) fn set_one_return(&mut self, expression: &mut Expression) {
        match expression.kind {
            Kind::Call(place) => expression.kind = Kind::Register(self.at(place).a()),
            Kind::VarArg(place) => {
                self.at(place).set_b(2);
                expression.kind = Kind::Relocatable(place);
            }
            _ => {}
        }
    }

    /// Emits the read of a variable, so that the expression becomes a value.
    pub(in super::super) fn discharge(&mut self, expression: &mut Expression) -> Result<()> {
        let instruction = match expression.kind {
            Kind::Local(register) => {
                expression.kind = Kind::Register(register);
                return Ok(());
            }
            Kind::Upvalue(upvalue) => Instruction::abc(Op::GetUpvalue, 0, upvalue, 0),
            Kind::Global(name) => Instruction::abx(Op::GetGlobal, 0, name),
            Kind::Indexed { table, key } => {
                let function = self.function();
                function.release(key);
                function.release(table);
                Instruction::abc(Op::GetTable, 0, table, key)
            }
            Kind::VarArg(_) | Kind::Call(_) => {
                self.set_one_return(expression);
                return Ok(());
            }
            _ => return Ok(()),
        };
        expression.kind = Kind::Relocatable(self.emit(instruction)?);
        Ok(())
    }

    /// Puts the value into the next register.
    pub(in super::super) fn put_in_next_register(
        &mut self,
        expression: &mut Expression,
    ) -> Result<()> {
        self.discharge(expression)?;
        self.release(expression);
        self.reserve(1)?;
        let register = self.function().free_register - 1;
        self.put_in_register(expression, register)
    }

    /// Puts the value into any register, and returns which.
    pub(in super::super) fn put_in_any_register(
        &mut self,
        expression: &mut Expression,
    ) -> Result<u32> {
        self.discharge(expression)?;
        if let Kind::Register(register) = expression.kind {
            if !expression.has_jumps() {
                return Ok(register);
            }
            if register >= self.function().active_locals {
                self.put_in_register(expression, register)?;
                return Ok(register);
            }
        }
        self.put_in_next_register(expression)?;
        let Kind::Register(register) = expression.kind else {
            unreachable!("that is where it was put")
        };
        Ok(register)
    }

    /// Makes the expression a value without jumps.
    pub(in super::super) fn make_value(&mut self, expression: &mut Expression) -> Result<()> {
        if expression.has_jumps() {
            self.put_in_any_register(expression).map(drop)
        } else {
            self.discharge(expression)
        }
    }

    /// Makes the expression an operand: a register or, if it fits, a constant.
    pub(in super::super) fn make_operand(&mut self, expression: &mut Expression) -> Result<u32> {
        self.make_value(expression)?;
        let constant = match expression.kind {
            Kind::Nil => Some((Constant::Nil, Value::Nil)),
            Kind::True => Some((Constant::Boolean(true), Value::Boolean(true))),
            Kind::False => Some((Constant::Boolean(false), Value::Boolean(false))),
            Kind::Number(number) => Some((Constant::number(number), Value::Number(number))),
            _ => None,
        };
        if let Some((constant, value)) = constant
            && index(self.function().prototype.constants.len()) <= CONSTANT_MAX
        {
            let number = self.constant(constant, value)?;
            expression.kind = Kind::Constant(number);
            return Ok(number | CONSTANT_BIT);
        }
        match expression.kind {
            Kind::Constant(number) if number <= CONSTANT_MAX => Ok(number | CONSTANT_BIT),
            _ => self.put_in_any_register(expression),
        }
    }

    /// Assigns a value to a variable.
    pub(in super::super) fn store(
        &mut self,
        variable: &Expression,
        value: &mut Expression,
    ) -> Result<()> {
        match variable.kind {
            Kind::Local(register) => {
                self.release(value);
                return self.put_in_register(value, register);
            }
            Kind::Upvalue(upvalue) => {
                let register = self.put_in_any_register(value)?;
                self.emit(Instruction::abc(Op::SetUpvalue, register, upvalue, 0))?;
            }
            Kind::Global(name) => {
                let register = self.put_in_any_register(value)?;
                self.emit(Instruction::abx(Op::SetGlobal, register, name))?;
            }
            Kind::Indexed { table, key } => {
                let operand = self.make_operand(value)?;
                self.emit(Instruction::abc(Op::SetTable, table, key, operand))?;
            }
            _ => unreachable!("the parser assigns to variables only"),
        }
        self.release(value);
        Ok(())
    }

    /// Reads a method, and puts the object into the next register.
    pub(in super::super) fn make_method(
        &mut self,
        object: &mut Expression,
        key: &mut Expression,
    ) -> Result<()> {
        let table = self.put_in_any_register(object)?;
        self.release(object);
        let method = self.function().free_register;
        self.reserve(2)?;
        let operand = self.make_operand(key)?;
        self.emit(Instruction::abc(Op::Method, method, table, operand))?;
        self.release(key);
        object.kind = Kind::Register(method);
        Ok(())
    }

    /// Makes the expression an element of a table in a register.
    pub(in super::super) fn make_element(
        &mut self,
        table: &mut Expression,
        key: &mut Expression,
    ) -> Result<()> {
        let key = self.make_operand(key)?;
        if let Kind::Register(register) = table.kind {
            table.kind = Kind::Indexed { table: register, key };
        }
        Ok(())
    }

    /// Frees the register of a value that is not needed any more.
    pub(super) fn release(&mut self, expression: &Expression) {
        if let Kind::Register(register) = expression.kind {
            self.function().release(register);
        }
    }

    /// Puts the value into any register, and ignores its jumps.
    pub(super) fn discharge_in_any_register(&mut self, expression: &mut Expression) -> Result<()> {
        if matches!(expression.kind, Kind::Register(_)) {
            return Ok(());
        }
        self.reserve(1)?;
        let register = self.function().free_register - 1;
        self.discharge_to(expression, register)
    }

    /// Puts the value into a register, and ignores its jumps.
    fn discharge_to(&mut self, expression: &mut Expression, register: u32) -> Result<()> {
        self.discharge(expression)?;
        match expression.kind {
            Kind::Nil => self.emit_nil(register, 1)?,
            Kind::False | Kind::True => {
                let value = u32::from(expression.kind == Kind::True);
                self.emit(Instruction::abc(Op::LoadBool, register, value, 0))?;
            }
            Kind::Constant(number) => {
                self.emit(Instruction::abx(Op::LoadK, register, number))?;
            }
            Kind::Number(number) => {
                let number = self.number_constant(number)?;
                self.emit(Instruction::abx(Op::LoadK, register, number))?;
            }
            Kind::Relocatable(place) => self.at(place).set_a(register),
            Kind::Register(from) => {
                if from != register {
                    self.emit(Instruction::abc(Op::Move, register, from, 0))?;
                }
            }
            _ => return Ok(()),
        }
        expression.kind = Kind::Register(register);
        Ok(())
    }

    /// Puts the value into a register, by whichever jump it is reached.
    fn put_in_register(&mut self, expression: &mut Expression, register: u32) -> Result<()> {
        self.discharge_to(expression, register)?;
        if let Kind::Jump(jump) = expression.kind {
            expression.true_jumps = self.joined(expression.true_jumps, Some(jump))?;
        }
        if expression.has_jumps() {
            self.land_jumps(expression, register)?;
        }
        *expression = Expression::new(Kind::Register(register));
        Ok(())
    }

    /// Makes the jumps of an expression lead here, with its value in a register.
    fn land_jumps(&mut self, expression: &Expression, register: u32) -> Result<()> {
        let (mut load_false, mut load_true) = (0, 0);
        if self.needs_value(expression.true_jumps)? || self.needs_value(expression.false_jumps)? {
            let around = match expression.kind {
                Kind::Jump(_) => None,
                _ => Some(self.emit_jump()?),
            };
            self.mark_target();
            load_false = self.emit(Instruction::abc(Op::LoadBool, register, 0, 1))?;
            self.mark_target();
            load_true = self.emit(Instruction::abc(Op::LoadBool, register, 1, 0))?;
            self.patch_to_here(around)?;
        }
        let end = self.mark_target();
        self.patch_values(expression.false_jumps, end, register, load_false)?;
        self.patch_values(expression.true_jumps, end, register, load_true)
    }
}
