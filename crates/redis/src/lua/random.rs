//! The generator behind `math.random`: that of `drand48`, which gives the same on every machine.
//! Redis has its own for the same reason, and starts it anew for each script.

use std::cell::Cell;

use mlua::{Lua, Result};

use super::arguments::Arguments;
use super::{number, raise};

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const INCREMENT: u64 = 0xB;
const MASK: u64 = (1 << 48) - 1;

/// The 48 bits of its state.
#[derive(Debug, Default)]
pub(super) struct Random(Cell<u64>);

impl Random {
    pub(super) fn seed(&self, seed: i32) {
        self.0.set(u64::from(seed.cast_unsigned()) << 16 | 0x330E);
    }

    /// 31 bits.
    fn next(&self) -> u32 {
        let state = self.0.get().wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & MASK;
        self.0.set(state);
        (state >> 17) as u32
    }

    /// `math.random([m [, n]])`
    #[expect(clippy::float_arithmetic, reason = "Lua's numbers are doubles")]
    pub(super) fn random(&self, lua: &Lua, arguments: &Arguments) -> Result<f64> {
        let range = f64::from(i32::MAX);
        let fraction = f64::from(self.next() % i32::MAX.unsigned_abs()) / range;
        let empty = |number| raise::argument(lua, number, "interval is empty");
        match arguments.len() {
            0 => Ok(fraction),
            1 => {
                let high = number::c_int(arguments.integer(lua, 1)?);
                if high < 1 {
                    return Err(empty(1));
                }
                Ok((fraction * f64::from(high)).floor() + 1.0)
            }
            2 => {
                let (low, high) = (
                    number::c_int(arguments.integer(lua, 1)?),
                    number::c_int(arguments.integer(lua, 2)?),
                );
                if low > high {
                    return Err(empty(2));
                }
                let width = number::from_integer(i64::from(high.wrapping_sub(low).wrapping_add(1)));
                Ok((fraction * width).floor() + f64::from(low))
            }
            _ => Err(raise::text(lua, "wrong number of arguments")),
        }
    }
}
