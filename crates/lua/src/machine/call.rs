//! Calls, returns, and errors that are caught.
//!
//! A call's frame holds the slot of the called function. The arguments follow it on the stack, and
//! the results replace it. A call from one Lua function to another does not recurse in Rust. Calls
//! of functions written in Rust and of metamethods do; [`Lua::enter`] bounds their depth.

use std::rc::Rc;

use super::Lua;
use super::arguments::Args;
use crate::coroutine::Frame;
use crate::error::{Error, Result};
use crate::heap::Function;
use crate::prototype::Prototype;
use crate::value::Value;

/// The most active calls of Lua functions: `LUAI_MAXCALLS`.
const FRAMES_MAX: usize = 20_000;

/// What [`Lua::begin_call`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// A function of Lua has been entered.
    Entered,
    /// A function written in Rust has returned.
    Returned,
}

impl Lua {
    /// Calls a function for all its results.
    ///
    /// # Errors
    /// If the function raises an error.
    pub fn call(&mut self, function: Value, arguments: &[Value]) -> Result<Vec<Value>> {
        let count = self.call_on_stack(function, arguments)?;
        let results = self.flow.stack.split_off(self.flow.stack.len() - count);
        Ok(results)
    }

    /// As [`Lua::call`], but leaves the results on the stack, where the collector sees them.
    ///
    /// # Errors
    /// If the function raises an error.
    pub fn call_on_stack(&mut self, function: Value, arguments: &[Value]) -> Result<usize> {
        let slot = self.place_call(function, arguments)?;
        self.call_at(slot, arguments.len(), None)?;
        let top = self.flow.top;
        self.flow.stack.truncate(top);
        Ok(top - slot)
    }

    /// Calls a function for its first result.
    ///
    /// # Errors
    /// If the function raises an error.
    pub fn call_for_one(&mut self, function: Value, arguments: &[Value]) -> Result<Value> {
        let slot = self.place_call(function, arguments)?;
        self.call_at(slot, arguments.len(), Some(1))?;
        let result = self.flow.stack[slot];
        self.flow.stack.truncate(slot);
        Ok(result)
    }

    /// Calls a function and drops its results.
    ///
    /// # Errors
    /// If the function raises an error.
    pub fn call_for_none(&mut self, function: Value, arguments: &[Value]) -> Result<()> {
        let slot = self.place_call(function, arguments)?;
        self.call_at(slot, arguments.len(), Some(0))?;
        self.flow.stack.truncate(slot);
        Ok(())
    }

    fn place_call(&mut self, function: Value, arguments: &[Value]) -> Result<usize> {
        let slot = self.flow.stack.len();
        self.flow.stack.push(function);
        self.flow.stack.extend_from_slice(arguments);
        self.count_stack()?;
        Ok(slot)
    }

