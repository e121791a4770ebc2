//! The types of replies in RESP3.
//!
//! A [`Reply`] has only the types that both versions share. RESP3 also distinguishes maps and sets
//! from arrays, and numbers from strings. RESP2 has two kinds of nil: one for strings and one for
//! arrays. A command line determines which of these a reply is. A transaction's replies have the
//! shapes of the queued commands.

use super::Protocol;
use super::encode::{announce, encode_reply};
use crate::{Blob, Reply};

/// The type of a command's reply. RESP2 uses it only to choose the kind of nil. Errors have no
/// shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// The type that the [`Reply`] has.
    #[default]
    AsIs,
    /// An array, or the nil of arrays.
    Array,
    /// An array of alternating keys and values is a map.
    Map,
    /// An array is a set.
    Set,
    /// A string is a floating-point number. So are the strings in an array.
    Number,
    /// A string is text for people.
    Text,
    /// A member and its score.
    Popped,
    /// Each two entries form an array of two. The second has this type.
    Pairs(Second),
    /// Each entry has its own shape.
    Each(Vec<Shape>),
    /// Descriptions of commands.
    Commands,
    /// The description of a command.
    Command,
}

/// The type of the second entry of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// The type that it has in RESP2.
    AsIs,
    /// A floating-point number.
    Number,
}

impl Shape {
    /// The shape of the reply to this command line, which must not be `EXEC`.
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
        // All commands with a special shape have shorter names.
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

    /// Appends a reply of this shape to `out`.
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

    /// Whether a string of this shape is encoded as a string.
    pub(super) const fn is_plain(&self, protocol: Protocol) -> bool {
        matches!(protocol, Protocol::Resp2) || !matches!(self, Shape::Number | Shape::Text)
    }

    /// Whether an array of this shape is encoded as a whole, not entry by entry.
    pub(super) const fn is_whole(&self) -> bool {
        matches!(self, Shape::Command)
    }

    /// Appends a reply that is not an array, or is encoded as a whole.
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

    /// Appends the header of an array of this shape.
    pub(super) fn begin(&self, entries: usize, protocol: Protocol, out: &mut Vec<u8>) {
        match (protocol, self) {
            (Protocol::Resp3, Shape::Map) => announce(b'%', entries / 2, out),
            (Protocol::Resp3, Shape::Set) => announce(b'~', entries, out),
            (Protocol::Resp3, Shape::Pairs(_)) => announce(b'*', entries / 2, out),
            _ => announce(b'*', entries, out),
        }
    }

    /// Appends the header of a pair, if the entry at this index begins one.
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

    /// The shape of the entry at this index of an array of this shape.
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

/// Appends the description of a command. Its flags, ACL categories, tips, key specifications and
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

/// Appends a key specification: a map of maps, with a set of flags.
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

/// The shapes of the replies of one connection. It keeps track of transactions.
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
