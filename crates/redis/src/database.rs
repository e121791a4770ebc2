//! One server's data, and the entry point for commands.

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

/// The state of a server: its keyspaces, its loaded scripts, its configuration, and its random
/// number generator.
///
/// Two databases are equal if their states are. Three fields are not part of the state: the library
/// of scripts, the secret of the hashes ([`HashSecret`]), and the budget for the reply to the
/// current command.
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
/// let sha = swap.sha();
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
    /// The number of keys evicted so far.
    pub(crate) evicted: u64,
    /// The random number generator.
    pub(crate) chance: Chance,
    /// The scripts that `EVALSHA` finds.
    pub(crate) scripts: LoadedScripts,
    pub(crate) library: Arc<ScriptLibrary>,
    /// The budget for the reply to the current command.
    pub(crate) replies: ReplyBudget,
}

impl Database {
    /// The version of Redis that it imitates.
    pub(crate) const VERSION: &str = "7.0.15";

    /// An empty database with no loaded scripts. `library` holds the native twins of scripts.
    #[must_use]
    pub fn new(library: Arc<ScriptLibrary>) -> Database {
        Database { library, ..Database::default() }
    }

    /// The same server with another secret. Copies inherit it.
    #[must_use]
    pub fn with_hash_secret(mut self, secret: HashSecret) -> Database {
        self.change_each(|keyspace| keyspace.set_hash_secret(secret.clone()));
        self
    }

    /// The secret that keys the hashes.
    #[must_use]
    pub fn hash_secret(&self) -> &HashSecret {
        self.keyspace.hash_secret()
    }

    /// The same data on a server that has been restarted: it knows no connections.
    #[must_use]
    pub fn restarted(mut self) -> Database {
        self.disconnect();
        self
    }

    /// The keyspace of the selected database. Between commands, that is number 0.
    #[must_use]
    pub const fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// Runs one command line at the time `now` of the server's wall clock. The first word is the
    /// command's name. Every line gets a reply, which may be an error.
    ///
    /// An empty line is an unknown command. Redis's protocol does not allow empty lines.
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

    /// Runs the script with this SHA-1 at the time `now` of the server's wall clock, as `EVALSHA`
    /// does. It evicts keys first if the memory limit is exceeded. The reply is an error with code
    /// `NOSCRIPT` if the script is not loaded.
    pub fn evalsha(
        &mut self,
        now: UnixTime,
        sha: &Sha1,
        keys: &[Blob],
        arguments: &[Blob],
    ) -> Reply {
        self.replies = ReplyBudget::default();
        // The script may take no memory, so it is not refused here. Its commands may be.
        let _ = self.make_room(Flags::NONE);
        self.run_script(now, sha, keys, arguments, Access::ReadWrite).into()
    }

    /// Runs a loaded script, or its native twin if the library allows it.
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
