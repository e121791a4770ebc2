//! What replies look like in either version of the protocol.
//!
//! A [`Reply`] has the types that both have. RESP3 says more: that an array is a map or a set, that
//! a string is a number. RESP2 has two kinds of nil: one in place of a string, one in place of an
//! array. Which it is depends on nothing but the command, so the command line tells; and a
//! transaction's replies have the shapes of the commands that were queued.

use super::Protocol;
use super::encode::{announce, encode_reply};
use crate::{Blob, Reply};

/// What the reply to a command is. But for nil in place of an array, that is told in RESP3 only.
/// Errors are what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// What the reply says that it is.
    #[default]
    AsIs,
    /// An array, or nil in its place.
    Array,
    /// Keys and values in turn make a map.
    Map,
    /// An array is a set.
    Set,
    /// A string is a floating-point number; so are those in an array.
    Number,
    /// A string is text that is meant for people.
    Text,
    /// A member and its score.
    Popped,
    /// Two entries each make an array of two, of which the second is what this says.
    Pairs(Second),
    /// Each entry is shaped for itself.
    Each(Vec<Shape>),
    /// Descriptions of commands.
    Commands,
    /// The description of a command.
    Command,
}

/// What the second of two is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// What it is in RESP2.
    AsIs,
    /// A floating-point number.
    Number,
}

impl Shape {
    /// Of the reply to this command line, if that is not `EXEC`.
    ///
    /// ```
    /// use redis::{Blob, Reply};
    /// use redis::resp::{Protocol, Shape};
    ///
    /// let shape = Shape::of(&["HGETALL", "h"].map(Blob::from));
    /// let reply = Reply::Array(["f", "v"].map(Blob::from).map(Reply::Bulk).to_vec());
    /// let mut out = Vec::new();
    /// shape.encode(&reply, Protocol::Resp3, &mut out);
    /// assert_eq!(out, b"%1\r\n$1\r\nf\r\n$1\r\nv\r\n");
    /// ```
    #[must_use]
    pub fn of(line: &[Blob]) -> Shape {
        let Some((name, arguments)) = line.split_first() else {
            return Shape::AsIs;
        };
        // All names of commands that need a look are shorter than this.
        let mut lower = [0; 24];
        let Some(lower) = lower.get_mut(..name.len()) else {
            return Shape::AsIs;
        };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let has = |from: usize, option: &str| {
            let options = arguments.get(from..).unwrap_or_default();
            options.iter().any(|word| word.eq_ignore_ascii_case(option.as_bytes()))
        };
        let first_is = |word: &str| {
            arguments.first().is_some_and(|first| first.eq_ignore_ascii_case(word.as_bytes()))
        };
        let if_so = |so: bool, shape: Shape| if so { shape } else { Shape::AsIs };
        match &*lower {
            b"hello" | b"hgetall" => Shape::Map,
            b"lpop" | b"rpop" => if_so(arguments.len() > 1, Shape::Array),
            b"config" => if_so(first_is("get"), Shape::Map),
            b"lcs" => if_so(has(2, "idx"), Shape::Map),
            b"smembers" | b"sinter" | b"sunion" | b"sdiff" => Shape::Set,
            b"spop" => if_so(arguments.len() > 1, Shape::Set),
            b"zscore" | b"zincrby" | b"zmscore" => Shape::Number,
            b"zadd" => if_so(has(1, "incr"), Shape::Number),
            b"info" | b"lolwut" => Shape::Text,
            b"client" => if_so(first_is("list") || first_is("info"), Shape::Text),
            b"zpopmin" | b"zpopmax" if arguments.len() > 1 => Shape::Pairs(Second::Number),
            b"zpopmin" | b"zpopmax" => Shape::Popped,
            b"zrange" | b"zrevrange" | b"zrangebyscore" | b"zrevrangebyscore" => {
                if_so(has(3, "withscores"), Shape::Pairs(Second::Number))
            }
            b"zunion" | b"zinter" | b"zdiff" => {
                let keys = arguments.first().and_then(|count| std::str::from_utf8(count).ok());
                let keys = keys.and_then(|count| count.parse::<u32>().ok()).unwrap_or(0);
                let scores = has(keys as usize + 1, "withscores");
                if_so(scores, Shape::Pairs(Second::Number))
            }
            b"zrandmember" => if_so(has(2, "withscores"), Shape::Pairs(Second::Number)),
            b"hrandfield" => if_so(has(2, "withvalues"), Shape::Pairs(Second::AsIs)),
            b"command" => if_so(arguments.is_empty() || first_is("info"), Shape::Commands),
            _ => Shape::AsIs,
        }
    }

    /// Adds a reply of this shape to the bytes that go `out`.
    pub fn encode(&self, reply: &Reply, protocol: Protocol, out: &mut Vec<u8>) {
        let entries = match reply {
            Reply::Array(entries) if !self.is_whole() => entries,
            _ => return self.encode_whole(reply, protocol, out),
        };
        self.begin(entries.len(), protocol, out);
        for (index, entry) in entries.iter().enumerate() {
            self.before_entry(index, entries.len(), protocol, out);
            self.of_entry(index, protocol).encode(entry, protocol, out);
        }
    }

    /// Whether a string of this shape is told as a string.
    pub(super) const fn is_plain(&self, protocol: Protocol) -> bool {
        matches!(protocol, Protocol::Resp2) || !matches!(self, Shape::Number | Shape::Text)
    }

