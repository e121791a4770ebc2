//! The scripts that a server has been told to load.

use im::OrdMap;

use crate::{Blob, ErrorReply, Sha1};

/// Together the texts may be so long. Redis has no such limit, and needs it: whoever sends a text
/// of its own with each `EVAL` fills its memory.
const BYTES_MAX: usize = 64 << 20;

/// Texts by their SHA-1. They stay until they are flushed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct LoadedScripts {
    texts: OrdMap<Sha1, Blob>,
    bytes: usize,
}

impl LoadedScripts {
    /// The text of a script that is loaded.
    pub(crate) fn get(&self, sha: &Sha1) -> Option<&Blob> {
        self.texts.get(sha)
    }

    /// Adds a script that is not among them.
    pub(crate) fn insert(&mut self, sha: Sha1, text: Blob) -> Result<(), ErrorReply> {
        let bytes = self.bytes.saturating_add(text.len());
        if bytes > BYTES_MAX {
            return Err(ErrorReply::from_static("OOM too many scripts are loaded"));
        }
        self.bytes = bytes;
        self.texts.insert(sha, text);
        Ok(())
    }

    /// Takes all away.
    pub(crate) fn clear(&mut self) {
        *self = LoadedScripts::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn their_texts_do_not_grow_without_bound() {
        let mut scripts = LoadedScripts::default();
        let text = Blob::from(vec![b' '; BYTES_MAX / 2]);
        for number in 0..2 {
            assert_eq!(scripts.insert(Sha1::of(&[number]), text.clone()), Ok(()));
        }
        assert!(scripts.insert(Sha1::of(b"another"), Blob::from(" ")).is_err());
        scripts.clear();
        assert_eq!(scripts.insert(Sha1::of(b"another"), Blob::from(" ")), Ok(()));
    }
}
