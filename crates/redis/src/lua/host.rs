//! The state that the functions of scripts share.

use std::cell::{Cell, RefCell};

use super::cjson::Settings;
use super::engine::Access;
use crate::{Blob, Database, ErrorReply, Reply, ScriptContext, UnixTime};

/// The shared state of one engine.
#[derive(Default)]
pub(super) struct Host {
    pub(super) running: RefCell<Running>,
    /// Whether the script asked for RESP3 replies of `redis.call`.
    pub(super) wants_resp3: Cell<bool>,
    /// The vector of the last command line. It is kept to reuse its memory.
    pub(super) line: Cell<Vec<Blob>>,
    /// The settings of `cjson`, and of each table that `cjson.new` made.
    pub(super) cjson: RefCell<Vec<Settings>>,
}

/// The server whose script is running, or an empty one between two scripts.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub(super) database: Database,
    pub(super) now: UnixTime,
    pub(super) access: Access,
    /// Whether the memory limit was exceeded when the script began, and it has not written since.
    pub(super) lacks_memory: bool,
}

impl Host {
    /// Resets the state for the next script, which begins with the default settings of `cjson`.
    pub(super) fn begin(&self) {
        self.wants_resp3.set(false);
        let mut settings = self.cjson.borrow_mut();
        settings.clear();
        settings.push(Settings::default());
    }

    /// Runs a command for `redis.call`.
    pub(super) fn call(&self, line: &[Blob]) -> Result<Reply, ErrorReply> {
        let Running { database, now, access, lacks_memory } = &mut *self.running.borrow_mut();
        let mut context = ScriptContext::resumed(database, *now, *lacks_memory);
        let result = context.call_with(*access, line);
        *lacks_memory = context.lacks_memory();
        result
    }
}
