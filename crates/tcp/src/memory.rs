//! What all connections together may keep in memory.

use std::cell::Cell;
use std::rc::Rc;

/// How much of something is in use, of all that there is.
#[derive(Clone, Default)]
pub struct Ledger(Rc<Cell<usize>>);

/// What one connection takes of it; given back when that ends.
pub struct Share {
    ledger: Ledger,
    taken: usize,
}

impl Ledger {
    /// One connection's share, of nothing yet.
    #[must_use]
    pub fn share(&self) -> Share {
        Share { ledger: self.clone(), taken: 0 }
    }

    /// How much is in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.0.get()
    }
}

impl Share {
    /// From now on it is so much.
    pub fn set(&mut self, bytes: usize) {
        let others = self.ledger.0.get() - self.taken;
        self.ledger.0.set(others + bytes);
        self.taken = bytes;
    }

    /// How much it is.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// How much all have taken together.
    #[must_use]
    pub fn all(&self) -> usize {
        self.ledger.0.get()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}
