//! The facts about a command that a proxy needs: the keys that it may write, and whether it affects
//! its connection.
//!
//! An unknown command may write any key, and needs a connection of its own. So a future command of
//! Redis is slow, but not wrong.

use redis::Blob;

/// The facts about a command that a proxy needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its relation to the connection.
    pub standing: Standing,
    /// The keys that it may write.
    pub writes: Keys,
}

/// The relation of a command to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// `GET key`: the cache may answer it.
    Get,
    /// `PING`, which the proxy answers.
    Ping,
    /// `QUIT`, which the proxy answers.
    Quit,
    /// None: all clients can share one connection.
    Shared,
    /// It blocks, or changes the state of the connection.
    Own,
    /// It changes what later reads see on this connection: another database, another user.
    Leaves,
    /// It begins a transaction: until its end, reads must come from the server.
    Begins,
    /// It ends a transaction.
    Ends,
    /// The proxy refuses it, for this reason.
    Refused(&'static str),
}

/// The words of a command line that are keys which it may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// No keys.
    None,
    /// The words from one place to another. The name is at 0, and a negative place counts from the
    /// end.
    Range {
        /// The place of the first key.
        first: usize,
        /// The place of the last key.
        last: isize,
        /// The distance from one key to the next.
        step: usize,
    },
    /// Unknown keys.
    Any,
}

impl Keys {
    const FIRST: Keys = Keys::range(1, 1, 1);
    const FIRST_TWO: Keys = Keys::range(1, 2, 1);
    const ALL: Keys = Keys::range(1, -1, 1);
    const ALL_BUT_LAST: Keys = Keys::range(1, -2, 1);
    const EACH_OTHER: Keys = Keys::range(1, -1, 2);

    const fn range(first: usize, last: isize, step: usize) -> Keys {
        Keys::Range { first, last, step }
    }

    /// Returns the keys. A line that is too short has fewer keys. [`Keys::Any`] has none.
    pub fn of(self, line: &[Blob]) -> impl Iterator<Item = &Blob> {
        let (first, last, step) = match self {
            Keys::Range { first, last, step } => (first, last, step),
            Keys::None | Keys::Any => (line.len(), -1, 1),
        };
        let end = match usize::try_from(last) {
            Ok(last) => last.saturating_add(1).min(line.len()),
            Err(_) => (line.len() + 1).saturating_sub(last.unsigned_abs()),
        };
        line.get(first..end).unwrap_or_default().iter().step_by(step)
    }
}

/// The length of the longest known name, in bytes.
const NAME_MAX: usize = 24;

const PUSHES: &str = "ERR the proxy does not pass on push messages: connect to the server \
                      itself to subscribe or to monitor";
const REPLIES: &str = "ERR the proxy needs a reply to each command, and is a cache itself: connect \
                       to the server itself for this";
const REPLICAS: &str = "ERR the proxy passes on no replication: connect to the server itself";
const WAITS: &str = "ERR the proxy sends the writes of a client through more than one connection, \
                     and this waits for those of one: connect to the server itself";

impl Command {
    /// The facts about the command of a line.
    #[must_use]
    pub fn of(line: &[Blob]) -> Command {
        let mut buffer = [0; NAME_MAX];
        let name = lower(line.first(), &mut buffer);
        let mut buffer = [0; NAME_MAX];
        let (standing, writes) = match name {
            b"get" if line.len() == 2 => (Standing::Get, Keys::None),
            b"ping" if line.len() <= 2 => (Standing::Ping, Keys::None),
            b"quit" => (Standing::Quit, Keys::None),
            b"client" | b"config" | b"script" | b"xgroup" => {
                in_container(name, lower(line.get(1), &mut buffer))
            }
            b"select" if line.get(1).is_some_and(|number| **number == *b"0") => {
                (Standing::Own, Keys::None)
            }
            b"hello" if line.len() <= 2 => (Standing::Own, Keys::None),
            _ => about_connections(name)
                .or_else(|| shared(name).map(|writes| (Standing::Shared, writes)))
                .unwrap_or((Standing::Own, Keys::Any)),
        };
        Command { standing, writes }
    }
}

