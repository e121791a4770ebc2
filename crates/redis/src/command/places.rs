//! Elements of lists by index or by value: `LRANGE`, `LTRIM`, `LINDEX`, `LSET`, `LINSERT`, `LREM`,
//! `LPOS`.

use std::ops::Range;

use super::is_option;
use crate::value::{End, List};
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, integer};

/// `LRANGE key start stop`
pub(super) fn lrange(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (start, stop) = (integer::parse(&arguments[1])?, integer::parse(&arguments[2])?);
    let Database { keyspace, replies, .. } = database;
    let elements = keyspace.read_as(now, &arguments[0], |list: &List| {
        let elements = list.range(range(start, stop, list.len()));
        replies.array(elements.cloned().map(Reply::Bulk))
    })?;
    elements.unwrap_or(Ok(Reply::Array(Vec::new())))
}

/// `LTRIM key start stop`
pub(super) fn ltrim(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (start, stop) = (integer::parse(&arguments[1])?, integer::parse(&arguments[2])?);
    let trimmed = database.keyspace.update_as(now, &arguments[0], |list: &mut List| {
        list.trim(range(start, stop, list.len()));
    })?;
    if trimmed.is_some() {
        database.keyspace.touch(&arguments[0]);
    }
    Ok(Reply::ok())
}

/// The range from index `start` to `stop`, both inclusive, in a sequence of `len`. A negative index
/// counts from the end.
pub(super) fn range(start: i64, stop: i64, len: usize) -> Range<usize> {
    let from_start = |index: i64| i128::from(index) + if index < 0 { len as i128 } else { 0 };
    let start = usize::try_from(from_start(start).max(0)).unwrap_or(len).min(len);
    let end = usize::try_from((from_start(stop) + 1).max(0)).unwrap_or(len).min(len);
    start..end.max(start)
}

/// Resolves an index. A negative index counts from the end.
fn place(index: i64, len: usize) -> Option<usize> {
    let place = if index < 0 { i128::from(index) + len as i128 } else { i128::from(index) };
    usize::try_from(place).ok().filter(|place| *place < len)
}

/// `LINDEX key index`: a missing key gives nil for every index.
pub(super) fn lindex(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let element = database.keyspace.read_as(now, &arguments[0], |list: &List| {
        let place = place(integer::parse(&arguments[1])?, list.len());
        Ok(place.and_then(|place| list.get(place).cloned()))
    })?;
    Ok(Reply::from(element.transpose()?.flatten()))
}

/// `LSET key index element`
pub(super) fn lset(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, index, element) = (&arguments[0], &arguments[1], &arguments[2]);
    let replaced = database.keyspace.update_as(now, key, |list: &mut List| {
        let place = place(integer::parse(index)?, list.len());
        let replaced = place.and_then(|place| list.replace(place, element.clone()));
        replaced.ok_or(ErrorReply::from_static("ERR index out of range"))
    })?;
    replaced.ok_or(ErrorReply::no_such_key())??;
    database.keyspace.touch(key);
    Ok(Reply::ok())
}

/// `LINSERT key BEFORE|AFTER pivot element`: returns the new length, or -1 if the pivot does not
/// exist.
pub(super) fn linsert(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, pivot, element) = (&arguments[0], &arguments[2], &arguments[3]);
    let distance = if is_option(&arguments[1], "BEFORE") {
        0
    } else if is_option(&arguments[1], "AFTER") {
        1
    } else {
        return Err(ErrorReply::syntax());
    };
    let reply = database.keyspace.update_as(now, key, |list: &mut List| {
        let Some(place) = list.iter().position(|element| element == pivot) else {
            return Reply::Integer(-1);
        };
        list.insert(place + distance, element.clone());
        Reply::from(list.len())
    })?;
    Ok(reply.unwrap_or(Reply::Integer(0)))
}

/// `LREM key count element`: removes the first `count` matches, the last `-count` if it is
/// negative, or all if it is 0.
pub(super) fn lrem(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, count, element) = (&arguments[0], integer::parse(&arguments[1])?, &arguments[2]);
    let end = if count < 0 { End::Tail } else { End::Head };
    let at_most = match count {
        0 => usize::MAX,
        _ => usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX),
    };
    let removed = database
        .keyspace
        .update_as(now, key, |list: &mut List| list.remove(element, end, at_most))?;
    Ok(Reply::from(removed.unwrap_or(0)))
}

/// `LPOS key element [RANK rank] [COUNT count] [MAXLEN len]`: returns one index, or an array if
/// `COUNT` is given.
pub(super) fn lpos(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, element) = (&arguments[0], &arguments[1]);
    let search = Search::parse(&arguments[2..])?;
    let found = database.keyspace.read_as(now, key, |list: &List| search.places(list, element))?;
    let mut found = found.unwrap_or_default().into_iter().map(Reply::from);
    Ok(match search.count {
        None => found.next().unwrap_or(Reply::Nil),
        Some(_) => database.replies.array(found)?,
    })
}

/// The options of `LPOS`.
struct Search {
    /// The end where the search begins.
    end: End,
    /// The one-based rank of the first match to return. 0 means 1, without a limit on the number of
    /// matches.
    first: usize,
    /// How many matches to return. 0 means all. `None` means one, not in an array.
    count: Option<usize>,
    /// How many elements to compare. 0 means all.
    len_max: usize,
}

impl Search {
    fn parse(mut words: &[Blob]) -> Result<Search, ErrorReply> {
        let mut search = Search { end: End::Head, first: 1, count: None, len_max: 0 };
        while let [name, value, rest @ ..] = words {
            words = rest;
            if is_option(name, "RANK") {
                search.rank(integer::parse(value)?)?;
            } else if is_option(name, "COUNT") {
                search.count = Some(integer::parse_count(value, "ERR COUNT can't be negative")?);
            } else if is_option(name, "MAXLEN") {
                search.len_max = integer::parse_count(value, "ERR MAXLEN can't be negative")?;
            } else {
                return Err(ErrorReply::syntax());
            }
        }
        if words.is_empty() { Ok(search) } else { Err(ErrorReply::syntax()) }
    }

    /// The lowest rank cannot be negated. It overflows in Redis, which then never stops at a match.
    fn rank(&mut self, rank: i64) -> Result<(), ErrorReply> {
        if rank == 0 {
            return Err(ErrorReply::from_static(
                "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second \
                 ... or use negative to start from the end of the list",
            ));
        }
        let size = rank.checked_abs().unwrap_or(0);
        self.first = usize::try_from(size).unwrap_or(usize::MAX);
        self.end = if rank < 0 { End::Tail } else { End::Head };
        Ok(())
    }

    fn places(&self, list: &List, wanted: &Blob) -> Vec<usize> {
        let all_if_none = |number: usize| if number == 0 { usize::MAX } else { number };
        let matches = |(place, element): (usize, &Blob)| (element == wanted).then_some(place);
        let len_max = all_if_none(self.len_max);
        let count = if self.first == 0 { usize::MAX } else { self.count.map_or(1, all_if_none) };
        let elements = list.iter().enumerate();
        let chosen = |places: &mut dyn Iterator<Item = usize>| {
            places.skip(self.first.saturating_sub(1)).take(count).collect()
        };
        match self.end {
            End::Head => chosen(&mut elements.take(len_max).filter_map(matches)),
            End::Tail => chosen(&mut elements.rev().take(len_max).filter_map(matches)),
        }
    }
}
