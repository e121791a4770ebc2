//! Results that grow while they are built.
//!
//! A buffer lives outside the heap, where its bytes count as nobody's. Before it grows past a small
//! size, the machine is asked for room. Before a function is called that may use memory itself,
//! what the buffer holds is [parked](Buffer::park): it becomes a string on the stack, which counts
//! and which the collector sees. If an error ends the work, the string goes with the stack.

use blob::Blob;

use super::{SMALL, room_for};
use crate::error::Result;
use crate::machine::Lua;
use crate::value::{StringRef, Value};

/// A string to be.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// So many strings on top of the stack come before `bytes`.
    parked: usize,
}

impl Buffer {
    /// Adds these bytes. May collect garbage.
    #[inline]
    pub(super) fn add(&mut self, lua: &mut Lua, bytes: &[u8]) -> Result<()> {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            self.grow(lua, bytes.len())?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes care that nothing large is uncounted. The strings stay on top of the stack until
    /// [`Buffer::finish`]: what is pushed later has to be popped before that.
    pub(super) fn park(&mut self, lua: &mut Lua) -> Result<()> {
        if self.bytes.len() > SMALL {
            lua.make_room(self.bytes.len())?;
            let piece = lua.string(std::mem::take(&mut self.bytes))?;
            lua.push(piece.into())?;
            self.parked += 1;
        }
        Ok(())
    }

    /// The string.
    pub(super) fn finish(self, lua: &mut Lua) -> Result<StringRef> {
        if self.parked == 0 {
            room_for(lua, self.bytes.len())?;
            let mut bytes = self.bytes;
            if bytes.capacity() > 2 * SMALL {
                // What is reserved beyond the end would not be counted.
                bytes.shrink_to_fit();
            }
            return lua.string(bytes);
        }
        let mut pieces: Vec<Value> = (0..self.parked).map(|_| lua.pop()).collect();
        pieces.reverse();
        let pieces: Vec<Blob> =
            pieces.into_iter().filter_map(|piece| lua.to_bytes(piece)).collect();
        let len = pieces.iter().map(|piece| piece.len()).sum::<usize>() + self.bytes.len();
        lua.spend_bytes(len)?;
        // Popped or not, the pieces are still there while the whole is made.
        lua.make_room(2 * len)?;
        let mut whole = Vec::with_capacity(len);
        pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
        whole.extend_from_slice(&self.bytes);
        lua.string(whole)
    }

    #[cold]
    fn grow(&mut self, lua: &mut Lua, more: usize) -> Result<()> {
        let needed = self.bytes.len().saturating_add(more);
        let capacity = needed.max(2 * self.bytes.capacity()).max(64);
        // While the bytes are moved they are there twice.
        room_for(lua, capacity.saturating_add(self.bytes.len()))?;
        lua.spend_bytes(self.bytes.len())?;
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }
}
