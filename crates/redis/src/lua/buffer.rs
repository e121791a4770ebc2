//! A text that grows outside of Lua's heap and counts as if it were in it.

use lua::{Lua, Result, StringRef};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// What has been accounted for.
    held: usize,
}

impl Buffer {
    /// The string that `write` writes.
    ///
    /// # Errors
    /// Those of `write`, and if the script's means are used up.
    pub(super) fn fill(
        lua: &mut Lua,
        write: impl FnOnce(&mut Lua, &mut Buffer) -> Result<()>,
    ) -> Result<StringRef> {
        let mut buffer = Buffer::default();
        let written = write(lua, &mut buffer);
        lua.let_go(buffer.held);
        written?;
        let mut bytes = buffer.bytes;
        if bytes.capacity() > 8 << 10 {
            // What is reserved beyond the end would not be counted.
            bytes.shrink_to_fit();
        }
        lua.string(bytes)
    }

    /// Adds bytes at the end. May collect garbage: what is needed afterwards must be on the stack.
    ///
    /// # Errors
    /// If the script's means are used up.
    #[inline]
    pub(super) fn add(&mut self, lua: &mut Lua, bytes: &[u8]) -> Result<()> {
        self.make_room(lua, bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Adds so many zeros.
    ///
    /// # Errors
    /// As [`Buffer::add`].
    pub(super) fn add_zeros(&mut self, lua: &mut Lua, count: usize) -> Result<()> {
        self.make_room(lua, count)?;
        self.bytes.resize(self.bytes.len() + count, 0);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A vector that grows doubles.
    #[inline]
    fn make_room(&mut self, lua: &mut Lua, bytes: usize) -> Result<()> {
        if self.held - self.bytes.len() < bytes {
            let more = self.held.max(bytes).max(64);
            lua.hold(more)?;
            self.held += more;
            self.bytes.reserve_exact(self.held - self.bytes.len());
        }
        lua.spend_bytes(bytes)
    }
}
