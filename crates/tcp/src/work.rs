//! The processor time of a thread.

use std::time::Duration;

/// The processor time of this thread, or `None` if the system does not report it. Reading it is
/// slower than reading a clock.
#[cfg(unix)]
#[must_use]
pub fn work_done() -> Option<Duration> {
    let worked = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(worked).ok()
}

/// The processor time of this thread. Not available on this system.
#[cfg(not(unix))]
#[must_use]
pub fn work_done() -> Option<Duration> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time() {
        let before = work_done().unwrap();
        let sum: u64 = (0..20_000_000_u64).map(std::hint::black_box).sum();
        assert!(sum > 0);
        assert!(work_done().unwrap() > before);
    }
}
