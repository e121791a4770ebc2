//! Interleaved rounds, and their medians.

#[expect(clippy::disallowed_types, reason = "a benchmark measures real time")]
use std::time::Instant;

/// Something to be timed.
pub(crate) type Contender<'a> = Box<dyn FnMut() + 'a>;

/// Times each contender once a round, one after the other, so that a noisy neighbour hits all of
/// them. Returns the median seconds of each.
pub(crate) fn medians(rounds: usize, contenders: &mut [Contender<'_>]) -> Vec<f64> {
    let mut seconds = vec![Vec::with_capacity(rounds); contenders.len()];
    for _ in 0..rounds {
        for (contender, seconds) in contenders.iter_mut().zip(&mut seconds) {
            seconds.push(time(contender));
        }
    }
    seconds.iter_mut().map(|seconds| median(seconds)).collect()
}

#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time"
)]
fn time(contender: &mut Contender<'_>) -> f64 {
    let start = Instant::now();
    contender();
    start.elapsed().as_secs_f64()
}

/// The middle one, or the mean of the middle two.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}
