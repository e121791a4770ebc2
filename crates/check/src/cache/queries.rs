//! How often rows are read from the database.

use std::collections::BTreeMap;

use history::{Key, Names, Time, Version};

use crate::Sample;

/// Counts how often each version of a row is read from the database. With a cache, one read should
/// be enough. When many clients miss at the same time, all of them ask the database: a *thundering
/// herd*.
///
/// ```
/// use check::cache::Queries;
/// use history::{Key, Time, Version};
///
/// let mut queries = Queries::new(Some(2));
/// (0..3).for_each(|at| queries.read(Time(at), Key(0), Version(7)));
/// assert_eq!(queries.broken().map(|herd| herd.count), Some(3));
/// ```
#[derive(Clone, Debug)]
pub struct Queries {
    bound: Option<u64>,
    newest: BTreeMap<Key, (Version, Time, u64)>,
    per_version: Sample,
    broken: Option<Herd>,
}

/// A version that was read from the database too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Herd {
    /// The row.
    pub key: Key,
    /// The version.
    pub version: Version,
    /// The number of reads so far.
    pub count: u64,
    /// The time of the first read.
    pub since: Time,
    /// The time of the last read.
    pub at: Time,
}

impl Queries {
    /// Creates a checker that allows `bound` reads of each version. `None` allows any number.
    #[must_use]
    pub fn new(bound: Option<u64>) -> Queries {
        Queries { bound, newest: BTreeMap::new(), per_version: Sample::default(), broken: None }
    }

    /// The first version that was read too often.
    #[must_use]
    pub fn broken(&self) -> Option<&Herd> {
        self.broken.as_ref()
    }

    /// Records a read of the row from the database.
    pub fn read(&mut self, at: Time, key: Key, version: Version) {
        let newest = self.newest.entry(key).or_insert((version, at, 0));
        if newest.0 != version {
            self.per_version.add(newest.2);
            *newest = (version, at, 0);
        }
        newest.2 += 1;
        let (version, since, count) = *newest;
        if self.bound.is_some_and(|bound| count > bound) {
            self.broken.get_or_insert(Herd { key, version, count, since, at });
        }
    }

    /// Returns the numbers of reads of all versions that were read at least once.
    #[must_use]
    pub fn per_version(&self) -> Sample {
        let mut sample = self.per_version.clone();
        self.newest.values().for_each(|(_, _, count)| sample.add(*count));
        sample
    }
}

impl Herd {
    /// Returns the violation in one sentence.
    #[must_use]
    pub fn summary(&self, names: &Names) -> String {
        let Herd { key, version, count, .. } = self;
        format!("{version} of {} was read from the database {count} times", names.key(*key))
    }

    /// Returns the events that led to the violation, in order.
    #[must_use]
    pub fn story(&self, names: &Names) -> Vec<String> {
        let Herd { key, version, count, since, at } = self;
        let key = names.key(*key);
        vec![
            format!("At {since} a client reads {version} of {key} from the database."),
            format!("By {at} it has been read {count} times, and has not changed meanwhile."),
        ]
    }
}
