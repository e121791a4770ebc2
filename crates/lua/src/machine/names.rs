//! The names of variables in a script's text, for error messages.
//!
//! The compiler does not record these names. A walk through the instructions finds the last one
//! that set a register, which shows where the value came from. Source: `getobjname` and `symbexec`
//! in `ldebug.c` of Lua 5.1.5.

use blob::Blob;

use super::Lua;
use crate::opcode::{Instruction, Op, constant_index, is_constant};
use crate::prototype::Prototype;
use crate::value::Value;

impl Lua {
    /// The kind and the name of what is in a register of the running function.
    pub(super) fn register_name(&self, register: u32) -> Option<(&'static str, Blob)> {
        let frame = self.flow.frames.last()?;
        let prototype = frame.prototype.as_ref()?;
        self.name_in(prototype, frame.pc.checked_sub(1)?, register)
    }

    /// The name by which the function at this level was called, and whether it was called as a
    /// method.
    #[must_use]
    pub fn called_name(&self, level: usize) -> Option<(Blob, bool)> {
        let frame = self.frame(level)?;
        if frame.tail_calls > 0 {
            return None;
        }
        let caller = self.frame(level + 1)?;
        let prototype = caller.prototype.as_ref()?;
        let pc = caller.pc.checked_sub(1)?;
        let instruction = prototype.code[pc];
        match instruction.op() {
            Op::Call | Op::TailCall | Op::GenericFor => {
                let (kind, name) = self.name_in(prototype, pc, instruction.a())?;
                Some((name, kind == "method"))
            }
            _ => None,
        }
    }

    fn name_in(
        &self,
        prototype: &Prototype,
        pc: usize,
        register: u32,
    ) -> Option<(&'static str, Blob)> {
        if let Some(name) = local_name(prototype, pc, register) {
            return Some(("local", name));
        }
        let instruction = last_setter(prototype, pc, register);
        let constant = |operand: u32| {
            let name = match prototype.constants.get(constant_index(operand)) {
                Some(Value::String(name)) if is_constant(operand) => self.bytes(*name).clone(),
                _ => Blob::from_static("?"),
            };
            Some(name)
        };
        match instruction.op() {
            Op::GetGlobal => match prototype.constants.get(instruction.bx() as usize) {
                Some(Value::String(name)) => Some(("global", self.bytes(*name).clone())),
                _ => None,
            },
            Op::Move if instruction.b() < instruction.a() => {
                self.name_in(prototype, pc, instruction.b())
            }
            Op::GetTable => constant(instruction.c()).map(|name| ("field", name)),
            Op::GetUpvalue => {
                let name = prototype.upvalue_names.get(instruction.b() as usize);
                Some(("upvalue", name.cloned().unwrap_or(Blob::from_static("?"))))
            }
            Op::Method => constant(instruction.c()).map(|name| ("method", name)),
            _ => None,
        }
    }
}

/// The local variable that a register holds at an instruction.
fn local_name(prototype: &Prototype, pc: usize, register: u32) -> Option<Blob> {
    let pc = pc as u32;
    prototype
        .locals
        .iter()
        .take_while(|local| local.start <= pc)
        .filter(|local| pc < local.end)
        .nth(register as usize)
        .map(|local| local.name.clone())
}

/// The instruction that set a register last before `pc` is reached.
fn last_setter(prototype: &Prototype, pc: usize, register: u32) -> Instruction {
    let code = &prototype.code;
    let mut last = code.len() - 1;
    let mut at = 0;
    while at < pc {
        let instruction = code[at];
        let (a, b) = (instruction.a(), instruction.b());
        let sets = match instruction.op() {
            Op::LoadNil => (a..=b).contains(&register),
            Op::Method => register == a || register == a + 1,
            Op::Call | Op::TailCall => register >= a,
            Op::GenericFor => register >= a + 2,
            Op::Closure => {
                let inner = &prototype.prototypes[instruction.bx() as usize];
                let sets = register == a;
                if sets {
                    last = at;
                }
                at += inner.upvalues as usize;
                false
            }
            Op::SetList => {
                at += usize::from(instruction.c() == 0);
                false
            }
            Op::ForLoop | Op::ForPrepare | Op::Jump => {
                if instruction.op() != Op::Jump && register == a {
                    last = at;
                }
                let target = at as i64 + 1 + i64::from(instruction.sbx());
                if (at as i64) < target && target <= pc as i64 {
                    at = (target - 1) as usize;
                }
                false
            }
            op => sets_a(op) && register == a,
        };
        if sets {
            last = at;
        }
        at += 1;
    }
    code[last]
}

/// Whether an operation sets the register `A`.
const fn sets_a(op: Op) -> bool {
    !matches!(
        op,
        Op::SetGlobal
            | Op::SetUpvalue
            | Op::SetTable
            | Op::Jump
            | Op::Equal
            | Op::Less
            | Op::LessOrEqual
            | Op::Return
            | Op::GenericFor
            | Op::SetList
            | Op::Close
    )
}