fn in_container(container: &[u8], name: &[u8]) -> (Standing, Keys) {
    match (container, name) {
        (b"client", b"reply" | b"tracking" | b"caching") => {
            (Standing::Refused(REPLIES), Keys::None)
        }
        (b"client", _) => (Standing::Own, Keys::None),
        (b"config", b"get") | (b"script", b"exists" | b"load") => (Standing::Shared, Keys::None),
        (b"config", _) => (Standing::Shared, Keys::Any),
        (b"script", b"debug") => (Standing::Refused(REPLIES), Keys::None),
        (b"xgroup", _) => (Standing::Shared, Keys::range(2, 2, 1)),
        _ => (Standing::Own, Keys::Any),
    }
}

/// Commands that affect their connection, or block it.
fn about_connections(name: &[u8]) -> Option<(Standing, Keys)> {
    Some(match name {
        b"auth" | b"hello" | b"select" => (Standing::Leaves, Keys::None),
        b"multi" | b"watch" => (Standing::Begins, Keys::None),
        b"discard" | b"exec" | b"reset" => (Standing::Ends, Keys::None),
        b"asking" | b"readonly" | b"readwrite" | b"unwatch" | b"xread" => {
            (Standing::Own, Keys::None)
        }
        b"blmove" | b"brpoplpush" => (Standing::Own, Keys::FIRST_TWO),
        // Some of these words are not keys, but that does no harm.
        b"blmpop" | b"bzmpop" | b"xreadgroup" => (Standing::Own, Keys::ALL),
        b"blpop" | b"brpop" | b"bzpopmax" | b"bzpopmin" => (Standing::Own, Keys::ALL_BUT_LAST),
        b"monitor" | b"psubscribe" | b"punsubscribe" | b"ssubscribe" | b"subscribe"
        | b"sunsubscribe" | b"unsubscribe" => (Standing::Refused(PUSHES), Keys::None),
        b"psync" | b"replconf" | b"sync" => (Standing::Refused(REPLICAS), Keys::None),
        b"wait" | b"waitaof" => (Standing::Refused(WAITS), Keys::None),
        _ => return None,
    })
}

/// Commands that write nothing, and mean the same on any connection. Sorted.
const READS: [&str; 96] = [
    "bitcount",
    "bitfield_ro",
    "bitpos",
    "command",
    "dbsize",
    "dump",
    "echo",
    "eval_ro",
    "evalsha_ro",
    "exists",
    "expiretime",
    "fcall_ro",
    "geodist",
    "geohash",
    "geopos",
    "georadius_ro",
    "georadiusbymember_ro",
    "geosearch",
    "get",
    "getbit",
    "getrange",
    "hexists",
    "hget",
    "hgetall",
    "hkeys",
    "hlen",
    "hmget",
    "hrandfield",
    "hscan",
    "hstrlen",
    "hvals",
    "info",
    "keys",
    "lastsave",
    "latency",
    "lcs",
    "lindex",
    "llen",
    "lolwut",
    "lpos",
    "lrange",
    "memory",
    "mget",
    "object",
    "pexpiretime",
    "pfcount",
    "ping",
    "pttl",
    "publish",
    "pubsub",
    "randomkey",
    "role",
    "scan",
    "scard",
    "sdiff",
    "sinter",
    "sintercard",
    "sismember",
    "slowlog",
    "smembers",
    "smismember",
    "sort_ro",
    "spublish",
    "srandmember",
    "sscan",
    "strlen",
    "substr",
    "sunion",
    "time",
    "touch",
    "ttl",
    "type",
    "xinfo",
    "xlen",
    "xpending",
    "xrange",
    "xrevrange",
    "zcard",
    "zcount",
    "zdiff",
    "zinter",
    "zintercard",
    "zlexcount",
    "zmscore",
    "zrandmember",
    "zrange",
    "zrangebylex",
    "zrangebyscore",
    "zrank",
    "zrevrange",
    "zrevrangebylex",
    "zrevrangebyscore",
    "zrevrank",
    "zscan",
    "zscore",
    "zunion",
];

