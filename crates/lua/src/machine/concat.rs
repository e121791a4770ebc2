//! Concatenation.

use super::Lua;
use crate::error::Result;
use crate::metamethod::Metamethod;
use crate::number;
use crate::value::Value;

/// The most bytes of a number's text.
const NUMBER_LEN: usize = 24;

impl Lua {
    /// Concatenates the registers `first..=last` from right to left. `base` is the slot of register
    /// 0. The result goes into register `first`.
    pub(super) fn concat(&mut self, base: usize, first: u32, last: u32) -> Result<()> {
        let slot = |register: u32| base + register as usize;
        let mut end = last;
        while end > first {
            let [one, other] = [end - 1, end].map(|register| self.flow.stack[slot(register)]);
            if !is_text(one) || !is_text(other) {
                let made = self.concat_by_metamethod([one, other], end - 1)?;
                self.flow.stack[slot(end - 1)] = made;
                end -= 1;
                continue;
            }
            let mut begin = end - 1;
            while begin > first && is_text(self.flow.stack[slot(begin - 1)]) {
                begin -= 1;
            }
            let joined = self.joined(slot(begin), slot(end))?;
            self.flow.stack[slot(begin)] = joined;
            end = begin;
        }
        Ok(())
    }

    /// The concatenation of the texts in the slots `begin..=end`.
    fn joined(&mut self, begin: usize, end: usize) -> Result<Value> {
        let (mut len, mut cost) = (0, 0);
        for value in &self.flow.stack[begin..=end] {
            match value {
                Value::String(text) => len += self.bytes(*text).len(),
                Value::Number(number) => {
                    len += NUMBER_LEN;
                    cost += number::text_cost(*number);
                }
                _ => {}
            }
        }
        self.spend(cost)?;
        self.make_room(len)?;
        let mut text = Vec::with_capacity(len);
        for value in &self.flow.stack[begin..=end] {
            match value {
                Value::String(string) => text.extend_from_slice(self.bytes(*string)),
                Value::Number(number) => text.extend_from_slice(&number::text(*number)),
                _ => {}
            }
        }
        Ok(self.string(text)?.into())
    }

    fn concat_by_metamethod(&mut self, operands: [Value; 2], register: u32) -> Result<Value> {
        let [one, other] = operands;
        let mut handler = self.metamethod(one, Metamethod::Concat);
        if handler.is_nil() {
            handler = self.metamethod(other, Metamethod::Concat);
        }
        if handler.is_nil() {
            let culprit = u32::from(is_text(one));
            let value = operands[culprit as usize];
            return Err(self.operation_error(value, "concatenate", Some(register + culprit)));
        }
        self.call_for_one(handler, &[one, other])
    }
}

const fn is_text(value: Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_))
}
