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

/// So many units lie between two questions to the host.
const LOOK_AFTER: u64 = 4_000;

/// What one unit copies, compares or hashes, in bytes.
const BYTES: usize = 32;

/// What is left to a script.
#[derive(Default)]
pub(crate) struct Meter {
    /// Units until the host is asked again.
    slice: u64,
    /// Units behind those.
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
    /// A full budget for the next script.
    pub(crate) fn refill(&mut self, units: u64) {
        self.slice = units.min(LOOK_AFTER);
        self.rest = units - self.slice;
        self.ended = None;
    }

    /// From now on the script ends once this says so.
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

    /// Takes so many units off the budget.
    ///
    /// # Errors
    /// If there are not so many, or the host stops the script.
    #[inline]
    pub(crate) fn spend(&mut self, units: u64) -> Result<()> {
        if self.slice > units {
            self.slice -= units;
            return Ok(());
        }
        self.look(units)
    }

    /// What it costs to read or write so many bytes once.
    ///
    /// # Errors
    /// As [`Meter::spend`].
    #[inline]
    pub(crate) fn spend_bytes(&mut self, bytes: usize) -> Result<()> {
        self.spend((bytes / BYTES) as u64)
    }

    /// How many units there are left.
    pub(crate) const fn left(&self) -> u64 {
        if self.ended.is_some() { 0 } else { self.slice + self.rest }
    }

    /// The host is asked now: something took long that cost little here.
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

    /// From now on the script can only end.
    pub(crate) fn end(&mut self, end: End) -> crate::error::Error {
        let end = *self.ended.get_or_insert(end);
        self.slice = 0;
        self.rest = 0;
        end.into()
    }
}
