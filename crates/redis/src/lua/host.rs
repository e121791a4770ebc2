//! What the functions that scripts call share: the server whose script runs.

use std::cell::{Cell, RefCell};

use super::cjson::Settings;
use super::engine::Access;
use crate::{Blob, Database, ErrorReply, Reply, ScriptContext, UnixTime};

/// One for each engine.
#[derive(Default)]
pub(super) struct Host {
    pub(super) running: RefCell<Running>,
    /// Whether the script asked for RESP3: which replies `redis.call` gives.
    pub(super) wants_resp3: Cell<bool>,
    /// The line of the last command, kept for its memory.
    pub(super) line: Cell<Vec<Blob>>,
    /// Those of `cjson`, and of each table that `cjson.new` made.
    pub(super) cjson: RefCell<Vec<Settings>>,
}

/// The server whose script runs; an empty one between two scripts.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub(super) database: Database,
    pub(super) now: UnixTime,
    pub(super) access: Access,
    /// Whether there was no memory when the script began, and it has not written since.
    pub(super) lacks_memory: bool,
}

impl Host {
    /// Makes all as it is for each script, which has the settings of `cjson` as they are at first.
    pub(super) fn begin(&self) {
        self.wants_resp3.set(false);
        let mut settings = self.cjson.borrow_mut();
        settings.clear();
        settings.push(Settings::default());
    }

    /// What `redis.call` does.
    pub(super) fn call(&self, line: &[Blob]) -> Result<Reply, ErrorReply> {
        let Running { database, now, access, lacks_memory } = &mut *self.running.borrow_mut();
        let mut context = ScriptContext::resumed(database, *now, *lacks_memory);
        let result = context.call_with(*access, line);
        *lacks_memory = context.lacks_memory();
        result
    }
}
