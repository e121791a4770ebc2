//! Results that grow while they are built.
//!
//! The bytes of a [`Buffer`] are outside the heap. Past a small size, the buffer
//! [reserves](Lua::reserve) memory for them. [`Buffer::fill`] ends the reservation, whether the
//! work succeeds or not.

use super::SMALL;
use crate::error::Result;
use crate::machine::Lua;
use crate::value::StringRef;

/// A string that grows while it is built, outside the heap.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// How many bytes of memory are reserved.
    reserved: usize,
}

impl Buffer {
    /// Makes a string of what `write` adds to a buffer.
    ///
    /// # Errors
    /// Those of `write`, and if the script's means are used up.
    pub fn fill(
        lua: &mut Lua,
        write: impl FnOnce(&mut Lua, &mut Buffer) -> Result<()>,
    ) -> Result<StringRef> {
        let mut buffer = Buffer::default();
        let written = write(lua, &mut buffer);
        lua.release(buffer.reserved);
        written?;
        let mut bytes = buffer.bytes;
        if bytes.capacity() > 2 * SMALL {
            // Nothing accounts for the capacity beyond the end.
            bytes.shrink_to_fit();
        }
        lua.string(bytes)
    }

    /// Adds bytes at the end. May collect garbage: what is needed afterwards must be on the stack.
    ///
    /// Growing costs units. The caller charges for reading `bytes` if a script can choose their
    /// number.
    ///
    /// # Errors
    /// If the script's means are used up.
    #[inline]
    pub fn add(&mut self, lua: &mut Lua, bytes: &[u8]) -> Result<()> {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            self.grow(lua, bytes.len())?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Adds zeros at the end.
    ///
    /// # Errors
    /// As [`Buffer::add`].
    pub fn add_zeros(&mut self, lua: &mut Lua, count: usize) -> Result<()> {
        if self.bytes.capacity() - self.bytes.len() < count {
            self.grow(lua, count)?;
        }
        self.bytes.resize(self.bytes.len() + count, 0);
        Ok(())
    }

    /// How many bytes have been added.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has been added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[cold]
    fn grow(&mut self, lua: &mut Lua, more: usize) -> Result<()> {
        let needed = self.bytes.len().saturating_add(more);
        let capacity = needed.max(2 * self.bytes.capacity()).max(64);
        if capacity > SMALL {
            // The old reservation stays until here: both copies exist while the bytes are moved.
            lua.reserve(capacity)?;
            lua.release(self.reserved);
            self.reserved = capacity;
        }
        lua.spend_bytes(self.bytes.len())?;
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }
}
