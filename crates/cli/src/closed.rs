//! Whether stdout was closed at the start of the program, as by `>&-` in a shell.
//!
//! Rust's runtime opens `/dev/null` in its place before `main` begins, so that later code cannot
//! detect it. This module checks stdout before that.

#![expect(unsafe_code, reason = "a linker section names the code that runs before Rust's runtime")]

use std::sync::atomic::{AtomicBool, Ordering};

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether stdout was closed.
pub(crate) fn stdout() -> bool {
    WAS_CLOSED.load(Ordering::Relaxed)
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_THE_RUNTIME: extern "C" fn() = look;

extern "C" fn look() {
    // Without /proc the check is impossible.
    let proc = "/proc/self/fd";
    let is_there = |name: &str| std::fs::symlink_metadata(format!("{proc}{name}")).is_ok();
    WAS_CLOSED.store(is_there("") && !is_there("/1"), Ordering::Relaxed);
}
