//! The scripts that a server has been told to load.
//!
//! A script that `SCRIPT LOAD` has loaded stays until `SCRIPT FLUSH`. As in Redis 7.4, one that
//! only `EVAL` has loaded stays until [`EVALUATED_MAX`] others have been run since.

use im::OrdMap;

use crate::value::memory::Tree;
use crate::{Blob, ErrorReply, Sha1};

/// Together the scripts may take so many bytes. Redis has no such limit.
const BYTES_MAX: usize = 64 << 20;
/// How many scripts that only `EVAL` has loaded are kept: as in Redis 7.4.
const EVALUATED_MAX: usize = 500;
/// What a script takes besides its text.
const SCRIPT_BYTES: usize =
    Tree::of::<Sha1, Loaded>().element() + Tree::of::<u64, Sha1>().element();

/// Texts by their SHA-1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct LoadedScripts {
    scripts: OrdMap<Sha1, Loaded>,
    /// Those that only `EVAL` has loaded, by their last use.
    evaluated: OrdMap<u64, Sha1>,
    /// How often any of those has been used.
    clock: u64,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Loaded {
    text: Blob,
    /// When it was used last, if only `EVAL` has loaded it.
    used: Option<u64>,
}

/// Who has a script loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loader {
    /// `SCRIPT LOAD`
    Load,
    /// `EVAL`
    Eval,
}

impl LoadedScripts {
    /// Whether a script is loaded.
    pub(crate) fn contains(&self, sha: &Sha1) -> bool {
        self.scripts.contains_key(sha)
    }

    /// The text of a script that is loaded, and is used now.
    pub(crate) fn get(&mut self, sha: &Sha1) -> Option<Blob> {
        let Loaded { text, used } = self.scripts.get(sha)?;
        let text = text.clone();
        if used.is_some_and(|used| used < self.clock) {
            self.use_now(*sha, text.clone());
        }
        Some(text)
    }

    /// Adds a script that is not among them.
    ///
    /// # Errors
    /// "OOM" if those that stay leave no memory for it.
    pub(crate) fn insert(
        &mut self,
        sha: Sha1,
        text: Blob,
        loader: Loader,
    ) -> Result<(), ErrorReply> {
        let size = size(&text);
        while self.bytes + size > BYTES_MAX && self.evict() {}
        if self.bytes + size > BYTES_MAX {
            return Err(ErrorReply::from_static("OOM too many scripts are loaded"));
        }
        self.bytes += size;
        match loader {
            Loader::Load => drop(self.scripts.insert(sha, Loaded { text, used: None })),
            Loader::Eval => {
                if self.evaluated.len() >= EVALUATED_MAX {
                    self.evict();
                }
                self.use_now(sha, text);
            }
        }
        Ok(())
    }

    /// A script that is loaded stays until all are flushed.
    pub(crate) fn keep(&mut self, sha: &Sha1) {
        if let Some(script) = self.scripts.get(sha)
            && let Some(used) = script.used
        {
            let text = script.text.clone();
            self.evaluated.remove(&used);
            self.scripts.insert(*sha, Loaded { text, used: None });
        }
    }

    /// Takes all away.
    pub(crate) fn clear(&mut self) {
        *self = LoadedScripts::default();
    }

    /// Writes down that a script which only `EVAL` has loaded is used now.
    fn use_now(&mut self, sha: Sha1, text: Blob) {
        self.clock += 1;
        let used = Some(self.clock);
        let before = self.scripts.insert(sha, Loaded { text, used }).and_then(|script| script.used);
        if let Some(before) = before {
            self.evaluated.remove(&before);
        }
        self.evaluated.insert(self.clock, sha);
    }

    /// Takes away the one that was used longest ago of those that only `EVAL` has loaded.
    fn evict(&mut self) -> bool {
        let Some((used, sha)) = self.evaluated.get_min().map(|(used, sha)| (*used, *sha)) else {
            return false;
        };
        self.evaluated.remove(&used);
        if let Some(script) = self.scripts.remove(&sha) {
            self.bytes -= size(&script.text);
        }
        true
    }
}

fn size(text: &Blob) -> usize {
    text.len() + SCRIPT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(number: usize) -> Sha1 {
        Sha1::of(&number.to_le_bytes())
    }

    fn text(len: usize) -> Blob {
        Blob::from(vec![b' '; len])
    }

    #[test]
    fn their_texts_do_not_grow_without_bound() {
        let mut scripts = LoadedScripts::default();
        for number in 0..2 {
            let half = text(BYTES_MAX / 2 - SCRIPT_BYTES);
            assert_eq!(scripts.insert(sha(number), half, Loader::Load), Ok(()));
        }
        assert!(scripts.insert(sha(2), text(1), Loader::Load).is_err());
        assert!(scripts.insert(sha(2), text(1), Loader::Eval).is_err());
        scripts.clear();
        assert_eq!(scripts.insert(sha(2), text(1), Loader::Load), Ok(()));
    }

    #[test]
    fn the_evaluated_script_that_was_used_longest_ago_goes_first() {
        let mut scripts = LoadedScripts::default();
        assert_eq!(scripts.insert(sha(1_000), text(1), Loader::Load), Ok(()));
        for number in 0..EVALUATED_MAX {
            assert_eq!(scripts.insert(sha(number), text(1), Loader::Eval), Ok(()));
        }
        assert_eq!(scripts.get(&sha(0)), Some(text(1)));
        scripts.keep(&sha(2));
        for number in 2_000..2_003 {
            assert_eq!(scripts.insert(sha(number), text(1), Loader::Eval), Ok(()));
        }
        let gone = |scripts: &LoadedScripts| -> Vec<usize> {
            (0..=1_000).filter(|number| !scripts.contains(&sha(*number))).take(9).collect()
        };
        assert_eq!(gone(&scripts), [1, 3, 500, 501, 502, 503, 504, 505, 506]);
        let half = text(BYTES_MAX / 2);
        for number in 3_000..3_003 {
            assert_eq!(scripts.insert(sha(number), half.clone(), Loader::Eval), Ok(()));
        }
        assert!(scripts.contains(&sha(2)) && scripts.contains(&sha(1_000)));
        assert_eq!(scripts.scripts.len(), 3, "what stays, and the last one");
    }
}
