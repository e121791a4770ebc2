//! Jumps whose target is not known yet.
//!
//! A jump leads to the next jump of its list until its target is known; the last one leads to
//! itself. A jump after a `TestSet` can carry a value. The `TestSet` later gets the value's
//! register, or becomes a `Test` if the value is not needed.

use super::super::expression::Jumps;
use super::{Compiler, Result};
use crate::opcode::{Instruction, NO_REGISTER, Op, SBX_OFFSET};

/// The distance of the last jump of a list.
const END_OF_LIST: i32 = -1;

impl Compiler<'_> {
    /// Emits a jump to a place that is not known yet.
    pub(in super::super) fn emit_jump(&mut self) -> Result<u32> {
        // Jumps to this jump get its target.
        let pending = self.function().pending_jumps.take();
        let jump = self.emit(Instruction::asbx(Op::Jump, 0, END_OF_LIST))?;
        self.joined(Some(jump), pending)?;
        Ok(jump)
    }

    /// Emits a comparison, and the jump after it.
    pub(super) fn emit_conditional_jump(&mut self, test: Instruction) -> Result<u32> {
        self.emit(test)?;
        self.emit_jump()
    }

    /// Marks the next place as a jump target, and returns it.
    pub(in super::super) fn mark_target(&mut self) -> u32 {
        let function = self.function();
        let place = function.place();
        function.last_target = Some(place);
        place
    }

    /// Sets the target of all jumps of a list. It has been emitted, or comes next.
    pub(in super::super) fn patch(&mut self, jumps: Jumps, target: u32) -> Result<()> {
        if target == self.function().place() {
            return self.patch_to_here(jumps);
        }
        self.patch_values(jumps, target, NO_REGISTER, target)
    }

    /// Makes all jumps of a list lead to the next instruction.
    pub(in super::super) fn patch_to_here(&mut self, jumps: Jumps) -> Result<()> {
        self.mark_target();
        let pending = self.function().pending_jumps;
        let pending = self.joined(pending, jumps)?;
        self.function().pending_jumps = pending;
        Ok(())
    }

    /// Joins two lists.
    pub(in super::super) fn joined(&mut self, first: Jumps, second: Jumps) -> Result<Jumps> {
        let (Some(first), Some(second)) = (first, second) else {
            return Ok(first.or(second));
        };
        let mut last = first;
        while let Some(next) = self.jump_after(last)? {
            last = next;
        }
        self.set_target(last, second)?;
        Ok(Some(first))
    }

    /// Sets the target of all jumps to the next instruction, right before it is emitted.
    pub(super) fn land_pending_jumps(&mut self) -> Result<()> {
        let function = self.function();
        let Some(pending) = function.pending_jumps.take() else {
            return Ok(());
        };
        let here = function.place();
        self.patch_values(Some(pending), here, NO_REGISTER, here)
    }

    /// Sets the targets of the jumps of a list. Jumps that carry a value put it into `register` and
    /// lead to `with_value`. All others lead to `without_value`.
    pub(super) fn patch_values(
        &mut self,
        mut jumps: Jumps,
        with_value: u32,
        register: u32,
        without_value: u32,
    ) -> Result<()> {
        while let Some(jump) = jumps {
            jumps = self.jump_after(jump)?;
            let carries_value = self.set_value_register(jump, register);
            self.set_target(jump, if carries_value { with_value } else { without_value })?;
        }
        Ok(())
    }

    /// Whether any jump of the list carries no value.
    pub(super) fn needs_value(&mut self, mut jumps: Jumps) -> Result<bool> {
        while let Some(jump) = jumps {
            if self.control(jump).op() != Op::TestSet {
                return Ok(true);
            }
            jumps = self.jump_after(jump)?;
        }
        Ok(false)
    }

    /// Makes the jumps of the list carry no value.
    pub(super) fn drop_values(&mut self, mut jumps: Jumps) -> Result<()> {
        while let Some(jump) = jumps {
            self.set_value_register(jump, NO_REGISTER);
            jumps = self.jump_after(jump)?;
        }
        Ok(())
    }

    /// Inverts the comparison before a jump.
    pub(super) fn invert(&mut self, jump: u32) {
        let control = self.control(jump);
        control.set_a(u32::from(control.a() == 0));
    }

    /// The instruction that controls a jump: the test before it, or the jump itself.
    fn control(&mut self, jump: u32) -> &mut Instruction {
        let code = &mut self.function().prototype.code;
        let jump = jump as usize;
        let has_test = jump >= 1 && is_test(code[jump - 1].op());
        &mut code[if has_test { jump - 1 } else { jump }]
    }

    fn set_value_register(&mut self, jump: u32, register: u32) -> bool {
        let control = self.control(jump);
        if control.op() != Op::TestSet {
            return false;
        }
        if register != NO_REGISTER && register != control.b() {
            control.set_a(register);
        } else {
            *control = Instruction::abc(Op::Test, control.b(), 0, control.c());
        }
        true
    }

    fn jump_after(&mut self, jump: u32) -> Result<Jumps> {
        self.lexer.meter.spend(1)?;
        let distance = self.at(jump).sbx();
        Ok((distance != END_OF_LIST).then(|| (jump + 1).wrapping_add_signed(distance)))
    }

    fn set_target(&mut self, jump: u32, target: u32) -> Result<()> {
        let distance = i64::from(target) - i64::from(jump + 1);
        match i32::try_from(distance) {
            Ok(distance) if distance.abs() <= SBX_OFFSET => {
                self.at(jump).set_sbx(distance);
                Ok(())
            }
            _ => Err(self.lexer.syntax_error(b"control structure too long")),
        }
    }
}

const fn is_test(op: Op) -> bool {
    matches!(op, Op::Equal | Op::Less | Op::LessOrEqual | Op::Test | Op::TestSet | Op::GenericFor)
}
