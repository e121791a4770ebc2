//! The arguments of functions written in Rust. They are checked and converted as Lua's functions in
//! C do it, errors included.

use blob::Blob;

use super::Lua;
use crate::error::{Error, Result};
use crate::heap::Function;
use crate::number;
use crate::value::{FunctionRef, StringRef, TableRef, Value};

/// The place of a call's arguments. The first argument has number 1, as in error messages.
#[derive(Clone, Copy, Debug)]
pub struct Args {
    pub(super) base: usize,
    pub(super) len: usize,
}

impl Args {
    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl Lua {
    /// The argument with this number, or nil if there are fewer.
    #[inline]
    #[must_use]
    pub fn arg(&self, args: Args, number: usize) -> Value {
        if number > args.len { Value::Nil } else { self.flow.stack[args.base + number - 1] }
    }

    /// Replaces an argument by another value, which the collector then keeps.
    pub fn set_arg(&mut self, args: Args, number: usize, value: Value) {
        if number <= args.len {
            self.flow.stack[args.base + number - 1] = value;
        }
    }

    /// All arguments from number `first` on.
    #[must_use]
    pub fn args_from(&self, args: Args, number: usize) -> &[Value] {
        &self.flow.stack[args.base..args.base + args.len][args.len.min(number - 1)..]
    }

    /// One of the running function's own values.
    #[must_use]
    pub fn upvalue(&self, args: Args, index: usize) -> Value {
        match self.heap.function(self.running(args)) {
            Function::Native { upvalues, .. } => upvalues.get(index).copied().unwrap_or_default(),
            Function::Lua { .. } | Function::Free => Value::Nil,
        }
    }

    /// Sets one of the running function's own values.
    pub fn set_upvalue(&mut self, args: Args, index: usize, value: Value) {
        let running = self.running(args);
        if let Function::Native { upvalues, .. } = self.heap.function_mut(running)
            && let Some(upvalue) = upvalues.get_mut(index)
        {
            *upvalue = value;
        }
    }

    fn running(&self, args: Args) -> FunctionRef {
        match self.flow.stack[args.base - 1] {
            Value::Function(function) => function,
            other => unreachable!("a {} is running", other.type_name()),
        }
    }

    /// Adds a result. Returns 1, for a function that has only this one.
    ///
    /// # Errors
    /// If memory is used up.
    #[inline]
    pub fn push(&mut self, value: Value) -> Result<usize> {
        self.flow.stack.push(value);
        self.count_stack()?;
        Ok(1)
    }

    /// Adds these results. Returns their number.
    ///
    /// # Errors
    /// As [`Lua::push`].
    pub fn push_all(&mut self, values: &[Value]) -> Result<usize> {
        self.flow.stack.extend_from_slice(values);
        self.count_stack()?;
        Ok(values.len())
    }

    /// Removes and returns the value that was pushed last.
    pub fn pop(&mut self) -> Value {
        self.flow.stack.pop().unwrap_or_default()
    }

    /// An argument that is a string. A number is converted.
    ///
    /// # Errors
    /// If it is neither: `bad argument #1 to 'f' (string expected, got nil)`. The methods below
    /// raise the same error for other types.
    pub fn check_string(&mut self, args: Args, number: usize) -> Result<StringRef> {
        match self.arg(args, number) {
            Value::String(string) => Ok(string),
            Value::Number(value) => {
                self.spend(number::text_cost(value))?;
                let string = self.string(number::text(value))?;
                self.set_arg(args, number, string.into());
                Ok(string)
            }
            _ => Err(self.type_error(args, number, "string")),
        }
    }

    /// The bytes of [`Lua::check_string`].
    ///
    /// # Errors
    /// If it has another type.
    pub fn check_bytes(&mut self, args: Args, number: usize) -> Result<Blob> {
        match self.arg(args, number) {
            Value::String(string) => Ok(self.bytes(string).clone()),
            Value::Number(value) => {
                self.spend(number::text_cost(value))?;
                Ok(number::text(value))
            }
            _ => Err(self.type_error(args, number, "string")),
        }
    }

    /// An argument that is a number. A string is converted, if it has the form of a number.
    ///
    /// # Errors
    /// If it is not a number.
    pub fn check_number(&mut self, args: Args, number: usize) -> Result<f64> {
        match self.to_number(self.arg(args, number)) {
            Some(value) => Ok(value),
            None => Err(self.type_error(args, number, "number")),
        }
    }

    /// An argument that is a number, truncated to an integer.
    ///
    /// # Errors
    /// If it is not a number.
    pub fn check_integer(&mut self, args: Args, number: usize) -> Result<i64> {
        Ok(number::truncate(self.check_number(args, number)?))
    }

    /// As [`Lua::check_integer`], or the default if the argument is missing or nil.
    ///
    /// # Errors
    /// If it is neither missing nor a number.
    pub fn integer_or(&mut self, args: Args, number: usize, default: i64) -> Result<i64> {
        if self.arg(args, number).is_nil() { Ok(default) } else { self.check_integer(args, number) }
    }

    /// An argument that is a table.
    ///
    /// # Errors
    /// If it has another type.
    pub fn check_table(&mut self, args: Args, number: usize) -> Result<TableRef> {
        match self.arg(args, number) {
            Value::Table(table) => Ok(table),
            _ => Err(self.type_error(args, number, "table")),
        }
    }

    /// An argument that is a function.
    ///
    /// # Errors
    /// If it has another type.
    pub fn check_function(&mut self, args: Args, number: usize) -> Result<FunctionRef> {
        match self.arg(args, number) {
            Value::Function(function) => Ok(function),
            _ => Err(self.type_error(args, number, "function")),
        }
    }

    /// An argument of any type, which must be present.
    ///
    /// # Errors
    /// If it is missing.
    pub fn check_any(&mut self, args: Args, number: usize) -> Result<Value> {
        if number > args.len {
            return Err(self.arg_error(args, number, "value expected"));
        }
        Ok(self.arg(args, number))
    }

    /// `bad argument #1 to 'f' (table expected, got nil)`
    pub fn type_error(&mut self, args: Args, number: usize, expected: &str) -> Error {
        let got = if number > args.len { "no value" } else { self.arg(args, number).type_name() };
        self.arg_error(args, number, &format!("{expected} expected, got {got}"))
    }

    /// `bad argument #1 to 'f' (...)`
    pub fn arg_error(&mut self, _: Args, number: usize, problem: &str) -> Error {
        let (name, is_method) = self.called_name(0).unwrap_or((Blob::from_static("?"), false));
        // The object of a method is not counted.
        let is_self = is_method && number <= 1;
        let number = number - usize::from(is_method && !is_self);
        let mut message = match is_self {
            true => b"calling '".to_vec(),
            false => format!("bad argument #{number} to '").into_bytes(),
        };
        message.extend_from_slice(&name);
        message.extend_from_slice(if is_self { b"' on bad self (" } else { b"' (" });
        message.extend_from_slice(problem.as_bytes());
        message.push(b')');
        self.throw(message)
    }
}
