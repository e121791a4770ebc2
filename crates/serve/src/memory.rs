//! What all connections together may keep in memory.

use std::cell::Cell;
use std::rc::Rc;

/// How much of something is in use, of all that there is.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Rc<Cell<usize>>);

/// What one connection takes of it; given back when that ends.
pub(crate) struct Share {
    ledger: Ledger,
    taken: usize,
}

impl Ledger {
    pub(crate) fn share(&self) -> Share {
        Share { ledger: self.clone(), taken: 0 }
    }

    /// How much is in use.
    pub(crate) fn in_use(&self) -> usize {
        self.0.get()
    }
}

impl Share {
    /// From now on it is so much.
    pub(crate) fn set(&mut self, bytes: usize) {
        let others = self.ledger.0.get() - self.taken;
        self.ledger.0.set(others + bytes);
        self.taken = bytes;
    }

    /// How much all have taken together.
    pub(crate) fn all(&self) -> usize {
        self.ledger.0.get()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}
