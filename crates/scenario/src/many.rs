//! Many runs, on as many cores as there are.
//!
//! Each run is single-threaded and independent of the others, so it is the same on every thread.
//! Only the order in which runs end differs.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Does `work` for each number below `jobs` on `threads` threads. Passes each result to `done` as
/// soon as it is there, with its number. `done` can stop the rest.
#[expect(clippy::disallowed_methods, reason = "this is the module that threads live in")]
pub fn run_many<R: Send>(
    jobs: usize,
    threads: NonZeroUsize,
    work: impl Fn(usize) -> R + Sync,
    mut done: impl FnMut(usize, R) -> ControlFlow<()>,
) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::sync_channel(2 * threads.get());
    std::thread::scope(|scope| {
        for _ in 0..threads.get().min(jobs) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= jobs || sender.send((job, work(job))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // Dropping the receiver when broken off lets each thread end with its present job.
        let results = results;
        for (job, result) in &results {
            if done(job, result).is_break() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_by_any_number_of_threads() {
        for threads in [1, 2, 7] {
            let mut seen = vec![0; 100];
            run_many(
                100,
                NonZeroUsize::new(threads).unwrap(),
                |job| job * job,
                |job, square| {
                    assert_eq!(square, job * job);
                    seen[job] += 1;
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(seen, [1; 100]);
        }
    }

    #[test]
    fn it_can_be_broken_off() {
        let mut seen = 0;
        run_many(
            usize::MAX,
            NonZeroUsize::new(2).unwrap(),
            |job| job,
            |_, _| {
                seen += 1;
                if seen == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(seen, 10);
    }
}
