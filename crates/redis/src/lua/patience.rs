//! How long a script may take where time is real.
//!
//! Its units end a script that does too much by itself, but a command that it calls can take long
//! for few of them. In a simulated world that only takes long to simulate; a server whose clients
//! wait can say when it has been long enough, and can serve them meanwhile.

use std::cell::{Cell, RefCell};

use thiserror::Error;

/// A script that runs, as the server that it keeps busy sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningScript {
    /// Whether it has called a command that writes: then it may not be killed.
    pub has_written: bool,
    /// After how many milliseconds other clients are told that it runs: the server's
    /// `busy-reply-threshold`.
    pub busy_after_ms: u64,
}

/// Whether a script that runs may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Continue,
    /// It has taken too long.
    TooLong,
    /// A client has killed it.
    Killed,
    /// The server is about to end.
    Interrupted,
}

/// Why a script had to end, as its client is told.
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

/// From now on, `judge` is asked now and then while a script runs on this thread, and the script
/// ends with an error unless it may continue. What it has written by then stays. `judge` must run
/// no script.
pub fn end_scripts_when(judge: impl Fn(RunningScript) -> Verdict + 'static) {
    JUDGE.with_borrow_mut(|known| *known = Some(Box::new(judge)));
}

/// A script begins.
pub(crate) fn begin_script(busy_after_ms: u64) {
    SCRIPT.set(RunningScript { has_written: false, busy_after_ms });
}

/// The script that runs calls a command that writes.
pub(crate) fn note_write() {
    SCRIPT.set(RunningScript { has_written: true, ..SCRIPT.get() });
}

/// Whether the script that runs has to end.
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

/// Why the last script that had to end had to.
pub(super) fn stop() -> Stop {
    STOP.get()
}
