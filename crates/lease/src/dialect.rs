//! Translates calls to Redis: the command or script, its keys and arguments, and the meaning of its
//! reply.
//!
//! All keys of an entry have its name in braces, so that a Redis cluster keeps them in one slot.
//! A row is stored as `version:value`.

mod many;

use history::{Key, Observation, Span};
use redis::{Blob, Reply, Script, Value as Stored};
use redis_node::register;
use redis_node::text::number;

use crate::config::{DeletedBlock, Discipline};
use crate::scripts;
use crate::{Answer, Call, Token};

/// The translation of calls to Redis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    rules: Rules,
    entries: Vec<EntryKeys>,
    counter: Blob,
}

/// The settings that all clients share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// The rules for leases.
    pub discipline: Discipline,
    /// How long a lease blocks other leases.
    pub block: Span,
    /// How long an outdated value is kept.
    pub stale_for: Span,
    /// The name of a block's key in deletions.
    pub deleted_block: DeletedBlock,
}

impl Rules {
    /// Settings with long times, and without mistakes.
    #[must_use]
    pub fn of(discipline: Discipline) -> Rules {
        let long = Span::from_secs(1000);
        Rules { discipline, block: long, stale_for: long, deleted_block: DeletedBlock::Right }
    }
}

/// The Redis keys of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct EntryKeys {
    value: Blob,
    lease: Blob,
    block: Blob,
    /// The block's key in deletions.
    deleted_block: Blob,
    outdated: Blob,
}

/// A command line in parts.
#[derive(Clone, Debug)]
pub struct Request {
    /// The command or script.
    pub verb: Verb,
    /// The keys.
    pub keys: Vec<Blob>,
    /// The arguments after the keys.
    pub arguments: Vec<Blob>,
}

/// The command or script.
#[derive(Clone, Copy, Debug)]
pub enum Verb {
    /// A command with this name.
    Command(&'static str),
    /// A script.
    Script(Script),
}

impl Request {
    /// Returns the command line that is sent.
    #[must_use]
    pub fn line(&self) -> Vec<Blob> {
        let Request { verb, keys, arguments } = self;
        let mut line = match verb {
            Verb::Command(name) => vec![Blob::from_static(name)],
            Verb::Script(script) => {
                let sha = script.sha().to_string();
                let count = keys.len().to_string();
                vec![Blob::from_static("EVALSHA"), Blob::from(sha), Blob::from(count)]
            }
        };
        line.extend(keys.iter().chain(arguments).cloned());
        line
    }
}

impl Dialect {
    /// For entries of these names.
    #[must_use]
    pub fn new(rules: Rules, names: &[String]) -> Dialect {
        let colon = match rules.deleted_block {
            DeletedBlock::Right => ":",
            DeletedBlock::WithoutColon => "",
        };
        let entries = names.iter().map(|name| EntryKeys {
            value: Blob::from(format!("{{{name}}}")),
            lease: Blob::from(format!("lease:{{{name}}}")),
            block: Blob::from(format!("block:{{{name}}}")),
            deleted_block: Blob::from(format!("block{colon}{{{name}}}")),
            outdated: Blob::from(format!("outdated:{{{name}}}")),
        });
        let counter = Blob::from_static("next-lease");
        Dialect { rules, entries: entries.collect(), counter }
    }

    /// Returns the command line of a call, or `None` if there is no such entry.
    #[must_use]
    pub fn request(&self, key: Key, call: &Call) -> Option<Request> {
        let entry = self.entries.get(key.index())?;
        let blobs = |blobs: &[&Blob]| blobs.iter().copied().cloned().collect();
        let command =
            |name, keys, arguments| Request { verb: Verb::Command(name), keys, arguments };
        let script =
            |script, keys, arguments| Request { verb: Verb::Script(script), keys, arguments };
        let (value, lease, block) = (&entry.value, &entry.lease, &entry.block);
        Some(match (self.rules.discipline, *call) {
            (_, Call::Stats) => command("INFO", Vec::new(), vec![Blob::from_static("memory")]),
            (Discipline::SharedToken, _) => return self.request_of_many(&[(key, *call)]),
            (Discipline::None, Call::Get { .. }) => command("GET", blobs(&[value]), Vec::new()),
            (Discipline::None, Call::Set { state, ttl, .. }) => {
                let mut arguments = vec![register::text(state)];
                arguments
                    .extend(ttl.iter().flat_map(|ttl| [Blob::from_static("PX"), millis(*ttl)]));
                command("SET", blobs(&[value]), arguments)
            }
            (Discipline::None, Call::Delete { .. }) => command("DEL", blobs(&[value]), Vec::new()),
            (Discipline::NewestMiss, Call::Get { token }) => {
                script(scripts::GET, blobs(&[value, lease]), vec![token_text(token)])
            }
            (Discipline::SingleHolder, Call::Get { token }) => {
                let arguments = vec![token_text(token), millis(self.rules.block)];
                script(scripts::GET_WITH_BLOCK, blobs(&[value, lease, block]), arguments)
            }
            (
                Discipline::NewestMiss | Discipline::SingleHolder,
                Call::Set { token, state, ttl },
            ) => {
                let mut arguments = vec![token_text(token), register::text(state)];
                arguments.extend(ttl.map(millis));
                script(scripts::SET, blobs(&[value, lease, block]), arguments)
            }
            (Discipline::NewestMiss | Discipline::SingleHolder, Call::Delete { .. }) => {
                let keys = blobs(&[value, lease, &entry.deleted_block]);
                script(scripts::DELETE, keys, Vec::new())
            }
            (Discipline::StaleValues, Call::Get { token }) => {
                let keys = blobs(&[value, lease, block, &entry.outdated]);
                let arguments = vec![token_text(token), millis(self.rules.block)];
                script(scripts::STALE_GET, keys, arguments)
            }
            // The fill deletes the outdated value, not the block.
            (Discipline::StaleValues, Call::Set { token, state, ttl }) => {
                let mut arguments = vec![token_text(token), register::text(state)];
                arguments.extend(ttl.map(millis));
                script(scripts::SET, blobs(&[value, lease, &entry.outdated]), arguments)
            }
            (Discipline::StaleValues, Call::Delete { .. }) => {
                let keys = blobs(&[value, lease, &entry.outdated]);
                script(scripts::STALE_DELETE, keys, vec![millis(self.rules.stale_for)])
            }
        })
    }

