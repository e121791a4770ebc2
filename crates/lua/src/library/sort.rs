//! `table.sort`: the quicksort of Lua 5.1. A script can observe the comparisons, so they are the
//! same and come in the same order.

use super::{get_at, int_length, set_at};
use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::value::{TableRef, Value};

/// What a comparison costs in units, besides the cost of a comparison function.
const COMPARISON: u64 = 2;

/// `table.sort(t [, before])`
pub(super) fn sort(lua: &mut Lua, args: Args) -> Result<usize> {
    let table = lua.check_table(args, 1)?;
    let length = int_length(lua, table);
    let before = match lua.arg(args, 2) {
        Value::Nil => None,
        _ => Some(lua.check_function(args, 2)?.into()),
    };
    Sort { table, before }.range(lua, 1, length)?;
    Ok(0)
}

/// The table to sort, and the comparison function.
///
/// Elements that are needed after a comparison are on the stack during it: the comparison function
/// may remove them from the table.
struct Sort {
    table: TableRef,
    before: Option<Value>,
}

impl Sort {
    /// Sorts the elements from `low` to `high`.
    fn range(&self, lua: &mut Lua, low: i32, high: i32) -> Result<()> {
        let (mut low, mut high) = (low, high);
        while low < high {
            self.order(lua, low, high)?;
            if high - low == 1 {
                break;
            }
            let middle = low.wrapping_add(high) / 2;
            if !self.order(lua, low, middle)? {
                self.order(lua, middle, high)?;
            }
            if high - low == 2 {
                break;
            }
            let pivot = get_at(lua, self.table, middle);
            let last = get_at(lua, self.table, high - 1);
            self.set_two(lua, middle, last, high - 1, pivot)?;
            lua.push(pivot)?;
            let border = self.partition(lua, low, high, pivot)?;
            lua.pop();
            // The loop continues with the larger part, so the recursion stays shallow.
            if border - low < high - border {
                self.range(lua, low, border - 1)?;
                low = border + 1;
            } else {
                self.range(lua, border + 1, high)?;
                high = border - 1;
            }
        }
        Ok(())
    }

    /// Swaps the elements at `low` and `high` if they are in the wrong order. Returns whether they
    /// were.
    fn order(&self, lua: &mut Lua, low: i32, high: i32) -> Result<bool> {
        let (first, last) = (get_at(lua, self.table, low), get_at(lua, self.table, high));
        lua.push_all(&[first, last])?;
        let is_wrong = self.is_before(lua, last, first)?;
        if is_wrong {
            self.set_two(lua, low, last, high, first)?;
        }
        lua.pop();
        lua.pop();
        Ok(is_wrong)
    }

    /// Partitions the range around the pivot, which is at `high - 1`. Returns the pivot's new
    /// place.
    fn partition(&self, lua: &mut Lua, low: i32, high: i32, pivot: Value) -> Result<i32> {
        let (mut left, mut right) = (low, high - 1);
        loop {
            let left_value = loop {
                left += 1;
                let value = get_at(lua, self.table, left);
                lua.push(value)?;
                if !self.is_before(lua, value, pivot)? {
                    break value;
                }
                if left > high {
                    return Err(lua.throw("invalid order function for sorting"));
                }
                lua.pop();
            };
            let right_value = loop {
                right -= 1;
                let value = get_at(lua, self.table, right);
                lua.push(value)?;
                if !self.is_before(lua, pivot, value)? {
                    break value;
                }
                if right < low {
                    return Err(lua.throw("invalid order function for sorting"));
                }
                lua.pop();
            };
            if right >= left {
                self.set_two(lua, left, right_value, right, left_value)?;
            }
            lua.pop();
            lua.pop();
            if right < left {
                break;
            }
        }
        let (last, value) = (get_at(lua, self.table, high - 1), get_at(lua, self.table, left));
        self.set_two(lua, high - 1, value, left, last)?;
        Ok(left)
    }

    fn is_before(&self, lua: &mut Lua, one: Value, other: Value) -> Result<bool> {
        lua.spend(COMPARISON)?;
        match self.before {
            Some(before) => Ok(!lua.call_for_one(before, &[one, other])?.is_falsy()),
            None => lua.less(one, other),
        }
    }

    fn set_two(
        &self,
        lua: &mut Lua,
        one: i32,
        value: Value,
        other: i32,
        other_value: Value,
    ) -> Result<()> {
        set_at(lua, self.table, one, value)?;
        set_at(lua, self.table, other, other_value)
    }
}