/// Commands that write their first key, and mean the same on any connection. Sorted.
const WRITES_FIRST: [&str; 65] = [
    "append",
    "bitfield",
    "decr",
    "decrby",
    "expire",
    "expireat",
    "geoadd",
    "getdel",
    "getex",
    "getset",
    "hdel",
    "hincrby",
    "hincrbyfloat",
    "hmset",
    "hset",
    "hsetnx",
    "incr",
    "incrby",
    "incrbyfloat",
    "linsert",
    "lpop",
    "lpush",
    "lpushx",
    "lrem",
    "lset",
    "ltrim",
    "move",
    "persist",
    "pexpire",
    "pexpireat",
    "pfadd",
    "psetex",
    "restore",
    "rpop",
    "rpush",
    "rpushx",
    "sadd",
    "sdiffstore",
    "set",
    "setbit",
    "setex",
    "setnx",
    "setrange",
    "sinterstore",
    "spop",
    "srem",
    "sunionstore",
    "xack",
    "xadd",
    "xautoclaim",
    "xclaim",
    "xdel",
    "xsetid",
    "xtrim",
    "zadd",
    "zdiffstore",
    "zincrby",
    "zinterstore",
    "zpopmax",
    "zpopmin",
    "zrem",
    "zremrangebylex",
    "zremrangebyrank",
    "zremrangebyscore",
    "zunionstore",
];

/// Other commands that mean the same on any connection, and the keys that they may write. A script
/// may write more keys than its arguments name.
fn shared(name: &[u8]) -> Option<Keys> {
    let is_among =
        |names: &[&str]| names.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok();
    if is_among(&WRITES_FIRST) {
        return Some(Keys::FIRST);
    }
    if is_among(&READS) {
        return Some(Keys::None);
    }
    Some(match name {
        b"copy" | b"geosearchstore" | b"lmove" | b"rename" | b"renamenx" | b"rpoplpush"
        | b"smove" | b"zrangestore" => Keys::FIRST_TWO,
        b"bitop" => Keys::range(2, -1, 1),
        b"del" | b"lmpop" | b"pfmerge" | b"unlink" | b"zmpop" => Keys::ALL,
        b"mset" | b"msetnx" => Keys::EACH_OTHER,
        b"eval" | b"evalsha" | b"fcall" | b"flushall" | b"flushdb" | b"georadius"
        | b"georadiusbymember" | b"migrate" | b"sort" | b"swapdb" => Keys::Any,
        _ => return None,
    })
}

/// A word in lower case, or an empty text if it is too long for a name.
fn lower<'a>(word: Option<&Blob>, buffer: &'a mut [u8; NAME_MAX]) -> &'a [u8] {
    let word = word.map_or(&[][..], |word| word);
    let Some(lower) = buffer.get_mut(..word.len()) else { return &[] };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(READS.is_sorted() && WRITES_FIRST.is_sorted());
    }

    #[test]
    fn keys_are_found_in_lines_of_any_length() {
        let keys = |line: &str| {
            let line: Vec<Blob> = line.split(' ').map(Blob::from).collect();
            let keys = Command::of(&line).writes;
            keys.of(&line).map(Blob::to_string).collect::<Vec<_>>().join(" ")
        };
        for (line, expected) in [
            ("SET k v", "k"),
            ("set k v PX 5", "k"),
            ("SET", ""),
            ("DEL a b c", "a b c"),
            ("MSET a 1 b 2", "a b"),
            ("RENAME a b", "a b"),
            ("RENAME a", "a"),
            ("BITOP AND d a b", "d a b"),
            ("BLPOP a b 0", "a b"),
            ("BLPOP", ""),
            ("GET k", ""),
            ("FLUSHALL", ""),
            ("XGROUP CREATE s g $", "s"),
            ("XGROUP", ""),
        ] {
            assert_eq!(keys(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_not_known_may_write_anything_and_is_kept_apart() {
        let long = "x".repeat(1_000);
        for line in ["FOO.BAR k", "GET", "GET a b", "", &long, "SCRIPT FLUSH", "PING a b c"] {
            let line: Vec<Blob> = line.split(' ').map(Blob::from).collect();
            let Command { standing, writes } = Command::of(&line);
            let is_known = matches!(&*line[0], b"GET" | b"PING");
            let expected = if is_known { Standing::Shared } else { Standing::Own };
            assert_eq!(standing, expected, "{line:?}");
            assert_eq!(writes == Keys::Any, !is_known, "{line:?}");
        }
        assert_eq!(Command::of(&[]).writes, Keys::Any);
    }
}
