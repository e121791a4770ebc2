//! The scripts that a simulated world knows.

use std::fmt;

use super::{ScriptContext, Sha1};
use crate::{ErrorReply, Reply};

/// What a script does, in Rust: the native twin of its Lua text, and held to it by tests.
///
/// `Ok` is what the Lua returns, converted to a reply by the rules of "Redis Lua API reference"
/// (`redis.error_reply` is an `Ok` too). `Err` is an error that it raises, or that a
/// `redis.call` raised in it.
pub type NativeScript = fn(&mut ScriptContext<'_>) -> Result<Reply, ErrorReply>;

/// A script, as its Lua text and as a native function that does the same.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// What people call it. Servers never see it.
    pub name: &'static str,
    /// The Lua text, to the byte: its SHA-1 is how servers call the script.
    pub source: &'static str,
    /// Its native twin.
    pub native: NativeScript,
}

impl Script {
    /// The SHA-1 of the Lua text, by which clients call the script.
    #[must_use]
    pub fn sha(&self) -> Sha1 {
        Sha1::of(self.source.as_bytes())
    }
}

/// All scripts that a simulated world knows, by the SHA-1 of their text. See
/// [`Database`](crate::Database) for an example.
#[derive(Clone, Default)]
pub struct ScriptLibrary {
    /// Sorted by SHA-1.
    scripts: Vec<(Sha1, Script)>,
    twins: Twins,
}

/// Whether native twins run in place of the Lua texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Twins {
    #[default]
    Run,
    Rest,
}

impl ScriptLibrary {
    /// A library of these scripts.
    ///
    /// # Panics
    /// If two of them have the same text: that is a mistake of whoever put them together.
    #[must_use]
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> ScriptLibrary {
        let mut scripts: Vec<(Sha1, Script)> =
            scripts.into_iter().map(|script| (script.sha(), script)).collect();
        scripts.sort_by_key(|(sha, _)| *sha);
        for pair in scripts.windows(2) {
            let [(sha, script), (next_sha, next_script)] = pair else {
                continue;
            };
            assert_ne!(
                sha, next_sha,
                "scripts {} and {} have the same text",
                script.name, next_script.name
            );
        }
        ScriptLibrary { scripts, twins: Twins::Run }
    }

    /// The same library, of which every script runs in Lua.
    #[must_use]
    pub fn in_lua(self) -> ScriptLibrary {
        ScriptLibrary { twins: Twins::Rest, ..self }
    }

    /// The script of that SHA-1.
    #[must_use]
    pub fn get(&self, sha: &Sha1) -> Option<&Script> {
        let place = self.scripts.binary_search_by_key(sha, |(sha, _)| *sha);
        place.ok().map(|index| &self.scripts[index].1)
    }

    /// What runs in place of the Lua text of that SHA-1, if anything does.
    pub(crate) fn native(&self, sha: &Sha1) -> Option<NativeScript> {
        match self.twins {
            Twins::Run => self.get(sha).map(|script| script.native),
            Twins::Rest => None,
        }
    }
}

impl fmt::Debug for ScriptLibrary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.scripts.iter().map(|(sha, script)| (sha, script.name))).finish()
    }
}
