//! How often rows are read from the database.

use std::collections::BTreeMap;

use history::{Key, Names, Time, Version};

use crate::Sample;

/// How often each version of a row is read from the database. A cache is there so that once is
/// enough; when many miss at the same time, all of them ask: a *thundering herd*.
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

/// A version that was read from the database more often than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Herd {
    /// Of which row.
    pub key: Key,
    /// Which version.
    pub version: Version,
    /// How often so far.
    pub count: u64,
    /// The first time.
    pub since: Time,
    /// The last time.
    pub at: Time,
}

impl Queries {
    /// Each version may be read so often; as often as anybody likes if there is no bound.
    #[must_use]
    pub fn new(bound: Option<u64>) -> Queries {
        Queries { bound, newest: BTreeMap::new(), per_version: Sample::default(), broken: None }
    }

    /// The first version that was read too often.
    #[must_use]
    pub fn broken(&self) -> Option<&Herd> {
        self.broken.as_ref()
    }

    /// The row was read from the database.
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

    /// How often versions were read, of those that were read at all.
    #[must_use]
    pub fn per_version(&self) -> Sample {
        let mut sample = self.per_version.clone();
        self.newest.values().for_each(|(_, _, count)| sample.add(*count));
        sample
    }
}

impl Herd {
    /// In a sentence.
    #[must_use]
    pub fn summary(&self, names: &Names) -> String {
        let Herd { key, version, count, .. } = self;
        format!("{version} of {} was read from the database {count} times", names.key(*key))
    }

    /// What happened, in order.
    #[must_use]
    pub fn story(&self, names: &Names) -> Vec<String> {
        let Herd { key, version, count, since, at } = self;
        let key = names.key(*key);
        vec![
            format!("At {since} somebody reads {version} of {key} from the database."),
            format!("By {at} it has been read {count} times, and has not changed meanwhile."),
        ]
    }
}
