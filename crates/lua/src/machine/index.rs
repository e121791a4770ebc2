//! Indexing, with metamethods.

use super::Lua;
use crate::error::{Error, Result};
use crate::metamethod::Metamethod;
use crate::value::{FunctionRef, TableRef, Value};

/// How many metatables an index may go through. A longer chain is reported as a loop.
const CHAIN_MAX: usize = 100;

impl Lua {
    /// `object[key]`. `register` holds the object, for error messages.
    ///
    /// # Errors
    /// If the object cannot be indexed, or a metamethod fails.
    pub fn index(&mut self, object: Value, key: Value) -> Result<Value> {
        self.index_at(object, key, None)
    }

    pub(super) fn index_at(
        &mut self,
        object: Value,
        key: Value,
        register: Option<u32>,
    ) -> Result<Value> {
        let (mut object, mut register) = (object, register);
        for _ in 0..CHAIN_MAX {
            let handler = if let Value::Table(table) = object {
                let value = self.heap.get(table, key);
                if !value.is_nil() {
                    return Ok(value);
                }
                let Some(metatable) = self.heap.table(table).metatable else {
                    return Ok(Value::Nil);
                };
                let handler = self.metamethod_in(metatable, Metamethod::Index);
                if handler.is_nil() {
                    return Ok(Value::Nil);
                }
                handler
            } else {
                let handler = self.metamethod(object, Metamethod::Index);
                if handler.is_nil() {
                    return Err(self.operation_error(object, "index", register));
                }
                handler
            };
            if let Value::Function(_) = handler {
                return self.call_for_one(handler, &[object, key]);
            }
            (object, register) = (handler, None);
            self.spend(1)?;
        }
        Err(self.runtime_error("loop in gettable"))
    }

    /// `object[key] = value`
    ///
    /// # Errors
    /// As [`Lua::index`], or if the table is read-only.
    pub fn set_index(&mut self, object: Value, key: Value, value: Value) -> Result<()> {
        self.set_index_at(object, key, value, None)
    }

    pub(super) fn set_index_at(
        &mut self,
        object: Value,
        key: Value,
        value: Value,
        register: Option<u32>,
    ) -> Result<()> {
        let (mut object, mut register) = (object, register);
        for _ in 0..CHAIN_MAX {
            let handler = if let Value::Table(table) = object {
                match self.new_index_handler(table, key)? {
                    None => return self.raw_set(table, key, value),
                    Some(handler) => handler,
                }
            } else {
                let handler = self.metamethod(object, Metamethod::NewIndex);
                if handler.is_nil() {
                    return Err(self.operation_error(object, "index", register));
                }
                handler
            };
            if let Value::Function(_) = handler {
                self.call_for_none(handler, &[object, key, value])?;
                return Ok(());
            }
            (object, register) = (handler, None);
            self.spend(1)?;
        }
        Err(self.runtime_error("loop in settable"))
    }

    /// The handler that replaces setting a key, or `None` if the key is to be set.
    fn new_index_handler(&mut self, table: TableRef, key: Value) -> Result<Option<Value>> {
        let is_read_only = self.heap.table(table).is_read_only;
        let Some(metatable) = self.heap.table(table).metatable else {
            return if is_read_only { Err(self.read_only()) } else { Ok(None) };
        };
        if is_read_only {
            return Err(self.read_only());
        }
        if !self.heap.get(table, key).is_nil() {
            return Ok(None);
        }
        let handler = self.metamethod_in(metatable, Metamethod::NewIndex);
        Ok((!handler.is_nil()).then_some(handler))
    }

    /// The error of an attempt to change a read-only table.
    pub fn read_only(&mut self) -> Error {
        self.runtime_error("Attempt to modify a readonly table")
    }

    /// The function that a call of this value runs, or `None` if the value cannot be called.
    pub(super) fn callable(&mut self, value: Value) -> Option<FunctionRef> {
        match value {
            Value::Function(function) => Some(function),
            other => match self.metamethod(other, Metamethod::Call) {
                Value::Function(function) => Some(function),
                _ => None,
            },
        }
    }
}
