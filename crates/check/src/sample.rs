//! Percentiles of many numbers in little memory.

use std::collections::BTreeMap;

/// A histogram of numbers. Numbers below 16 are exact; above that, the resolution is an eighth of
/// the number.
///
/// ```
/// use check::Sample;
///
/// let mut sample = Sample::default();
/// (1..=100).for_each(|number| sample.add(number));
/// assert_eq!(sample.percentile(5), Some(5));
/// assert_eq!(sample.percentile(50), Some(48), "rounded down by an eighth");
/// assert_eq!((sample.count(), sample.max()), (100, Some(100)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    sizes: BTreeMap<u64, u64>,
    count: u64,
    max: Option<u64>,
}

impl Sample {
    /// Adds a number.
    pub fn add(&mut self, number: u64) {
        *self.sizes.entry(size(number)).or_default() += 1;
        self.count += 1;
        self.max = self.max.max(Some(number));
    }

    /// Returns how many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.max
    }

    /// Returns the percentile, rounded down to the resolution.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let wanted = u128::from(self.count) * u128::from(percent);
        let mut seen = 0u128;
        let found = self.sizes.iter().find(|(_, count)| {
            seen += u128::from(**count) * 100;
            seen >= wanted
        });
        found.map(|(size, _)| *size)
    }
}

impl Sample {
    /// Returns the median, the 99th percentile and the maximum, under these names. An empty sample
    /// has none.
    pub fn measures(&self, names: [&'static str; 3]) -> impl Iterator<Item = (&'static str, u64)> {
        let numbers = [self.percentile(50), self.percentile(99), self.max()];
        names.into_iter().zip(numbers).filter_map(|(name, number)| Some((name, number?)))
    }
}

/// The number without all but its four highest bits.
fn size(number: u64) -> u64 {
    let dropped = number.checked_ilog2().unwrap_or_default().saturating_sub(3);
    number >> dropped << dropped
}
