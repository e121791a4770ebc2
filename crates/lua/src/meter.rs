//! The budget of a run, in units.
//!
//! Each instruction costs one unit. An operation that takes longer costs more, by how many bytes
//! it reads, writes or compares: see [`Meter::spend`] and [`Meter::spend_bytes`]. A unit stands for
//! about ten nanoseconds. Every loop whose length a script can choose is charged for: in the
//! machine, the compiler, the collector and the libraries. What a script is charged depends only on
//! the script and its inputs.
//!
//! A host with a real clock can stop a script ([`Meter::stop_when`]). The meter asks the host after
//! every [`LOOK_AFTER`] units, and when [`Meter::look`] is called.

use std::fmt;
use std::rc::Rc;

use crate::error::{End, Result};

/// The host is asked after this many units.
const LOOK_AFTER: u64 = 4_000;

/// How many bytes one unit copies, compares or hashes.
const BYTES: usize = 32;

/// The budget of a script.
#[derive(Default)]
pub(crate) struct Meter {
    /// Units until the host is asked again.
    slice: u64,
    /// Units that are left after `slice`.
    rest: u64,
    ended: Option<End>,
    stop: Option<Rc<dyn Fn() -> bool>>,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("left", &(self.slice + self.rest)).finish_non_exhaustive()
    }
}

impl Meter {
    /// Gives the next script a budget of `units`.
    pub(crate) fn refill(&mut self, units: u64) {
        self.slice = units.min(LOOK_AFTER);
        self.rest = units - self.slice;
        self.ended = None;
    }

    /// From now on, a script ends once `stop` returns true.
    pub(crate) fn stop_when(&mut self, stop: Rc<dyn Fn() -> bool>) {
        self.stop = Some(stop);
    }

    /// Takes the cost of one instruction off the budget.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<()> {
        if self.slice > 1 {
            self.slice -= 1;
            return Ok(());
        }
        self.look(1)
    }

    /// Takes units off the budget.
    ///
    /// # Errors
    /// If the budget is used up, or the host stops the script.
    #[inline]
    pub(crate) fn spend(&mut self, units: u64) -> Result<()> {
        if self.slice > units {
            self.slice -= units;
            return Ok(());
        }
        self.look(units)
    }

    /// Charges for reading or writing this many bytes once.
    ///
    /// # Errors
    /// As [`Meter::spend`].
    #[inline]
    pub(crate) fn spend_bytes(&mut self, bytes: usize) -> Result<()> {
        self.spend((bytes / BYTES) as u64)
    }

    /// The units that are left.
    pub(crate) const fn left(&self) -> u64 {
        if self.ended.is_some() { 0 } else { self.slice + self.rest }
    }

    /// Takes units off the budget, and asks the host whether the script should stop.
    ///
    /// # Errors
    /// If the script must end.
    #[cold]
    pub(crate) fn look(&mut self, units: u64) -> Result<()> {
        if let Some(end) = self.ended {
            return Err(end.into());
        }
        let Some(left) = (self.slice + self.rest).checked_sub(units) else {
            return Err(self.end(End::OutOfInstructions));
        };
        if self.stop.as_ref().is_some_and(|stop| stop()) {
            return Err(self.end(End::Stopped));
        }
        self.slice = left.min(LOOK_AFTER);
        self.rest = left - self.slice;
        if left == 0 {
            return Err(self.end(End::OutOfInstructions));
        }
        Ok(())
    }

    /// Ends the script: all later calls fail with this reason.
    pub(crate) fn end(&mut self, end: End) -> crate::error::Error {
        let end = *self.ended.get_or_insert(end);
        self.slice = 0;
        self.rest = 0;
        end.into()
    }
}
