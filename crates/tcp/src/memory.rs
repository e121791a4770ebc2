//! Counts the memory of all connections together.

use std::cell::Cell;
use std::rc::Rc;

/// A sum of bytes, of which each connection holds a share.
#[derive(Clone, Default)]
pub struct Ledger(Rc<Cell<usize>>);

/// One connection's share of a [`Ledger`]. Dropping it subtracts it from the sum.
pub struct Share {
    ledger: Ledger,
    taken: usize,
}

impl Ledger {
    /// A share for one connection, which is 0 at first.
    #[must_use]
    pub fn share(&self) -> Share {
        Share { ledger: self.clone(), taken: 0 }
    }

    /// The sum of all shares in bytes.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.0.get()
    }
}

impl Share {
    /// Sets the size of the share.
    pub fn set(&mut self, bytes: usize) {
        let others = self.ledger.0.get() - self.taken;
        self.ledger.0.set(others + bytes);
        self.taken = bytes;
    }

    /// The size of the share in bytes.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// The sum of all shares in bytes.
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
