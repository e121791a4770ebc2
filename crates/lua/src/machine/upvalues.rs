//! Local variables that inner functions use. While such a variable is on the stack, all functions
//! share its slot. When its block ends, it moves into the heap.

use super::Lua;
use crate::error::Result;
use crate::heap::Upvalue;
use crate::value::{UpvalueRef, Value};

impl Lua {
    #[inline]
    pub(super) fn upvalue_value(&self, upvalue: UpvalueRef) -> Value {
        match self.heap.upvalue(upvalue) {
            Upvalue::Closed(value) => value,
            Upvalue::Open { owner, slot } if owner == self.current => {
                self.flow.stack[slot as usize]
            }
            Upvalue::Open { owner: None, slot } => self.main.stack[slot as usize],
            Upvalue::Open { owner: Some(owner), slot } => {
                self.heap.coroutine(owner).stack[slot as usize]
            }
        }
    }

    #[inline]
    pub(super) fn set_upvalue_value(&mut self, upvalue: UpvalueRef, value: Value) {
        match self.heap.upvalue_mut(upvalue) {
            Upvalue::Closed(closed) => *closed = value,
            Upvalue::Open { owner, slot } => {
                let (owner, slot) = (*owner, *slot as usize);
                if owner == self.current {
                    self.flow.stack[slot] = value;
                } else if let Some(owner) = owner {
                    self.heap.coroutine_mut(owner).stack[slot] = value;
                } else {
                    self.main.stack[slot] = value;
                }
            }
        }
    }

    /// The open upvalue of a slot of the running stack. It is made if there is none.
    pub(super) fn open_upvalue(&mut self, slot: usize) -> Result<UpvalueRef> {
        let mut place = self.flow.open.len();
        while place > 0 {
            let upvalue = self.flow.open[place - 1];
            let Upvalue::Open { slot: other, .. } = self.heap.upvalue(upvalue) else { break };
            if other as usize == slot {
                return Ok(upvalue);
            }
            if (other as usize) < slot {
                break;
            }
            place -= 1;
            self.spend(1)?;
        }
        let open = Upvalue::Open { owner: self.current, slot: crate::strings::index(slot) };
        let upvalue = self.heap.new_upvalue(open).map_err(|error| self.ended(error))?;
        self.flow.open.insert(place, upvalue);
        Ok(upvalue)
    }

    /// Closes the upvalues of the slots from `level` on.
    pub(super) fn close_upvalues(&mut self, level: usize) {
        while let Some(&upvalue) = self.flow.open.last() {
            let Upvalue::Open { slot, .. } = self.heap.upvalue(upvalue) else { break };
            if (slot as usize) < level {
                break;
            }
            let value = self.flow.stack[slot as usize];
            *self.heap.upvalue_mut(upvalue) = Upvalue::Closed(value);
            self.flow.open.pop();
        }
    }
}