    /// Whether an array of this shape is encoded as a whole, rather than entry by entry.
    pub(super) const fn is_whole(&self) -> bool {
        matches!(self, Shape::Command)
    }

    /// Adds what is no array, or is encoded as a whole.
    pub(super) fn encode_whole(&self, reply: &Reply, protocol: Protocol, out: &mut Vec<u8>) {
        match (protocol, self, reply) {
            (Protocol::Resp3, Shape::Command, _) => describe(reply, out),
            (Protocol::Resp2, Shape::Array | Shape::Each(_), Reply::Nil) => {
                out.extend_from_slice(b"*-1\r\n");
            }
            (Protocol::Resp3, Shape::Number, Reply::Bulk(text)) => {
                out.push(b',');
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            (Protocol::Resp3, Shape::Text, Reply::Bulk(text)) => {
                announce(b'=', text.len() + 4, out);
                out.extend_from_slice(b"txt:");
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            _ => encode_reply(reply, protocol, out),
        }
    }

    /// Announces an array of this shape with so many entries.
    pub(super) fn begin(&self, entries: usize, protocol: Protocol, out: &mut Vec<u8>) {
        match (protocol, self) {
            (Protocol::Resp3, Shape::Map) => announce(b'%', entries / 2, out),
            (Protocol::Resp3, Shape::Set) => announce(b'~', entries, out),
            (Protocol::Resp3, Shape::Pairs(_)) => announce(b'*', entries / 2, out),
            _ => announce(b'*', entries, out),
        }
    }

    /// Announces what the entry at that place begins: a pair.
    pub(super) fn before_entry(
        &self,
        index: usize,
        entries: usize,
        protocol: Protocol,
        out: &mut Vec<u8>,
    ) {
        if let (Protocol::Resp3, Shape::Pairs(_)) = (protocol, self)
            && index.is_multiple_of(2)
        {
            announce(b'*', (entries - index).min(2), out);
        }
    }

    /// The shape of the entry at that place of an array of this shape.
    pub(super) fn of_entry(&self, index: usize, protocol: Protocol) -> &Shape {
        match (protocol, self) {
            (_, Shape::Each(shapes)) => shapes.get(index).unwrap_or(&Shape::AsIs),
            (Protocol::Resp2, _) => &Shape::AsIs,
            (_, Shape::Number) => &Shape::Number,
            (_, Shape::Popped | Shape::Pairs(Second::Number)) if !index.is_multiple_of(2) => {
                &Shape::Number
            }
            (_, Shape::Commands) => &Shape::Command,
            _ => &Shape::AsIs,
        }
    }
}

/// The description of a command: its flags, ACL categories, tips, key specifications and
/// subcommands are sets.
fn describe(command: &Reply, out: &mut Vec<u8>) {
    let Reply::Array(fields) = command else {
        return encode_reply(command, Protocol::Resp3, out);
    };
    announce(b'*', fields.len(), out);
    for (index, field) in fields.iter().enumerate() {
        match (index, field) {
            (2 | 6 | 7, _) => Shape::Set.encode(field, Protocol::Resp3, out),
            (8, Reply::Array(keys)) => {
                announce(b'~', keys.len(), out);
                keys.iter().for_each(|key| specify(key, out));
            }
            (9, Reply::Array(subcommands)) => {
                announce(b'~', subcommands.len(), out);
                subcommands.iter().for_each(|command| describe(command, out));
            }
            _ => encode_reply(field, Protocol::Resp3, out),
        }
    }
}

/// Where the keys of a command are: a map of maps, apart from a set of flags.
fn specify(keys: &Reply, out: &mut Vec<u8>) {
    let Reply::Array(entries) = keys else {
        return encode_reply(keys, Protocol::Resp3, out);
    };
    announce(b'%', entries.len() / 2, out);
    for entry in entries.chunks(2) {
        match entry {
            [Reply::Bulk(name), flags] if **name == *b"flags" => {
                encode_reply(&entry[0], Protocol::Resp3, out);
                Shape::Set.encode(flags, Protocol::Resp3, out);
            }
            _ => entry.iter().for_each(|part| specify(part, out)),
        }
    }
}

/// The shapes of the replies of one connection, whose transactions it follows.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    queued: Vec<Shape>,
}

impl Shapes {
    /// The shape of this reply to this command line.
    pub fn next(&mut self, line: &[Blob], reply: &Reply, protocol: Protocol) -> Shape {
        let is_what_it_is = match reply {
            Reply::Status(text) => **text != *b"QUEUED",
            Reply::Integer(_) | Reply::Bulk(_) | Reply::Error(_) => protocol == Protocol::Resp2,
            Reply::Nil | Reply::Array(_) => false,
        };
        if is_what_it_is && self.queued.is_empty() {
            return Shape::AsIs;
        }
        let is = |name: &str| line[0].eq_ignore_ascii_case(name.as_bytes());
        match reply {
            Reply::Status(text) if **text == *b"QUEUED" => {
                self.queued.push(Shape::of(line));
                Shape::AsIs
            }
            _ if is("EXEC") => Shape::Each(std::mem::take(&mut self.queued)),
            _ if is("MULTI") || is("DISCARD") || is("RESET") => {
                self.queued = Vec::new();
                Shape::AsIs
            }
            _ => Shape::of(line),
        }
    }
}
