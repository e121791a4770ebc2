//! Libraries of scripts with native twins.

use std::fmt;

use super::{ScriptContext, Sha1};
use crate::{ErrorReply, Reply};

/// A script in Rust: the native twin of a Lua text. Tests must show that both do the same.
///
/// `Ok` is the result of the Lua script, converted to a reply by the rules of "Redis Lua API
/// reference". The result of `redis.error_reply` is also `Ok`. `Err` is an error that the script or
/// a `redis.call` in it raises.
pub type NativeScript = fn(&mut ScriptContext<'_>) -> Result<Reply, ErrorReply>;

/// A script, as its Lua text and as a native function that does the same.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// A name for people. Servers do not see it.
    pub name: &'static str,
    /// The exact Lua text. Its SHA-1 identifies the script.
    pub source: &'static str,
    /// Its native twin.
    pub native: NativeScript,
}

impl Script {
    /// The SHA-1 of the Lua text, which identifies the script.
    #[must_use]
    pub fn sha(&self) -> Sha1 {
        Sha1::of(self.source.as_bytes())
    }
}

/// Scripts by the SHA-1 of their text. See [`Database`](crate::Database) for an example.
#[derive(Clone, Default)]
pub struct ScriptLibrary {
    /// Sorted by SHA-1.
    scripts: Vec<(Sha1, Script)>,
    twins: Twins,
}

/// Whether native twins replace the Lua texts.
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
    /// If two scripts have the same text.
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

    /// The same library, but all scripts run in Lua.
    #[must_use]
    pub fn in_lua(self) -> ScriptLibrary {
        ScriptLibrary { twins: Twins::Rest, ..self }
    }

    /// The script with this SHA-1.
    #[must_use]
    pub fn get(&self, sha: &Sha1) -> Option<&Script> {
        let place = self.scripts.binary_search_by_key(sha, |(sha, _)| *sha);
        place.ok().map(|index| &self.scripts[index].1)
    }

    /// The native function that replaces the Lua text with this SHA-1, if any.
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