    /// The Redis key of an entry's value.
    pub(crate) fn entry_key(&self, key: Key) -> Option<&Blob> {
        Some(&self.entries.get(key.index())?.value)
    }

    /// Returns the value stored under that key, or `None` if it is a lease.
    pub(crate) fn stored(&self, value: &Stored) -> Option<Observation> {
        register::parse(value.as_string()?.strip_prefix(self.prefix())?)
    }

    /// A command line that sets an entry to this value.
    pub(crate) fn preload(&self, key: Key, state: Observation) -> Option<Vec<Blob>> {
        let text = [self.prefix(), &register::text(state)].concat();
        Some(vec![Blob::from_static("SET"), self.entry_key(key)?.clone(), Blob::from(text)])
    }

    /// The prefix of a value.
    fn prefix(&self) -> &'static [u8] {
        match self.rules.discipline {
            Discipline::SharedToken => b"val:",
            _ => b"",
        }
    }

    /// Returns the meaning of the reply to a call.
    #[must_use]
    pub fn answer(&self, call: &Call, reply: &Reply) -> Answer {
        let answer = match (*call, reply) {
            (Call::Stats, Reply::Bulk(text)) => read_used_memory(text).map(Answer::Stats),
            _ if self.rules.discipline == Discipline::SharedToken => {
                many::answer(call, many::part(reply, 0))
            }
            (Call::Delete { version }, Reply::Integer(_) | Reply::Status(_)) => {
                Some(Answer::Deleted(version))
            }
            (Call::Get { token }, reply) => self.read_get(token, reply),
            (Call::Set { state, .. }, reply) => self.read_set(state, reply),
            _ => None,
        };
        answer.unwrap_or(Answer::Error)
    }

    fn read_get(&self, token: Token, reply: &Reply) -> Option<Answer> {
        let found = |text: &Blob| register::parse(text).map(Answer::Found);
        match (self.rules.discipline, reply) {
            (Discipline::None, Reply::Nil) => Some(Answer::Granted(token)),
            (Discipline::None, Reply::Bulk(text)) => found(text),
            (_, Reply::Array(parts)) => match &parts[..] {
                [Reply::Bulk(text), Reply::Nil] => found(text),
                [Reply::Nil, Reply::Bulk(text)] => {
                    number(text).map(|token| Answer::Granted(Token(token)))
                }
                [Reply::Nil, Reply::Nil] => Some(Answer::Wait),
                [Reply::Bulk(text), Reply::Nil, Reply::Nil] => found(text),
                [Reply::Nil, token, outdated] => read_miss(token, outdated),
                _ => None,
            },
            _ => None,
        }
    }

    fn read_set(&self, state: Observation, reply: &Reply) -> Option<Answer> {
        match reply {
            Reply::Status(_) => Some(Answer::Stored(state)),
            Reply::Error(error) if error.code() == scripts::NOT_VALID => Some(Answer::Refused),
            _ => None,
        }
    }
}

/// What `INFO memory` says.
fn read_used_memory(text: &[u8]) -> Option<u64> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let used = lines.find_map(|line| line.strip_prefix(b"used_memory:"))?;
    number(used.trim_ascii_end())
}

/// A miss whose reply has the value from before.
fn read_miss(token: &Reply, outdated: &Reply) -> Option<Answer> {
    let token = match token {
        Reply::Bulk(text) => Some(Token(number(text)?)),
        _ => None,
    };
    match (outdated, token) {
        (Reply::Bulk(text), token) => Some(Answer::Outdated(register::parse(text)?, token)),
        (_, Some(token)) => Some(Answer::Granted(token)),
        (_, None) => Some(Answer::Wait),
    }
}

/// A hundred years, which is longer than any run.
const FOR_EVER_SECONDS: u64 = 100 * 365 * 24 * 3600;

fn token_text(token: Token) -> Blob {
    Blob::from(token.to_string())
}

/// A duration for Redis, in milliseconds and at least 1.
fn millis(span: Span) -> Blob {
    Blob::from(span.as_millis().max(1).to_string())
}
