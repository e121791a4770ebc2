//! Whether stdout was closed when the program began, as by `>&-` in a shell.
//!
//! Rust's runtime opens `/dev/null` in its place before `main` begins, so that afterwards results
//! go nowhere and nothing tells. What is looked at here is looked at before that.

#![expect(unsafe_code, reason = "the linker has to be told what runs before Rust's runtime")]

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
    // Where there is no /proc nothing can be told.
    let proc = "/proc/self/fd";
    let is_there = |name: &str| std::fs::symlink_metadata(format!("{proc}{name}")).is_ok();
    WAS_CLOSED.store(is_there("") && !is_there("/1"), Ordering::Relaxed);
}
