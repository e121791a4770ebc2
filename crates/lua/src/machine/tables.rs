//! Tables, for functions written in Rust. None of these methods calls metamethods.

use blob::Blob;

use super::Lua;
use crate::error::{Error, Result};
use crate::table::BadKey;
use crate::value::{TableRef, Value};

impl Lua {
    /// A new table with room for `elements` and `fields`.
    ///
    /// # Errors
    /// If memory is used up. All methods that may grow a table fail for the same reason.
    pub fn new_table(&mut self, elements: usize, fields: usize) -> Result<TableRef> {
        self.spend((elements / 4).saturating_add(fields) as u64)?;
        match self.heap.new_table(elements, fields) {
            Err(Error::Ended(end)) => Err(self.end(end)),
            table => table,
        }
    }

    /// The value in a table at a key.
    #[inline]
    #[must_use]
    pub fn raw_get(&self, table: TableRef, key: Value) -> Value {
        self.heap.get(table, key)
    }

    /// Sets the value in a table at a key, whether it is read-only or not.
    ///
    /// # Errors
    /// If the key is nil or NaN.
    #[inline]
    pub fn raw_set(&mut self, table: TableRef, key: Value, value: Value) -> Result<()> {
        match self.heap.set(table, key, value) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(BadKey::Nil)) => Err(self.runtime_error("table index is nil")),
            Ok(Err(BadKey::NaN)) => Err(self.runtime_error("table index is NaN")),
            Err(Error::Ended(end)) => Err(self.end(end)),
            Err(other) => Err(other),
        }
    }

    /// The element at an index. Indexes begin at 1.
    #[inline]
    #[must_use]
    pub fn element(&self, table: TableRef, index: usize) -> Value {
        self.heap.table(table).get_element(&self.heap.strings, index)
    }

    /// Sets the element at an index. Indexes begin at 1.
    ///
    /// # Errors
    /// If memory is used up.
    #[inline]
    pub fn set_element(&mut self, table: TableRef, index: usize, value: Value) -> Result<()> {
        match self.heap.set_element(table, index, value) {
            Err(Error::Ended(end)) => Err(self.end(end)),
            done => done,
        }
    }

    /// Sets the value of a field.
    ///
    /// # Errors
    /// If memory is used up.
    pub fn set_field(&mut self, table: TableRef, name: &str, value: Value) -> Result<()> {
        let key = self.string(Blob::from(name))?;
        self.raw_set(table, key.into(), value)
    }

    /// The length of a table: the border that `#` finds.
    #[inline]
    #[must_use]
    pub fn length(&self, table: TableRef) -> usize {
        self.heap.table(table).length(&self.heap.strings)
    }

    /// The entry after `key` in iteration order. The first entry comes after nil.
    ///
    /// # Errors
    /// If the table has no such key.
    pub fn next(&mut self, table: TableRef, key: Value) -> Result<Option<(Value, Value)>> {
        let next = self.heap.table(table).next(&self.heap.strings, key);
        self.spend(0)?;
        next.map_err(|_| self.runtime_error("invalid key to 'next'"))
    }

    /// The metatable of a table.
    #[must_use]
    pub fn metatable(&self, table: TableRef) -> Option<TableRef> {
        self.heap.table(table).metatable
    }

    /// Sets or removes the metatable of a table.
    pub fn set_metatable(&mut self, table: TableRef, metatable: Option<TableRef>) {
        self.heap.table_mut(table).metatable = metatable;
    }

    /// Whether a table is read-only: scripts cannot change it.
    #[must_use]
    pub fn is_read_only(&self, table: TableRef) -> bool {
        self.heap.table(table).is_read_only
    }

    /// Makes a table read-only: from now on, scripts cannot change it.
    pub fn make_read_only(&mut self, table: TableRef) {
        self.heap.table_mut(table).is_read_only = true;
    }
}
