//! The keys that commands may write.

use std::hash::BuildHasher;

use lru_proxy::{Cache, Keys};
use redis::Blob;

/// The keys that pending commands may write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Written {
    /// No keys.
    #[default]
    Nothing,
    /// These keys.
    Keys(Vec<Blob>),
    /// Unknown keys.
    Anything,
}

impl Written {
    /// A larger set counts as unknown keys.
    const KEYS_MAX: usize = 1024;

    /// The keys that a command line may write.
    pub(crate) fn by(line: &[Blob], keys: Keys) -> Written {
        match keys {
            Keys::None => Written::Nothing,
            Keys::Any => Written::Anything,
            keys => Written::Keys(keys.of(line).cloned().collect()),
        }
    }

    /// Adds more keys.
    pub(crate) fn add(&mut self, more: &Written) {
        match (&mut *self, more) {
            (Written::Anything, _) | (_, Written::Nothing) => {}
            (Written::Keys(keys), Written::Keys(more))
                if keys.len() + more.len() <= Written::KEYS_MAX =>
            {
                keys.extend_from_slice(more);
            }
            (Written::Nothing, more) => *self = more.clone(),
            _ => *self = Written::Anything,
        }
    }

    /// Records that a command that may write these keys is about to be sent.
    pub(crate) fn begin<S: BuildHasher>(&self, cache: &mut Cache<S>) {
        match self {
            Written::Nothing => {}
            Written::Keys(keys) => keys.iter().for_each(|key| cache.begin_write(key)),
            Written::Anything => cache.begin_write_all(),
        }
    }

    /// Records that the command is over, with or without a reply.
    pub(crate) fn end<S: BuildHasher>(&self, cache: &mut Cache<S>) {
        match self {
            Written::Nothing => {}
            Written::Keys(keys) => keys.iter().for_each(|key| cache.end_write(key)),
            Written::Anything => cache.end_write_all(),
        }
    }

    /// Removes these keys from the cache.
    pub(crate) fn invalidate<S: BuildHasher>(&self, cache: &mut Cache<S>) {
        match self {
            Written::Nothing => {}
            Written::Keys(keys) => keys.iter().for_each(|key| cache.invalidate(key)),
            Written::Anything => cache.invalidate_all(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_keys_are_all_keys() {
        let keys = |n: usize| Written::Keys(vec![Blob::from("key"); n]);
        let mut written = Written::Nothing;
        written.add(&keys(1_000));
        assert_eq!(written, keys(1_000));
        written.add(&Written::Nothing);
        written.add(&keys(24));
        assert_eq!(written, keys(1_024));
        written.add(&keys(1));
        assert_eq!(written, Written::Anything);
        written.add(&keys(1));
        assert_eq!(written, Written::Anything);
    }
}
