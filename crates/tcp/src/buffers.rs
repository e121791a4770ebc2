//! Buffers to read into.

use std::cell::RefCell;

/// Buffers that nobody reads into at the moment. Most connections wait most of the time and need
/// none.
#[derive(Default)]
pub struct Buffers(RefCell<Vec<Box<[u8]>>>);

impl Buffers {
    /// How much is read at a time, in bytes.
    const LEN: usize = 16 << 10;

    /// More than this were only needed for a moment.
    const SPARE_MAX: usize = 16;

    /// One to read into.
    #[must_use]
    pub fn take(&self) -> Box<[u8]> {
        let spare = self.0.borrow_mut().pop();
        spare.unwrap_or_else(|| vec![0; Buffers::LEN].into_boxed_slice())
    }

    /// It is needed no longer.
    pub fn give_back(&self, buffer: Box<[u8]>) {
        let mut buffers = self.0.borrow_mut();
        if buffers.len() < Buffers::SPARE_MAX {
            buffers.push(buffer);
        }
    }
}
