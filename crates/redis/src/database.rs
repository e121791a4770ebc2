//! One server's data, and the single door through which commands reach it.

mod memory;
mod selection;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub(crate) use self::memory::Room;
use self::selection::Selection;
use crate::chance::Chance;
use crate::command::{self, Flags};
use crate::config::Config;
use crate::lua::{self, Access};
use crate::reply::ReplyBudget;
use crate::script::{LoadedScripts, Loader};
use crate::{
    Blob, ErrorReply, HashSecret, Keyspace, Reply, ScriptContext, ScriptLibrary, Sha1, UnixTime,
};

/// The state of a server with one database: its keyspace, which scripts it has been told to load,
/// and what the next random pick will be.
///
/// Two are equal if their states are. What is no state does not count: the library of scripts,
/// which never changes, the secret of the hashes ([`HashSecret`]), and what is left for the reply
/// to the command that runs.
///
/// ```
/// use std::sync::Arc;
/// use redis::{Blob, Database, Reply, Script, ScriptLibrary, Sha1, UnixTime};
///
/// let swap = Script {
///     name: "swap",
///     source: "local old = redis.call('GET', KEYS[1]); \
///              redis.call('SET', KEYS[1], ARGV[1]); return old",
///     native: |context| {
///         let (key, value) = (context.key(1)?, context.argument(1)?);
///         let old = context.get(key)?;
///         context.set(key.clone(), value.clone())?;
///         Ok(Reply::from(old))
///     },
/// };
/// let mut database = Database::new(Arc::new(ScriptLibrary::new([swap])));
/// let now = UnixTime::from_millis(1_700_000_000_000);
/// let line = |words: &[&str]| words.iter().copied().map(Blob::from).collect::<Vec<Blob>>();
///
/// assert_eq!(database.call(now, &line(&["SET", "k", "1"])), Reply::ok());
/// assert_eq!(database.call(now, &line(&["INCR", "k"])), Reply::Integer(2));
///
/// let sha = Sha1::of(swap.source.as_bytes());
/// let refused = database.evalsha(now, &sha, &line(&["k"]), &line(&["3"]));
/// assert_eq!(refused.as_error().map(|error| error.code()), Some(&b"NOSCRIPT"[..]));
/// database.call(now, &line(&["SCRIPT", "LOAD", swap.source]));
/// let swapped = database.evalsha(now, &sha, &line(&["k"]), &line(&["3"]));
/// assert_eq!(swapped, Reply::Bulk(Blob::from("2")));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// The keys of the selected database.
    pub(crate) keyspace: Keyspace,
    selection: Selection,
    pub(crate) config: Config,
    /// How many keys have been evicted.
    pub(crate) evicted: u64,
    /// What the next random pick will be.
    pub(crate) chance: Chance,
    /// Those that `EVALSHA` finds.
    pub(crate) scripts: LoadedScripts,
    pub(crate) library: Arc<ScriptLibrary>,
    /// What the reply to the command that runs may still take.
    pub(crate) replies: ReplyBudget,
}

impl Database {
    /// The version of Redis that it behaves like.
    pub(crate) const VERSION: &str = "7.0.15";

    /// An empty database, with no script loaded, on a server that knows the scripts of `library`.
    #[must_use]
    pub fn new(library: Arc<ScriptLibrary>) -> Database {
        Database { library, ..Database::default() }
    }

    /// The same server with another secret ([`HashSecret`]). Its copies have it too.
    #[must_use]
    pub fn with_hash_secret(mut self, secret: HashSecret) -> Database {
        self.change_each(|keyspace| keyspace.set_hash_secret(secret.clone()));
        self
    }

    /// What the hashes of its keys are keyed with.
    #[must_use]
    pub fn hash_secret(&self) -> &HashSecret {
        self.keyspace.hash_secret()
    }

    /// The same data on a server that has just been started: no connection is left.
    #[must_use]
    pub fn restarted(mut self) -> Database {
        self.disconnect();
        self
    }

    /// The keys of the selected database, which is number 0 except within a command, and what
    /// stands under them.
    #[must_use]
    pub const fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// Runs one command line, whose first word is the command's name, at the time `now` of the
    /// server's wall clock. Whatever the words are, there is a reply, which may be an error.
    ///
    /// A line without any word is an unknown command; Redis never gets to see one.
    pub fn call(&mut self, now: UnixTime, line: &[Blob]) -> Reply {
        self.replies = ReplyBudget::default();
        match command::resolve(line) {
            Ok(resolved) => match self.make_room(resolved.command.flags) {
                Ok(()) => resolved.run(self, now).into(),
                Err(refusal) => Reply::Error(refusal),
            },
            Err(unresolved) => Reply::Error(unresolved.refusal(line)),
        }
    }

    /// Runs the script of that SHA-1 at the time `now` of the server's wall clock, which is all
    /// that `EVALSHA` does once it has read its arguments: keys are evicted first, if there is no
    /// memory. The reply is an error with code `NOSCRIPT` if the script is not loaded.
    pub fn evalsha(
        &mut self,
        now: UnixTime,
        sha: &Sha1,
        keys: &[Blob],
        arguments: &[Blob],
    ) -> Reply {
        self.replies = ReplyBudget::default();
        // A script may be one that takes no memory: it is its commands that are refused.
        let _ = self.make_room(Flags::NONE);
        self.run_script(now, sha, keys, arguments, Access::ReadWrite).into()
    }

    /// Runs a script that is loaded: its native twin, if it has one that may run in its place.
    pub(crate) fn run_script(
        &mut self,
        now: UnixTime,
        sha: &Sha1,
        keys: &[Blob],
        arguments: &[Blob],
        access: Access,
    ) -> Result<Reply, ErrorReply> {
        let Some(text) = self.scripts.get(sha) else {
            return Err(ErrorReply::no_script());
        };
        lua::begin_script(self.config.busy_reply_threshold_ms);
        match self.library.native(sha) {
            Some(native) if access == Access::ReadWrite => {
                native(&mut ScriptContext::new(self, now, keys, arguments))
                    .map_err(|raised| raised.raised_in_script(sha))
            }
            _ => {
                let text = &text;
                lua::run(self, now, &lua::Call { sha, text, keys, arguments, access })
            }
        }
    }

    /// Loads a script, if it compiles; it may be loaded already.
    pub(crate) fn load_script(&mut self, text: &Blob, loader: Loader) -> Result<Sha1, ErrorReply> {
        let sha = Sha1::of(text);
        if !self.scripts.contains(&sha) {
            if self.library.native(&sha).is_none() {
                lua::compile(&sha, text)?;
            }
            self.scripts.insert(sha, text.clone(), loader)?;
        } else if loader == Loader::Load {
            self.scripts.keep(&sha);
        }
        Ok(sha)
    }
}

impl PartialEq for Database {
    fn eq(&self, other: &Database) -> bool {
        self.keyspace == other.keyspace
            && self.selection == other.selection
            && self.config == other.config
            && self.evicted == other.evicted
            && self.chance == other.chance
            && self.scripts == other.scripts
    }
}

impl Eq for Database {}

impl Hash for Database {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.keyspace.hash(state);
        self.selection.hash(state);
        self.config.hash(state);
        self.evicted.hash(state);
        self.chance.hash(state);
        self.scripts.hash(state);
    }
}
