//! Arithmetic on numbers, on strings that can be read as numbers, and by metamethods.

use super::Lua;
use crate::error::Result;
use crate::metamethod::Metamethod;
use crate::value::Value;

/// The result of an operation on two numbers.
#[inline]
pub(super) fn compute(event: Metamethod, one: f64, other: f64) -> f64 {
    match event {
        Metamethod::Add => one + other,
        Metamethod::Sub => one - other,
        Metamethod::Mul => one * other,
        Metamethod::Div => one / other,
        Metamethod::Mod => one - floor(one / other) * other,
        Metamethod::Pow => one.powf(other),
        Metamethod::Negate => -one,
        other => unreachable!("{other:?} is no arithmetic"),
    }
}

/// Rounds down. It needs no call into C for most numbers.
#[inline]
fn floor(number: f64) -> f64 {
    /// Numbers beyond this have no fraction.
    const EXACT: f64 = 4_503_599_627_370_496.0;
    if number == 0.0 || number.is_nan() || number.abs() >= EXACT {
        return number.floor();
    }
    let cut = number as i64 as f64;
    if cut > number { cut - 1.0 } else { cut }
}

impl Lua {
    /// The result of an operation on two values that are not both numbers. `registers` holds their
    /// places, for error messages.
    #[cold]
    pub(super) fn arithmetic(
        &mut self,
        event: Metamethod,
        operands: [Value; 2],
        registers: [Option<u32>; 2],
    ) -> Result<Value> {
        let [one, other] = operands;
        for text in operands {
            if let Value::String(text) = text {
                let len = self.bytes(text).len();
                self.spend_bytes(4 * len)?;
            }
        }
        if let (Some(one), Some(other)) = (self.to_number(one), self.to_number(other)) {
            return Ok(Value::Number(compute(event, one, other)));
        }
        let mut handler = self.metamethod(one, event);
        if handler.is_nil() {
            handler = self.metamethod(other, event);
        }
        if handler.is_nil() {
            let culprit = usize::from(self.to_number(one).is_some());
            let operation = "perform arithmetic on";
            return Err(self.operation_error(operands[culprit], operation, registers[culprit]));
        }
        self.call_for_one(handler, &[one, other])
    }
}
