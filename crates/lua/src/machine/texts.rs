//! Strings and numbers, for functions written in Rust.

use blob::Blob;

use super::Lua;
use crate::error::{End, Error, Result};
use crate::metamethod::Metamethod;
use crate::number;
use crate::value::{FunctionRef, StringRef, TableRef, ThreadRef, Value};

impl Lua {
    /// A new string.
    ///
    /// # Errors
    /// If memory is used up.
    #[inline]
    pub fn string(&mut self, bytes: impl Into<Blob>) -> Result<StringRef> {
        let bytes = bytes.into();
        self.meter.spend_bytes(bytes.len())?;
        match self.heap.new_string(bytes) {
            Err(_) => Err(self.end(End::OutOfMemory)),
            string => string,
        }
    }

    /// A string's bytes.
    #[inline]
    #[must_use]
    pub fn bytes(&self, string: StringRef) -> &Blob {
        self.heap.strings.bytes(string)
    }

    /// Converts a number or a string to a number, if the string has the form of one.
    #[inline]
    #[must_use]
    pub fn to_number(&self, value: Value) -> Option<f64> {
        match value {
            Value::Number(number) => Some(number),
            Value::String(string) => {
                let text = self.bytes(string);
                self.work((text.len() / 16) as u64);
                number::parse(text)
            }
            _ => None,
        }
    }

    /// Converts a string or a number to bytes. `None` for other values.
    #[must_use]
    pub fn to_bytes(&self, value: Value) -> Option<Blob> {
        match value {
            Value::String(string) => Some(self.bytes(string).clone()),
            Value::Number(number) => Some(number::text(number)),
            _ => None,
        }
    }

    /// Converts a value to a string, as `tostring` does.
    ///
    /// # Errors
    /// If `__tostring` raises an error.
    pub fn text_of(&mut self, value: Value) -> Result<Value> {
        let metamethod = self.metamethod(value, Metamethod::ToString);
        if !metamethod.is_nil() {
            return self.call_for_one(metamethod, &[value]);
        }
        let text = match value {
            Value::String(_) => return Ok(value),
            Value::Number(number) => number::text(number),
            Value::Boolean(true) => Blob::from_static("true"),
            Value::Boolean(false) => Blob::from_static("false"),
            Value::Nil => Blob::from_static("nil"),
            Value::Null => Blob::from_static("userdata: (nil)"),
            Value::Table(TableRef(place))
            | Value::Function(FunctionRef(place))
            | Value::Thread(ThreadRef(place)) => {
                Blob::format(format_args!("{}: 0x{:012x}", value.type_name(), u64::from(place) + 1))
            }
        };
        Ok(self.string(text)?.into())
    }

    /// Whether two values are the same, without metamethods.
    #[must_use]
    pub fn raw_equal(&self, one: Value, other: Value) -> bool {
        self.heap.strings.values_equal(one, other)
    }

    /// A value's metamethod for an event, or nil.
    #[inline]
    pub(crate) fn metamethod(&mut self, value: Value, event: Metamethod) -> Value {
        let metatable = match value {
            Value::Table(table) => self.heap.table(table).metatable,
            Value::String(_) => self.string_metatable,
            _ => None,
        };
        metatable.map_or(Value::Nil, |metatable| self.metamethod_in(metatable, event))
    }

    /// A metatable's metamethod for an event, or nil.
    #[inline]
    pub(crate) fn metamethod_in(&mut self, metatable: TableRef, event: Metamethod) -> Value {
        let name = self.metamethods[event as usize];
        let Some(bit) = event.bit() else {
            return self.heap.get(metatable, name.into());
        };
        if self.heap.table(metatable).absent & bit != 0 {
            return Value::Nil;
        }
        let found = self.heap.get(metatable, name.into());
        if found.is_nil() {
            self.heap.table_mut(metatable).absent |= bit;
        }
        found
    }

    /// Ends the run if the heap's error says so.
    pub(super) fn ended(&mut self, error: Error) -> Error {
        match error {
            Error::Ended(end) => self.end(end),
            other => other,
        }
    }
}
