//! Interrupting scripts of a server with a real clock.
//!
//! The budget of units ends a script that does too much. But a command that a script calls can take
//! long and cost few units. A server with waiting clients can install a judge, which decides when a
//! script has run for too long. The server can also serve other clients there.

use std::cell::{Cell, RefCell};

use thiserror::Error;

/// A running script, as its server sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningScript {
    /// Whether it has called a write command. Such a script must not be killed.
    pub has_written: bool,
    /// After how many milliseconds other clients get `BUSY`: the server's `busy-reply-threshold`.
    pub busy_after_ms: u64,
}

/// Whether a running script may continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The script may continue.
    Continue,
    /// The script has run for too long.
    TooLong,
    /// A client has killed the script.
    Killed,
    /// The server is shutting down.
    Interrupted,
}

/// Why a script was interrupted. The text is a part of its error reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Stop {
    #[error("Script ran for too long")]
    TooLong,
    #[error("Script killed by user with SCRIPT KILL...")]
    Killed,
    #[error("Script was interrupted: the server ends")]
    Interrupted,
}

type Judge = Box<dyn Fn(RunningScript) -> Verdict>;

thread_local! {
    static JUDGE: RefCell<Option<Judge>> = const { RefCell::new(None) };
    static SCRIPT: Cell<RunningScript> =
        const { Cell::new(RunningScript { has_written: false, busy_after_ms: 0 }) };
    static STOP: Cell<Stop> = const { Cell::new(Stop::TooLong) };
}

/// From now on, `judge` is called from time to time while a script runs on this thread. The script
/// ends with an error unless the verdict is [`Verdict::Continue`]. Its earlier writes stay. `judge`
/// must not run scripts.
pub fn end_scripts_when(judge: impl Fn(RunningScript) -> Verdict + 'static) {
    JUDGE.with_borrow_mut(|known| *known = Some(Box::new(judge)));
}

/// Records that a script begins.
pub(crate) fn begin_script(busy_after_ms: u64) {
    SCRIPT.set(RunningScript { has_written: false, busy_after_ms });
}

/// Records that the running script calls a write command.
pub(crate) fn note_write() {
    SCRIPT.set(RunningScript { has_written: true, ..SCRIPT.get() });
}

/// Asks the judge whether the running script must end.
pub(super) fn must_stop() -> bool {
    let stop = JUDGE.with_borrow(|judge| match judge.as_ref()?(SCRIPT.get()) {
        Verdict::Continue => None,
        Verdict::TooLong => Some(Stop::TooLong),
        Verdict::Killed => Some(Stop::Killed),
        Verdict::Interrupted => Some(Stop::Interrupted),
    });
    if let Some(stop) = stop {
        STOP.set(stop);
    }
    stop.is_some()
}

/// The reason why the last interrupted script ended.
pub(super) fn stop() -> Stop {
    STOP.get()
}
