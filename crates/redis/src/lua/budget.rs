//! What a script may use up, counted so that it depends on nothing but the script.
//!
//! Lua calls a hook after every so many instructions ([`PERIOD`]). An instruction can take as long
//! as the largest object that it may have to walk over: concatenation copies a string, comparison
//! reads one, an insertion may rebuild a table. So instructions are charged by the size of the
//! largest object that there can be, which is the most that memory has grown by between two hooks:
//! an object is allocated by one instruction. Functions written in Rust charge what they do
//! themselves ([`Budget::spend`]).
//!
//! Lua's own collector is off while a script runs. It runs when the hook finds that much has been
//! allocated since it ran last.

use std::cell::Cell;

use mlua::{HookTriggers, Lua, Result, VmState};

use super::patience;
use super::raise::{Final, Raised};

/// How many instructions a script may take, if it handles no large objects.
const INSTRUCTIONS: u64 = 20_000_000;

/// How many bytes more than before a script may have in use at any time.
pub(super) const MEMORY: usize = 64 << 20;

/// How many instructions there are between two looks at the budget.
const PERIOD: u32 = 100;

/// What may be walked over in the time of one instruction, in bytes.
const GRAIN: usize = 8 << 10;

/// What memory may grow by when nothing is large: many small objects, and Lua's own lists of them.
const SMALL: usize = 1 << 20;

/// Garbage is collected when at least so many bytes have been allocated.
const COLLECT_AFTER: usize = 4 << 20;

/// How often something is taken off the budget between two looks at the clock, where there is one.
const LOOK_AFTER: u32 = 8;

/// What a call from Lua to Rust costs.
const CALL: u64 = 20;

/// What is left of a script's means.
#[derive(Debug, Default)]
pub(super) struct Budget {
    left: Cell<u64>,
    /// Memory in use when the hook looked last.
    used: Cell<usize>,
    /// The most bytes that it had grown by when the hook looked.
    largest: Cell<usize>,
    collect_at: Cell<usize>,
    memory_limit: Cell<usize>,
    ended: Cell<Option<Final>>,
    /// How often something was taken off.
    times: Cell<u32>,
}

impl Budget {
    /// A full budget for the next script.
    pub(super) fn refill(&self, lua: &Lua) {
        let used = lua.used_memory();
        self.left.set(INSTRUCTIONS);
        self.used.set(used);
        self.largest.set(0);
        self.collect_at.set(used.saturating_add(COLLECT_AFTER));
        self.ended.set(None);
        self.memory_limit.set(used.saturating_add(MEMORY));
        // It cannot fail: Lua 5.1 has a limit to set.
        let _ = lua.set_memory_limit(self.memory_limit.get());
    }

    /// The hook that counts.
    pub(super) fn hook(
        budget: std::rc::Rc<Budget>,
    ) -> (HookTriggers, impl Fn(&Lua, &mlua::debug::Debug<'_>) -> Result<VmState>) {
        let look = move |lua: &Lua, _: &mlua::debug::Debug<'_>| {
            budget.look(lua)?;
            Ok(VmState::Continue)
        };
        (HookTriggers::new().every_nth_instruction(PERIOD), look)
    }

    fn look(&self, lua: &Lua) -> Result<()> {
        let used = lua.used_memory();
        let grown = used.saturating_sub(self.used.get());
        let largest = self.largest.get().max(grown);
        self.largest.set(largest);
        self.used.set(used);
        if used > self.collect_at.get() {
            lua.gc_collect()?;
            lua.gc_stop();
            let used = lua.used_memory();
            self.used.set(used);
            self.collect_at.set(used.saturating_add(COLLECT_AFTER.max(used)));
        }
        let grains = if largest > SMALL { largest / GRAIN } else { 0 };
        self.spend(u64::from(PERIOD) * (1 + grains as u64))
    }

    /// Takes the cost of so many instructions off the budget.
    pub(super) fn spend(&self, instructions: u64) -> Result<()> {
        if let Some(ended) = self.ended.get() {
            return Err(Raised::Final(ended).into());
        }
        self.times.set(self.times.get().wrapping_add(1));
        if self.times.get().is_multiple_of(LOOK_AFTER)
            && let Some(reason) = patience::verdict()
        {
            return Err(self.end(reason));
        }
        match self.left.get().checked_sub(instructions) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.end(Final::OutOfInstructions)),
        }
    }

    /// What a call from Lua to Rust costs that reads or writes so many bytes.
    pub(super) fn spend_bytes(&self, bytes: usize) -> Result<()> {
        self.spend(CALL + (bytes / 64) as u64)
    }

    /// To be called by whatever makes many objects while the limit on memory is lifted.
    pub(super) fn check_memory(&self, lua: &Lua) -> Result<()> {
        if lua.used_memory() > self.memory_limit.get() {
            return Err(self.end(Final::OutOfMemory));
        }
        Ok(())
    }

    /// How many steps may be taken in one go: to be given to [`Budget::spend`] afterwards.
    pub(super) fn left(&self) -> u64 {
        self.left.get()
    }

    /// From now on the script can only end.
    pub(super) fn end(&self, reason: Final) -> mlua::Error {
        self.ended.set(Some(reason));
        self.left.set(0);
        Raised::Final(reason).into()
    }

    /// Why the script must end, if it must.
    pub(super) fn ended(&self) -> Option<Final> {
        self.ended.get()
    }
}
