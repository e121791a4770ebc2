//! Comparison. Strings are compared byte by byte, as in C's locale "C".

use super::Lua;
use crate::error::Result;
use crate::metamethod::Metamethod;
use crate::value::Value;

impl Lua {
    /// Whether two values are equal. Two tables with the same `__eq` are compared by it.
    ///
    /// # Errors
    /// If the metamethod raises an error.
    #[inline]
    pub fn equal(&mut self, one: Value, other: Value) -> Result<bool> {
        if self.heap.strings.values_equal(one, other) {
            return Ok(true);
        }
        let (Value::Table(first), Value::Table(second)) = (one, other) else {
            return Ok(false);
        };
        let [Some(first), Some(second)] = [first, second].map(|table| self.metatable(table)) else {
            return Ok(false);
        };
        let handler = self.metamethod_in(first, Metamethod::Equal);
        if handler.is_nil() {
            return Ok(false);
        }
        let same = first == second || {
            let other = self.metamethod_in(second, Metamethod::Equal);
            self.raw_equal(handler, other)
        };
        Ok(same && !self.call_for_one(handler, &[one, other])?.is_falsy())
    }

    /// `one < other`
    ///
    /// # Errors
    /// If they cannot be compared.
    #[inline]
    pub fn less(&mut self, one: Value, other: Value) -> Result<bool> {
        match (one, other) {
            (Value::Number(one), Value::Number(other)) => Ok(one < other),
            (Value::String(one), Value::String(other)) => {
                let (one, other) = (self.bytes(one), self.bytes(other));
                let (less, len) = (one[..] < other[..], one.len().min(other.len()));
                self.spend_bytes(len)?;
                Ok(less)
            }
            _ => match self.ordered_by(Metamethod::Less, one, other)? {
                Some(less) => Ok(less),
                None => Err(self.order_error(one, other)),
            },
        }
    }

    /// `one <= other`
    ///
    /// # Errors
    /// If they cannot be compared.
    #[inline]
    pub fn less_or_equal(&mut self, one: Value, other: Value) -> Result<bool> {
        match (one, other) {
            (Value::Number(one), Value::Number(other)) => Ok(one <= other),
            (Value::String(one), Value::String(other)) => {
                let (one, other) = (self.bytes(one), self.bytes(other));
                let (less, len) = (one[..] <= other[..], one.len().min(other.len()));
                self.spend_bytes(len)?;
                Ok(less)
            }
            _ => {
                if let Some(less) = self.ordered_by(Metamethod::LessOrEqual, one, other)? {
                    return Ok(less);
                }
                match self.ordered_by(Metamethod::Less, other, one)? {
                    Some(greater) => Ok(!greater),
                    None => Err(self.order_error(one, other)),
                }
            }
        }
    }

    /// The result of the metamethod that both have in common, or `None`.
    fn ordered_by(&mut self, event: Metamethod, one: Value, other: Value) -> Result<Option<bool>> {
        if std::mem::discriminant(&one) != std::mem::discriminant(&other) {
            return Ok(None);
        }
        let handler = self.metamethod(one, event);
        if handler.is_nil() {
            return Ok(None);
        }
        let same = self.metamethod(other, event);
        if !self.raw_equal(handler, same) {
            return Ok(None);
        }
        Ok(Some(!self.call_for_one(handler, &[one, other])?.is_falsy()))
    }

    fn order_error(&mut self, one: Value, other: Value) -> crate::error::Error {
        let (one, other) = (one.type_name(), other.type_name());
        if one.as_bytes().get(2) == other.as_bytes().get(2) {
            return self.runtime_error(format!("attempt to compare two {one} values"));
        }
        self.runtime_error(format!("attempt to compare {one} with {other}"))
    }
}
