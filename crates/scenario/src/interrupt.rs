//! Ending runs from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A request to end all runs that share it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// No request yet.
    #[must_use]
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// The cell of the request: 0 before it, and then its reason, such as the number of a signal.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.0)
    }

    /// The reason of the request, if there is one.
    #[must_use]
    pub fn reason(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|reason| *reason != 0)
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.reason().is_some()
    }
}
