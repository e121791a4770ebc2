//! Lua's values.
//!
//! A value is small and `Copy`. Larger data is in the heap, and the value holds its place there. A
//! reference is valid only during its own run, and only while a root reaches the object.

/// A value of Lua.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value {
    /// The absence of a value.
    #[default]
    Nil,
    /// True or false.
    Boolean(bool),
    /// A double: Lua 5.1 has no other numbers.
    Number(f64),
    /// A string of bytes.
    String(StringRef),
    /// A table.
    Table(TableRef),
    /// A function, written in Lua or in Rust.
    Function(FunctionRef),
    /// A coroutine.
    Thread(ThreadRef),
    /// C's null pointer as a light userdata. It represents JSON's `null`.
    Null,
}

/// A string's place in the heap. Two strings with the same bytes may have two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StringRef(pub(crate) u32);

/// A table's place in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableRef(pub(crate) u32);

/// A function's place in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionRef(pub(crate) u32);

/// A coroutine's place in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadRef(pub(crate) u32);

/// The place in the heap of a local variable that an inner function uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UpvalueRef(pub(crate) u32);

impl Value {
    /// The name of its type, as `type` gives it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Boolean(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Table(_) => "table",
            Value::Function(_) => "function",
            Value::Thread(_) => "thread",
            Value::Null => "userdata",
        }
    }

    /// Whether it counts as false. Only `nil` and `false` do.
    #[inline]
    #[must_use]
    pub const fn is_falsy(&self) -> bool {
        matches!(self, Value::Nil | Value::Boolean(false))
    }

    /// Whether it is `nil`.
    #[inline]
    #[must_use]
    pub const fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Boolean(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Number(value)
    }
}

impl From<TableRef> for Value {
    fn from(table: TableRef) -> Value {
        Value::Table(table)
    }
}

impl From<StringRef> for Value {
    fn from(string: StringRef) -> Value {
        Value::String(string)
    }
}

impl From<FunctionRef> for Value {
    fn from(function: FunctionRef) -> Value {
        Value::Function(function)
    }
}