    /// Calls the function at `slot` with the values after it, and runs it to its end.
    pub(super) fn call_at(&mut self, slot: usize, count: usize, wanted: Option<u32>) -> Result<()> {
        self.enter()?;
        if self.begin_call(slot, count, wanted)? == Called::Entered {
            if let Some(frame) = self.flow.frames.last_mut() {
                frame.is_entry = true;
            }
            self.execute()?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Calls a function and catches its errors. Returns the number of results, which are on the
    /// stack, or the error.
    ///
    /// # Errors
    /// If the script must end.
    pub fn protected_call(
        &mut self,
        function: Value,
        arguments: &[Value],
    ) -> Result<std::result::Result<usize, Value>> {
        self.handled_call(function, arguments, |_, error| Ok(error))
    }

    /// As [`Lua::protected_call`]. `handle` converts the error while the calls that led to it are
    /// still on the stack.
    ///
    /// # Errors
    /// If the script must end.
    pub fn handled_call(
        &mut self,
        function: Value,
        arguments: &[Value],
        handle: impl FnOnce(&mut Lua, Value) -> Result<Value>,
    ) -> Result<std::result::Result<usize, Value>> {
        let slot = self.place_call(function, arguments)?;
        self.handled_call_at(slot, arguments.len(), handle)
    }

    /// Calls the running function's first argument with the other arguments. `true` and the results
    /// replace the arguments. Returns their number, or the error.
    ///
    /// # Errors
    /// If the script must end.
    pub fn protected_call_of_arguments(
        &mut self,
        args: Args,
    ) -> Result<std::result::Result<usize, Value>> {
        self.spend(args.len() as u64 / 8)?;
        match self.handled_call_at(args.base, args.len() - 1, |_, error| Ok(error))? {
            Ok(count) => {
                self.spend(count as u64 / 8)?;
                self.flow.stack.insert(args.base, true.into());
                self.count_stack()?;
                Ok(Ok(1 + count))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn handled_call_at(
        &mut self,
        slot: usize,
        count: usize,
        handle: impl FnOnce(&mut Lua, Value) -> Result<Value>,
    ) -> Result<std::result::Result<usize, Value>> {
        let (frames, depth) = (self.flow.frames.len(), self.depth);
        let error = match self.call_at(slot, count, None) {
            Ok(()) => {
                let top = self.flow.top;
                self.flow.stack.truncate(top);
                return Ok(Ok(top - slot));
            }
            Err(Error::Thrown(error)) => error,
            Err(other) => return Err(other),
        };
        self.handlers += 1;
        let handled = handle(self, error);
        self.handlers -= 1;
        let error = match handled {
            Ok(error) => error,
            Err(Error::Thrown(_)) => {
                let message = self.throw_raw("error in error handling");
                let Error::Thrown(message) = message else { return Err(message) };
                message
            }
            Err(other) => return Err(other),
        };
        self.flow.frames.truncate(frames);
        self.close_upvalues(slot);
        self.flow.stack.truncate(slot);
        self.depth = depth;
        Ok(Err(error))
    }

    /// Begins a call of the function at `slot`. Its `count` arguments follow it.
    pub(super) fn begin_call(
        &mut self,
        slot: usize,
        count: usize,
        wanted: Option<u32>,
    ) -> Result<Called> {
        let mut count = count;
        let function = match self.flow.stack[slot] {
            Value::Function(function) => function,
            other => {
                let Some(function) = self.callable(other) else {
                    let register = self.register_of(slot);
                    return Err(self.operation_error(other, "call", register));
                };
                self.flow.stack.truncate(slot + 1 + count);
                self.flow.stack.insert(slot, function.into());
                self.spend(count as u64)?;
                count += 1;
                function
            }
        };
        match self.heap.function(function) {
            Function::Lua { prototype, .. } => {
                let prototype = Rc::clone(prototype);
                self.enter_function(prototype, slot, count, wanted)?;
                Ok(Called::Entered)
            }
            Function::Native { native, .. } => {
                let native = Rc::clone(&self.natives[*native as usize]);
                let base = slot + 1;
                self.flow.stack.truncate(base + count);
                self.push_frame(Frame {
                    function: slot,
                    base,
                    wanted,
                    pc: 0,
                    prototype: None,
                    tail_calls: 0,
                    is_entry: false,
                })?;
                let results = native(self, Args { base, len: count })?;
                self.finish_call(self.flow.stack.len() - results, results);
                Ok(Called::Returned)
            }
            Function::Free => unreachable!("a function is called that was freed"),
        }
    }

    /// The number of the running function's register in this slot.
    fn register_of(&self, slot: usize) -> Option<u32> {
        let frame = self.flow.frames.last()?;
        frame.prototype.as_ref()?;
        u32::try_from(slot.checked_sub(frame.base)?).ok()
    }

    fn push_frame(&mut self, frame: Frame) -> Result<()> {
        // Error handlers get as many calls again.
        let limit = if self.handlers == 0 { FRAMES_MAX } else { 2 * FRAMES_MAX };
        if self.flow.frames.len() >= limit {
            return Err(self.runtime_error("stack overflow"));
        }
        self.flow.frames.push(frame);
        Ok(())
    }

    /// Lays out the registers of a Lua function.
    fn enter_function(
        &mut self,
        prototype: Rc<Prototype>,
        slot: usize,
        count: usize,
        wanted: Option<u32>,
    ) -> Result<()> {
        let parameters = prototype.parameters as usize;
        let mut base = slot + 1;
        let size = prototype.stack_size as usize;
        if prototype.variadic.is_variadic || prototype.variadic.has_arg {
            base = self.lay_out_variadic(&prototype, base, count)?;
        }
        self.grow_stack(base + size)?;
        if base == slot + 1 {
            for missing in count..parameters {
                self.flow.stack[base + missing] = Value::Nil;
            }
        }
        self.push_frame(Frame {
            function: slot,
            base,
            wanted,
            pc: 0,
            prototype: Some(prototype),
            tail_calls: 0,
            is_entry: false,
        })
    }

    /// Moves the parameters after all arguments, so that the extra arguments come before the
    /// registers.
    fn lay_out_variadic(
        &mut self,
        prototype: &Prototype,
        first: usize,
        count: usize,
    ) -> Result<usize> {
        let parameters = prototype.parameters as usize;
        self.spend((count / 8) as u64)?;
        let mut count = count;
        self.flow.stack.truncate(first + count);
        while count < parameters {
            self.flow.stack.push(Value::Nil);
            count += 1;
        }
        let base = first + count;
        let arg = if prototype.variadic.needs_arg {
            let extra = count - parameters;
            let table = self.new_table(extra, 1)?;
            for index in 0..extra {
                let value = self.flow.stack[first + parameters + index];
                self.set_element(table, index + 1, value)?;
            }
            self.set_field(table, "n", Value::Number(extra as f64))?;
            Some(table)
        } else {
            None
        };
        for parameter in 0..parameters {
            let value = std::mem::take(&mut self.flow.stack[first + parameter]);
            self.flow.stack.push(value);
        }
        if let Some(table) = arg {
            self.flow.stack.push(table.into());
        }
        Ok(base)
    }

    /// Makes the stack at least this long.
    #[inline]
    pub(super) fn grow_stack(&mut self, len: usize) -> Result<()> {
        if self.flow.stack.len() < len {
            self.flow.stack.resize(len, Value::Nil);
        }
        self.count_stack()
    }

    /// Accounts for the stack's memory if the stack is longer than ever before.
    #[inline]
    pub(super) fn count_stack(&mut self) -> Result<()> {
        let len = self.flow.stack.len();
        if len <= self.flow.accounted_slots {
            return Ok(());
        }
        let more = len - self.flow.accounted_slots;
        self.flow.accounted_slots = len;
        self.account(16 * more)
    }

    /// Drops the slots from `len` on, which are no longer used.
    pub(super) fn shrink_stack(&mut self, len: usize) {
        self.flow.stack.truncate(len);
        self.flow.stack.shrink_to(2 * len);
        let less = self.flow.accounted_slots.saturating_sub(len);
        self.flow.accounted_slots -= less;
        self.heap.discount(16 * less);
    }

    /// Ends the innermost call, whose `count` results begin at `first`.
    #[inline]
    pub(super) fn finish_call(&mut self, first: usize, count: usize) {
        let Some(frame) = self.flow.frames.pop() else { return };
        let to = frame.function;
        self.work((count / 16) as u64);
        match frame.wanted {
            Some(1) => {
                self.flow.stack[to] = if count == 0 { Value::Nil } else { self.flow.stack[first] };
            }
            Some(wanted) => {
                let wanted = wanted as usize;
                let kept = count.min(wanted);
                self.flow.stack.copy_within(first..first + kept, to);
                if to + wanted > self.flow.stack.len() {
                    self.flow.stack.resize(to + wanted, Value::Nil);
                }
                self.flow.stack[to + kept..to + wanted].fill(Value::Nil);
            }
            None => {
                self.flow.stack.copy_within(first..first + count, to);
                self.flow.top = to + count;
            }
        }
    }
}
