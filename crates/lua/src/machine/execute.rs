//! The machine's loop. Source: `luaV_execute` in `lvm.c` of Lua 5.1.5.

use std::rc::Rc;

use super::Lua;
use super::arithmetic::compute;
use super::call::Called;
use crate::coroutine::Frame;
use crate::error::Result;
use crate::heap::Function;
use crate::metamethod::Metamethod;
use crate::opcode::{FIELDS_PER_FLUSH, Instruction, Op, constant_index, is_constant};
use crate::prototype::Prototype;
use crate::value::{FunctionRef, UpvalueRef, Value};

/// What to execute after an instruction.
enum Next {
    /// The next instruction, or the target of a jump.
    Instruction,
    /// An instruction of another function: the called one, or the caller.
    Frame,
    /// Nothing: the call that entered the loop has returned.
    Left,
}

/// The running function, while the loop is in it.
struct Running {
    function: FunctionRef,
    prototype: Rc<Prototype>,
    base: usize,
    /// The next instruction.
    pc: usize,
}

impl Lua {
    /// Runs the innermost call until it returns.
    pub(super) fn execute(&mut self) -> Result<()> {
        loop {
            let Some(Frame { function, prototype: Some(prototype), base, pc, .. }) =
                self.flow.frames.last()
            else {
                unreachable!("the machine runs functions of Lua");
            };
            let Value::Function(function) = self.flow.stack[*function] else {
                unreachable!("a function is running");
            };
            let prototype = Rc::clone(prototype);
            let mut running = Running { function, prototype, base: *base, pc: *pc };
            self.grow_stack(running.base + running.prototype.stack_size as usize)?;
            loop {
                match self.step(&mut running) {
                    Ok(Next::Instruction) => {}
                    Ok(Next::Frame) => break,
                    Ok(Next::Left) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Executes one instruction.
    #[inline(always)]
    #[expect(clippy::too_many_lines, reason = "one arm an instruction, as people look for it")]
    fn step(&mut self, running: &mut Running) -> Result<Next> {
        let instruction = running.prototype.code[running.pc];
        running.pc += 1;
        // Errors and calls read the place from the frame.
        if let Some(frame) = self.flow.frames.last_mut() {
            frame.pc = running.pc;
        }
        self.tick()?;
        let a = running.base + instruction.a() as usize;
        match instruction.op() {
            Op::Move => self.flow.stack[a] = self.value_in(running, instruction.b()),
            Op::LoadK => {
                self.flow.stack[a] = running.prototype.constants[instruction.bx() as usize];
            }
            Op::LoadBool => {
                self.flow.stack[a] = Value::Boolean(instruction.b() != 0);
                running.pc += usize::from(instruction.c() != 0);
            }
            Op::LoadNil => {
                let b = running.base + instruction.b() as usize;
                self.flow.stack[a..=b].fill(Value::Nil);
            }
            Op::GetUpvalue => {
                self.flow.stack[a] = self.upvalue_value(self.upvalue_at(running, instruction.b()));
            }
            Op::GetGlobal => {
                let name = running.prototype.constants[instruction.bx() as usize];
                let value = self.heap.get(self.globals, name);
                self.flow.stack[a] = match value {
                    Value::Nil => self.index(self.globals.into(), name)?,
                    value => value,
                };
            }
            Op::GetTable => {
                let object = self.value_in(running, instruction.b());
                let key = self.operand(running, instruction.c());
                self.flow.stack[a] = self.get(object, key, instruction.b())?;
            }
            Op::SetGlobal => {
                let name = running.prototype.constants[instruction.bx() as usize];
                let value = self.flow.stack[a];
                self.set_index(self.globals.into(), name, value)?;
            }
            Op::SetUpvalue => {
                let value = self.flow.stack[a];
                self.set_upvalue_value(self.upvalue_at(running, instruction.b()), value);
            }
            Op::SetTable => {
                let key = self.operand(running, instruction.b());
                let value = self.operand(running, instruction.c());
                self.set_index_at(self.flow.stack[a], key, value, Some(instruction.a()))?;
            }
            Op::NewTable => self.make_table(running, a, instruction)?,
            Op::Method => {
                let object = self.value_in(running, instruction.b());
                let key = self.operand(running, instruction.c());
                // This may be the only reference to the object while a metamethod runs.
                self.flow.stack[a + 1] = object;
                self.flow.stack[a] = self.get(object, key, instruction.b())?;
            }
            Op::Add => self.operate(running, instruction, Metamethod::Add)?,
            Op::Sub => self.operate(running, instruction, Metamethod::Sub)?,
            Op::Mul => self.operate(running, instruction, Metamethod::Mul)?,
            Op::Div => self.operate(running, instruction, Metamethod::Div)?,
            Op::Mod => self.operate(running, instruction, Metamethod::Mod)?,
            Op::Pow => self.operate(running, instruction, Metamethod::Pow)?,
            Op::Negate => {
                let value = self.value_in(running, instruction.b());
                self.flow.stack[a] = match value {
                    Value::Number(number) => Value::Number(-number),
                    value => {
                        let register = Some(instruction.b());
                        self.arithmetic(Metamethod::Negate, [value, value], [register; 2])?
                    }
                };
            }
            Op::Not => {
                let value = self.value_in(running, instruction.b());
                self.flow.stack[a] = Value::Boolean(value.is_falsy());
            }
            Op::Length => {
                let value = self.value_in(running, instruction.b());
                self.flow.stack[a] = self.length_of(value, instruction.b())?;
            }
            Op::Concat => {
                self.concat(running.base, instruction.b(), instruction.c())?;
                self.flow.stack[a] = self.value_in(running, instruction.b());
                self.collect_between(running, 0)?;
            }
            Op::Jump => running.jump(instruction),
            Op::Equal => {
                let [one, other] = self.operands(running, instruction);
                let holds = self.equal(one, other)?;
                running.branch(holds == (instruction.a() != 0));
            }
            Op::Less => {
                let [one, other] = self.operands(running, instruction);
                let holds = self.less(one, other)?;
                running.branch(holds == (instruction.a() != 0));
            }
            Op::LessOrEqual => {
                let [one, other] = self.operands(running, instruction);
                let holds = self.less_or_equal(one, other)?;
                running.branch(holds == (instruction.a() != 0));
            }
            Op::Test => {
                running.branch(self.flow.stack[a].is_falsy() == (instruction.c() == 0));
            }
            Op::TestSet => {
                let value = self.value_in(running, instruction.b());
                let taken = value.is_falsy() == (instruction.c() == 0);
                if taken {
                    self.flow.stack[a] = value;
                }
                running.branch(taken);
            }
            Op::Call => return self.call_instruction(running, a, instruction),
            Op::TailCall => return self.tail_call(running, a, instruction),
            Op::Return => return Ok(self.return_from(running, a, instruction)),
            Op::ForLoop => {
                let slots = &self.flow.stack[a..a + 3];
                let (Value::Number(index), Value::Number(limit), Value::Number(step)) =
                    (slots[0], slots[1], slots[2])
                else {
                    unreachable!("`for` has prepared its numbers");
                };
                let index = index + step;
                if if step > 0.0 { index <= limit } else { limit <= index } {
                    running.jump(instruction);
                    self.flow.stack[a] = Value::Number(index);
                    self.flow.stack[a + 3] = Value::Number(index);
                }
            }
            Op::ForPrepare => {
                self.prepare_for(a)?;
                running.jump(instruction);
            }
            Op::GenericFor => self.generic_for(running, a, instruction)?,
            Op::SetList => self.set_list(running, a, instruction)?,
            Op::Close => self.close_upvalues(a),
            Op::Closure => self.make_closure(running, a, instruction)?,
            Op::VarArg => self.load_variadic(running, a, instruction)?,
        }
        Ok(Next::Instruction)
    }

    #[inline(always)]
    fn value_in(&self, running: &Running, register: u32) -> Value {
        self.flow.stack[running.base + register as usize]
    }

    /// The value of an operand, which is a register or a constant.
    #[inline(always)]
    fn operand(&self, running: &Running, operand: u32) -> Value {
        if is_constant(operand) {
            running.prototype.constants[constant_index(operand)]
        } else {
            self.value_in(running, operand)
        }
    }

    #[inline(always)]
    fn operands(&self, running: &Running, instruction: Instruction) -> [Value; 2] {
        [self.operand(running, instruction.b()), self.operand(running, instruction.c())]
    }

    #[inline(always)]
    fn get(&mut self, object: Value, key: Value, register: u32) -> Result<Value> {
        if let Value::Table(table) = object {
            let value = self.heap.get(table, key);
            if !value.is_nil() {
                return Ok(value);
            }
        }
        self.index_at(object, key, Some(register))
    }

    #[inline(always)]
    fn operate(
        &mut self,
        running: &Running,
        instruction: Instruction,
        event: Metamethod,
    ) -> Result<()> {
        let operands = self.operands(running, instruction);
        let value = if let [Value::Number(one), Value::Number(other)] = operands {
            Value::Number(compute(event, one, other))
        } else {
            let registers = [instruction.b(), instruction.c()]
                .map(|operand| (!is_constant(operand)).then_some(operand));
            self.arithmetic(event, operands, registers)?
        };
        self.flow.stack[running.base + instruction.a() as usize] = value;
        Ok(())
    }

    fn length_of(&mut self, value: Value, register: u32) -> Result<Value> {
        match value {
            Value::Table(table) => Ok(Value::Number(self.length(table) as f64)),
            Value::String(string) => Ok(Value::Number(self.bytes(string).len() as f64)),
            other => {
                let handler = self.metamethod(other, Metamethod::Length);
                if handler.is_nil() {
                    return Err(self.operation_error(other, "get length of", Some(register)));
                }
                self.call_for_one(handler, &[other])
            }
        }
    }

    fn make_table(
        &mut self,
        running: &Running,
        slot: usize,
        instruction: Instruction,
    ) -> Result<()> {
        let [elements, fields] = [instruction.b(), instruction.c()].map(from_floating_byte);
        let table = self.new_table(elements, fields)?;
        self.flow.stack[slot] = table.into();
        self.collect_between(running, 0)
    }

    /// Collects garbage between two instructions if the heap is full. The stack is in use up to the
    /// end of the registers, and up to `top`.
    #[inline]
    fn collect_between(&mut self, running: &Running, top: usize) -> Result<()> {
        if !self.collects_soon() {
            return Ok(());
        }
        let registers = running.base + running.prototype.stack_size as usize;
        self.shrink_stack(registers.max(top));
        self.collect_if_full()
    }

    /// How many values begin at `first`: as many as the operand says, or all up to the top.
    fn count_from(&self, first: usize, operand: u32) -> usize {
        match (operand as usize).checked_sub(1) {
            Some(count) => count,
            None => self.flow.top - first,
        }
    }

    fn call_instruction(
        &mut self,
        running: &mut Running,
        slot: usize,
        instruction: Instruction,
    ) -> Result<Next> {
        let count = self.count_from(slot + 1, instruction.b());
        let wanted = instruction.c().checked_sub(1);
        if self.begin_call(slot, count, wanted)? == Called::Entered {
            return Ok(Next::Frame);
        }
        self.grow_stack(running.base + running.prototype.stack_size as usize)?;
        let top = if wanted.is_none() { self.flow.top } else { 0 };
        self.collect_between(running, top)?;
        Ok(Next::Instruction)
    }

    fn tail_call(
        &mut self,
        running: &Running,
        slot: usize,
        instruction: Instruction,
    ) -> Result<Next> {
        let count = self.count_from(slot + 1, instruction.b());
        if self.begin_call(slot, count, None)? == Called::Returned {
            // The next instruction returns the results of the called function.
            self.collect_between(running, self.flow.top)?;
            return Ok(Next::Frame);
        }
        // The new call replaces the running one.
        let (Some(new), Some(old)) = (self.flow.frames.pop(), self.flow.frames.pop()) else {
            unreachable!("a function calls another one");
        };
        self.close_upvalues(old.base);
        let size = new.prototype.as_ref().map_or(0, |prototype| prototype.stack_size as usize);
        let moved = new.base + size - new.function;
        let distance = new.function - old.function;
        let end = new.function + moved;
        self.flow.stack.copy_within(new.function..end, old.function);
        self.flow.stack.truncate(old.function + moved);
        self.spend((moved / 16) as u64)?;
        self.flow.frames.push(Frame {
            function: old.function,
            base: new.base - distance,
            wanted: old.wanted,
            tail_calls: old.tail_calls.saturating_add(1),
            is_entry: old.is_entry,
            ..new
        });
        Ok(Next::Frame)
    }

    fn return_from(&mut self, running: &Running, slot: usize, instruction: Instruction) -> Next {
        let count = self.count_from(slot, instruction.b());
        if !self.flow.open.is_empty() {
            self.close_upvalues(running.base);
        }
        let is_entry = self.flow.frames.last().is_some_and(|frame| frame.is_entry);
        self.finish_call(slot, count);
        if is_entry { Next::Left } else { Next::Frame }
    }

    fn prepare_for(&mut self, slot: usize) -> Result<()> {
        let names = ["initial value", "limit", "step"];
        for (offset, name) in names.into_iter().enumerate() {
            let Some(number) = self.to_number(self.flow.stack[slot + offset]) else {
                return Err(self.runtime_error(format!("'for' {name} must be a number")));
            };
            self.flow.stack[slot + offset] = Value::Number(number);
        }
        if let [Value::Number(initial), Value::Number(step)] =
            [slot, slot + 2].map(|slot| self.flow.stack[slot])
        {
            self.flow.stack[slot] = Value::Number(initial - step);
        }
        Ok(())
    }

    fn generic_for(
        &mut self,
        running: &mut Running,
        slot: usize,
        instruction: Instruction,
    ) -> Result<()> {
        let call = slot + 3;
        self.flow.stack.copy_within(slot..call, call);
        self.call_at(call, 2, Some(instruction.c()))?;
        self.grow_stack(running.base + running.prototype.stack_size as usize)?;
        self.collect_between(running, 0)?;
        let control = self.flow.stack[call];
        let goes_on = !control.is_nil();
        if goes_on {
            self.flow.stack[slot + 2] = control;
        }
        running.branch(goes_on);
        Ok(())
    }

    fn set_list(
        &mut self,
        running: &mut Running,
        slot: usize,
        instruction: Instruction,
    ) -> Result<()> {
        let Value::Table(table) = self.flow.stack[slot] else {
            unreachable!("a list is stored in the table just made");
        };
        let count = match instruction.b() as usize {
            0 => self.flow.top - (slot + 1),
            count => count,
        };
        let block = match instruction.c() {
            0 => {
                let number = running.prototype.code[running.pc].as_number();
                running.pc += 1;
                number
            }
            block => block,
        };
        let before = (block as usize - 1) * FIELDS_PER_FLUSH as usize;
        self.spend((count / 8) as u64)?;
        self.heap.reserve_array(table, before + count).map_err(|error| self.ended(error))?;
        for offset in (1..=count).rev() {
            self.set_element(table, before + offset, self.flow.stack[slot + offset])?;
        }
        self.grow_stack(running.base + running.prototype.stack_size as usize)
    }

    fn make_closure(
        &mut self,
        running: &mut Running,
        slot: usize,
        instruction: Instruction,
    ) -> Result<()> {
        let prototype = Rc::clone(&running.prototype.prototypes[instruction.bx() as usize]);
        let mut upvalues = Vec::with_capacity(prototype.upvalues as usize);
        for _ in 0..prototype.upvalues {
            let source = running.prototype.code[running.pc];
            running.pc += 1;
            upvalues.push(match source.op() {
                Op::GetUpvalue => self.upvalue_at(running, source.b()),
                _ => self.open_upvalue(running.base + source.b() as usize)?,
            });
        }
        let closure = Function::Lua { prototype, upvalues: upvalues.into() };
        let closure = self.heap.new_function(closure).map_err(|error| self.ended(error))?;
        self.flow.stack[slot] = closure.into();
        self.collect_between(running, 0)
    }

    fn load_variadic(
        &mut self,
        running: &Running,
        slot: usize,
        instruction: Instruction,
    ) -> Result<()> {
        let function = self.flow.frames.last().map_or(0, |frame| frame.function);
        let there = running.base - function - running.prototype.parameters as usize - 1;
        let wanted = (instruction.b() as usize).checked_sub(1);
        let count = wanted.unwrap_or(there);
        self.spend((count / 8) as u64)?;
        self.grow_stack(slot + count)?;
        let first = running.base - there;
        let kept = count.min(there);
        self.flow.stack.copy_within(first..first + kept, slot);
        self.flow.stack[slot + kept..slot + count].fill(Value::Nil);
        if wanted.is_none() {
            self.flow.top = slot + count;
        }
        Ok(())
    }

    #[inline(always)]
    fn upvalue_at(&self, running: &Running, index: u32) -> UpvalueRef {
        match self.heap.function(running.function) {
            Function::Lua { upvalues, .. } => upvalues[index as usize],
            Function::Native { .. } | Function::Free => {
                unreachable!("the machine runs functions of Lua")
            }
        }
    }
}

impl Running {
    #[inline(always)]
    const fn jump(&mut self, instruction: Instruction) {
        self.pc = self.pc.wrapping_add_signed(instruction.sbx() as isize);
    }

    /// Takes the jump in the next instruction, or skips it.
    #[inline(always)]
    fn branch(&mut self, is_taken: bool) {
        let jump = self.prototype.code[self.pc];
        self.pc += 1;
        if is_taken {
            self.jump(jump);
        }
    }
}

/// Decodes a byte `eeeeexxx`: `1xxx << (eeeee - 1)`, or `xxx` if `eeeee` is 0.
const fn from_floating_byte(byte: u32) -> usize {
    let exponent = byte >> 3 & 31;
    if exponent == 0 { byte as usize } else { (((byte & 7) + 8) as usize) << (exponent - 1) }
}
