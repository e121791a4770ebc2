//! The loaded scripts of a server.

use im::OrdMap;

use crate::{Blob, ErrorReply, Sha1};

/// The most bytes of all texts together. Redis has no such limit, so a client that sends a new text
/// with each `EVAL` fills its memory.
const BYTES_MAX: usize = 64 << 20;

/// Texts by their SHA-1. They stay until `SCRIPT FLUSH`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct LoadedScripts {
    texts: OrdMap<Sha1, Blob>,
    bytes: usize,
}

impl LoadedScripts {
    /// The text of a loaded script.
    pub(crate) fn get(&self, sha: &Sha1) -> Option<&Blob> {
        self.texts.get(sha)
    }

    /// Adds a script that is not loaded.
    pub(crate) fn insert(&mut self, sha: Sha1, text: Blob) -> Result<(), ErrorReply> {
        let bytes = self.bytes.saturating_add(text.len());
        if bytes > BYTES_MAX {
            return Err(ErrorReply::from_static("OOM too many scripts are loaded"));
        }
        self.bytes = bytes;
        self.texts.insert(sha, text);
        Ok(())
    }

    /// Removes all scripts.
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
