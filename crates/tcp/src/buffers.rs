//! Read buffers.

use std::cell::RefCell;

/// A pool of unused read buffers. Most connections are idle most of the time and need none.
#[derive(Default)]
pub struct Buffers(RefCell<Vec<Box<[u8]>>>);

impl Buffers {
    /// The size of a buffer in bytes.
    const LEN: usize = 16 << 10;

    /// The most unused buffers to keep.
    const SPARE_MAX: usize = 16;

    /// Takes a buffer out of the pool, or makes one.
    #[must_use]
    pub fn take(&self) -> Box<[u8]> {
        let spare = self.0.borrow_mut().pop();
        spare.unwrap_or_else(|| vec![0; Buffers::LEN].into_boxed_slice())
    }

    /// Returns a buffer to the pool.
    pub fn give_back(&self, buffer: Box<[u8]>) {
        let mut buffers = self.0.borrow_mut();
        if buffers.len() < Buffers::SPARE_MAX {
            buffers.push(buffer);
        }
    }
}
