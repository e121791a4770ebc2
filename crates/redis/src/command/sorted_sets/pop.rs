//! Popping, random picks, and iteration: `ZPOPMIN`, `ZPOPMAX`, `ZRANDMEMBER`, `ZSCAN`.

use super::interval::Direction;
use super::{Columns, rows};
use crate::command::chance::{pick, picks};
use crate::command::is_option;
use crate::command::scan::{Options, Typed, found, page, parse_cursor};
use crate::{Blob, Database, ErrorReply, Reply, Score, SortedSet, UnixTime, integer};

/// `ZPOPMIN key [count]`
pub(in crate::command) fn zpopmin(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    pop(database, now, arguments, Direction::Forward)
}

/// `ZPOPMAX key [count]`
pub(in crate::command) fn zpopmax(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    pop(database, now, arguments, Direction::Reverse)
}

fn pop(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    from: Direction,
) -> Result<Reply, ErrorReply> {
    let count = match arguments {
        [_] => 1,
        [_, count] => integer::parse(count)
            .ok()
            .and_then(|count| usize::try_from(count).ok())
            .ok_or(ErrorReply::from_static("ERR value is out of range, must be positive"))?,
        _ => return Err(ErrorReply::syntax()),
    };
    let Database { keyspace, replies, .. } = database;
    let popped = keyspace.update_as(now, &arguments[0], |set: &mut SortedSet| {
        let count = count.min(set.len());
        replies.expect(count.saturating_mul(2))?;
        let ranks = match from {
            Direction::Forward => 0..count,
            Direction::Reverse => set.len() - count..set.len(),
        };
        let members = set.range(ranks.clone());
        let reply = match from {
            Direction::Forward => rows(members, Columns::MembersAndScores).collect(),
            Direction::Reverse => rows(members.rev(), Columns::MembersAndScores).collect(),
        };
        let reply = Reply::Array(reply);
        replies.take(reply.size())?;
        set.remove_range(ranks);
        Ok(reply)
    })?;
    popped.unwrap_or(Ok(Reply::Array(Vec::new())))
}

/// `ZRANDMEMBER key [count [WITHSCORES]]`: with a negative count, picks may repeat.
pub(in crate::command) fn zrandmember(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let count = arguments.get(1).map(|count| integer::parse_signed_count(count)).transpose()?;
    let columns = match arguments.get(2..) {
        None | Some([]) => Columns::Members,
        Some([word]) if is_option(word, "WITHSCORES") => Columns::MembersAndScores,
        _ => return Err(ErrorReply::syntax()),
    };
    let is_far = count.is_some_and(|count| count.unsigned_abs() > i64::MAX as u64 / 2);
    if columns == Columns::MembersAndScores && is_far {
        return Err(ErrorReply::from_static("ERR value is out of range"));
    }
    let Database { keyspace, chance, replies, .. } = database;
    let picked = keyspace.read_as(now, &arguments[0], |set: &SortedSet| {
        let columns_len = if columns == Columns::Members { 1 } else { 2 };
        replies.expect(picks(count, set.len()).saturating_mul(columns_len))?;
        let mut picked = pick(chance, count.unwrap_or(1), set.len(), set.iter());
        match count {
            None => Ok(Reply::from(picked.next().map(|(member, _)| member.clone()))),
            Some(_) => replies.array(rows(picked, columns)),
        }
    })?;
    let none = if count.is_none() { Reply::Nil } else { Reply::Array(Vec::new()) };
    picked.unwrap_or(Ok(none))
}

/// `ZSCAN key cursor [MATCH pattern] [COUNT count]`: each member, followed by its score. As in
/// Redis, one call returns all of a small sorted set.
pub(in crate::command) fn zscan(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let cursor = parse_cursor(&arguments[1])?;
    let Database { keyspace, replies, .. } = database;
    let reply = keyspace.read_as(now, &arguments[0], |set: &SortedSet| {
        let options = Options::parse(&arguments[2..], Typed::No)?;
        let is_compact = set.is_compact();
        let (next, page) = match is_compact {
            true => (0, set.iter().collect()),
            false => page(set.iter().map(|row| (row.0, row)), cursor, options.count),
        };
        let write = if is_compact { Score::to_packed_blob } else { Score::to_blob };
        let wanted = page.into_iter().filter(|(member, _)| options.allow(member));
        found(replies, next, wanted.flat_map(|(member, score)| [member.clone(), write(score)]))
    })?;
    reply.unwrap_or_else(|| found(replies, 0, []))
}
