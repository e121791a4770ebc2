//! The formats of `struct`.

use lua::{Args, Lua, Result, Value, number};

use crate::Blob;

/// The widest integer, in bytes.
pub(super) const INTEGER_MAX: usize = 32;
/// The alignment of `!` without a number.
const ALIGNMENT: usize = 8;

/// A format, read option by option.
pub(super) struct Format {
    options: Blob,
    /// The end of the format: its length, or its first zero byte.
    end: usize,
    at: usize,
    big_endian: bool,
    alignment: usize,
}

impl Format {
    pub(super) fn new(options: Blob) -> Format {
        let end = memchr::memchr(0, &options).unwrap_or(options.len());
        Format { options, end, at: 0, big_endian: false, alignment: 1 }
    }

    /// The next option and its size in bytes.
    pub(super) fn next(&mut self, lua: &mut Lua) -> Result<Option<(u8, usize)>> {
        if self.at == self.end {
            return Ok(None);
        }
        let option = self.options[self.at];
        self.at += 1;
        let size = match option {
            b'b' | b'B' | b'x' => 1,
            b'h' | b'H' => 2,
            b'f' => 4,
            b'l' | b'L' | b'T' | b'd' => 8,
            b'c' => self.count(lua, 1)?,
            b'i' | b'I' => {
                let size = self.count(lua, 4)?;
                if size > INTEGER_MAX {
                    let problem =
                        format!("integral size {size} is larger than limit of {INTEGER_MAX}");
                    return Err(lua.throw(problem));
                }
                size
            }
            _ => 0,
        };
        Ok(Some((option, size)))
    }

    /// Reads the number after an option.
    fn count(&mut self, lua: &mut Lua, default: usize) -> Result<usize> {
        let rest = &self.options[self.at..self.end];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(default);
        }
        let number = rest[..digits].iter().try_fold(0_i32, |number, digit| {
            number.checked_mul(10)?.checked_add(i32::from(digit - b'0'))
        });
        lua.spend_bytes(digits)?;
        self.at += digits;
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(number),
            None => Err(lua.throw("integral size overflow")),
        }
    }

    /// Handles an option without a value: byte order, alignment, or a blank.
    pub(super) fn control(&mut self, lua: &mut Lua, args: Args, option: u8) -> Result<()> {
        match option {
            b' ' => {}
            b'<' => self.big_endian = false,
            b'>' => self.big_endian = true,
            b'!' => {
                let alignment = self.count(lua, ALIGNMENT)?;
                if !alignment.is_power_of_two() {
                    let problem = format!("alignment {alignment} is not a power of 2");
                    return Err(lua.throw(problem));
                }
                self.alignment = alignment;
            }
            _ => {
                let problem = format!("invalid format option '{}'", char::from(option));
                return Err(lua.arg_error(args, 1, &problem));
            }
        }
        Ok(())
    }

    /// The number of zeros before an option of this size.
    pub(super) fn padding(&self, at: usize, option: u8, size: usize) -> usize {
        if size == 0 || option == b'c' {
            return 0;
        }
        let mask = size.min(self.alignment) - 1;
        (mask + 1).wrapping_sub(at & mask) & mask
    }

    /// Converts between little-endian order and the order of the format.
    pub(super) fn ordered<'a>(&self, bytes: &'a mut [u8]) -> &'a [u8] {
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    /// The bytes of a number in little-endian order.
    pub(super) fn little<const LEN: usize>(&self, bytes: &[u8]) -> [u8; LEN] {
        let mut number = [0; LEN];
        number.copy_from_slice(bytes);
        self.ordered(&mut number);
        number
    }

    /// Converts to a number. Only the low 64 bits of a wide integer are used.
    pub(super) fn integer(&self, bytes: &[u8], is_signed: bool) -> Value {
        let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let value = match self.big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        };
        if !is_signed {
            return Value::Number(number::from_unsigned(value));
        }
        let bits = u32::try_from(bytes.len()).unwrap_or(8).wrapping_mul(8);
        let mask = u64::MAX.wrapping_shl(bits.wrapping_sub(1));
        let value = if value & mask == 0 { value } else { value | mask };
        Value::Number(number::from_integer(value.cast_signed()))
    }
}
