//! How much a thread has done.

use std::time::Duration;

/// For how long this thread has had a processor; `None` where the system does not say. It takes
/// longer to ask than what time it is.
#[cfg(unix)]
#[must_use]
pub fn work_done() -> Option<Duration> {
    let worked = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(worked).ok()
}

/// For how long this thread has had a processor; `None` where the system does not say.
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
