//! Incremental iteration: `SCAN`, `HSCAN`, `SSCAN`.
//!
//! Each name (a key, a field, a member) has a place that depends only on its bytes. A cursor is the
//! place where the next call continues. So the server stores no cursors. As in Redis, names that
//! exist from the first call to the last are found, and others may be. Unlike in Redis, no name is
//! found twice. Each call takes time in proportion to the size of the collection.

use xxhash_rust::xxh3::xxh3_64;

use super::is_option;
use crate::reply::ReplyBudget;
use crate::value::{Fields, Set};
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, glob, integer};

/// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`: as in Redis, it removes the expired
/// keys that it reaches and that match the pattern.
pub(super) fn scan(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let cursor = parse_cursor(&arguments[0])?;
    let options = Options::parse(&arguments[1..], Typed::Yes)?;
    let keys = database.keyspace.iter_unordered().map(|(key, _)| (key, key));
    let (next, page) = page(keys, cursor, options.count);
    let page: Vec<Blob> = page.into_iter().filter(|key| options.allow(key)).cloned().collect();
    let is_wanted = |key: &Blob| {
        let name = database.keyspace.read(now, key, |entry| entry.value.type_name());
        match options.type_name {
            // As in Redis, a key that has just expired has the type of a missing key.
            Some(wanted) => is_option(wanted, name.unwrap_or("none")),
            None => name.is_some(),
        }
    };
    let page: Vec<Blob> = page.into_iter().filter(is_wanted).collect();
    found(&mut database.replies, next, page)
}

/// `HSCAN key cursor [MATCH pattern] [COUNT count]`: each field, followed by its value. As in
/// Redis, one call returns all of a small hash.
pub(super) fn hscan(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let cursor = parse_cursor(&arguments[1])?;
    let Database { keyspace, replies, .. } = database;
    let reply = keyspace.read_as(now, &arguments[0], |fields: &Fields| {
        let options = Options::parse(&arguments[2..], Typed::No)?;
        let fields_and_values = fields.iter().map(|pair| (pair.0, pair));
        let (next, page) = match fields.is_compact() {
            true => (0, fields.iter().collect()),
            false => page(fields_and_values, cursor, options.count),
        };
        let wanted = page.into_iter().filter(|(field, _)| options.allow(field));
        found(replies, next, wanted.flat_map(|(field, value)| [field, value]).cloned())
    })?;
    reply.unwrap_or_else(|| found(replies, 0, []))
}

/// `SSCAN key cursor [MATCH pattern] [COUNT count]`: as in Redis, one call returns all of a small
/// set of integers.
pub(super) fn sscan(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let cursor = parse_cursor(&arguments[1])?;
    let Database { keyspace, replies, .. } = database;
    let reply = keyspace.read_as(now, &arguments[0], |set: &Set| {
        let options = Options::parse(&arguments[2..], Typed::No)?;
        let (next, page) = match set.is_compact() {
            true => (0, set.iter().collect()),
            false => page(set.iter().map(|member| (member, member)), cursor, options.count),
        };
        found(replies, next, page.into_iter().filter(|member| options.allow(member)).cloned())
    })?;
    reply.unwrap_or_else(|| found(replies, 0, []))
}

/// The reply: the cursor of the next call, or 0 if there is none, and the items found.
pub(super) fn found(
    replies: &mut ReplyBudget,
    next: u64,
    found: impl IntoIterator<Item = Blob>,
) -> Result<Reply, ErrorReply> {
    let next = Reply::Bulk(Blob::format(format_args!("{next}")));
    let found = replies.array(found.into_iter().map(Reply::Bulk))?;
    Ok(Reply::Array(vec![next, found]))
}

/// The items at the first `count` places from `cursor` on, and the next place, or 0 if there is
/// none. Names with the same place are returned by the same call.
pub(super) fn page<'a, T>(
    named: impl Iterator<Item = (&'a Blob, T)>,
    cursor: u64,
    count: usize,
) -> (u64, Vec<T>) {
    let placed = named.map(|(name, item)| ((place(name), name), item));
    let mut rest: Vec<((u64, &Blob), T)> =
        placed.filter(|((place, _), _)| *place >= cursor).collect();
    rest.sort_unstable_by_key(|(place_and_name, _)| *place_and_name);
    let place_at = |index: usize| rest.get(index).map(|((place, _), _)| *place);
    let last = place_at(count.saturating_sub(1)).unwrap_or(u64::MAX);
    let end = rest.partition_point(|((place, _), _)| *place <= last);
    let next = place_at(end).unwrap_or(0);
    rest.truncate(end);
    (next, rest.into_iter().map(|(_, item)| item).collect())
}

/// 48 bits fit in every type of number that clients parse cursors as.
fn place(name: &[u8]) -> u64 {
    xxh3_64(name) >> 16
}

/// Parses a cursor as `strtoul` does: an empty text is 0, and a sign is allowed.
pub(super) fn parse_cursor(text: &[u8]) -> Result<u64, ErrorReply> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or(&[]);
    let (negative, digits) = match text {
        [] => return Ok(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let number = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    let number = number.and_then(|digits| digits.parse::<u64>().ok());
    let number = number.ok_or(ErrorReply::from_static("ERR invalid cursor"))?;
    Ok(if negative { number.wrapping_neg() } else { number })
}

/// Whether the command has an option `TYPE`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    Yes,
    No,
}

/// The options of all three commands.
pub(super) struct Options<'a> {
    pattern: Option<&'a [u8]>,
    type_name: Option<&'a [u8]>,
    pub(super) count: usize,
}

impl<'a> Options<'a> {
    const COUNT: usize = 10;

    pub(super) fn parse(mut words: &'a [Blob], typed: Typed) -> Result<Options<'a>, ErrorReply> {
        let mut options = Options { pattern: None, type_name: None, count: Options::COUNT };
        while let [name, value, rest @ ..] = words {
            words = rest;
            if is_option(name, "COUNT") {
                let count = usize::try_from(integer::parse(value)?.max(0)).unwrap_or(usize::MAX);
                options.count =
                    Some(count).filter(|count| *count > 0).ok_or(ErrorReply::syntax())?;
            } else if is_option(name, "MATCH") {
                options.pattern = Some(value);
            } else if is_option(name, "TYPE") && typed == Typed::Yes {
                options.type_name = Some(value);
            } else {
                return Err(ErrorReply::syntax());
            }
        }
        if words.is_empty() { Ok(options) } else { Err(ErrorReply::syntax()) }
    }

    /// Whether the pattern matches. Like Redis, it does not try the pattern `*`.
    pub(super) fn allow(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| pattern == b"*" || glob::matches(pattern, name))
    }
}
