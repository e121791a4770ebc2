//! Reading and storing intervals of a sorted set: `ZRANGE`, `ZRANGESTORE`, and the older commands
//! that `ZRANGE` replaces.

use std::ops::Range;

use super::interval::{By, Direction, Interval};
use super::{Columns, copy, rows};
use crate::command::is_option;
use crate::{Blob, Database, Entry, ErrorReply, Reply, SortedSet, UnixTime, integer};

/// `ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`
pub(in crate::command) fn zrange(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    read(database, now, arguments, Form { by: None, direction: None })
}

/// `ZREVRANGE key start stop [WITHSCORES]`
pub(in crate::command) fn zrevrange(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let form = Form { by: Some(By::Rank), direction: Some(Direction::Reverse) };
    read(database, now, arguments, form)
}

/// `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]`
pub(in crate::command) fn zrangebyscore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let form = Form { by: Some(By::Score), direction: Some(Direction::Forward) };
    read(database, now, arguments, form)
}

/// `ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]`
pub(in crate::command) fn zrevrangebyscore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let form = Form { by: Some(By::Score), direction: Some(Direction::Reverse) };
    read(database, now, arguments, form)
}

/// `ZRANGEBYLEX key min max [LIMIT offset count]`
pub(in crate::command) fn zrangebylex(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let form = Form { by: Some(By::Name), direction: Some(Direction::Forward) };
    read(database, now, arguments, form)
}

/// `ZREVRANGEBYLEX key max min [LIMIT offset count]`
pub(in crate::command) fn zrevrangebylex(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let form = Form { by: Some(By::Name), direction: Some(Direction::Reverse) };
    read(database, now, arguments, form)
}

/// `ZRANGESTORE destination source start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count]`
pub(in crate::command) fn zrangestore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (destination, arguments) = (&arguments[0], &arguments[1..]);
    let form = Form { by: None, direction: None };
    let query = Query::parse(form, Purpose::Store, arguments)?;
    let source = copy(database, now, &arguments[0])?;
    let ranks = query.ranks(&source);
    database.room().take(ranks.len().saturating_mul(SortedSet::MEMBER_BYTES))?;
    let mut part = SortedSet::default();
    for (member, score) in source.range(ranks) {
        part.insert(member.clone(), score);
    }
    let len = part.len();
    if part.is_empty() {
        database.keyspace.remove(now, destination);
    } else {
        database.keyspace.set(destination, Entry::lasting(part));
    }
    Ok(Reply::from(len))
}

fn read(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    form: Form,
) -> Result<Reply, ErrorReply> {
    let query = Query::parse(form, Purpose::Read, arguments)?;
    let set = copy(database, now, &arguments[0])?;
    let members = set.range(query.ranks(&set));
    match query.direction {
        Direction::Forward => database.replies.array(rows(members, query.columns)),
        Direction::Reverse => database.replies.array(rows(members.rev(), query.columns)),
    }
}

/// The options that a command's name implies.
struct Form {
    by: Option<By>,
    direction: Option<Direction>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Store,
}

/// The members that a command asks for.
struct Query<'a> {
    interval: Interval<'a>,
    direction: Direction,
    columns: Columns,
    offset: i64,
    /// The most members to return. A negative number means all.
    limit: i64,
}

impl<'a> Query<'a> {
    /// Reads all arguments after the source key.
    fn parse(form: Form, purpose: Purpose, arguments: &'a [Blob]) -> Result<Query<'a>, ErrorReply> {
        let (first, last) = (&arguments[1], &arguments[2]);
        let (mut by, mut direction) = (form.by, form.direction);
        let mut columns = Columns::Members;
        let (mut offset, mut limit) = (0, -1);
        let mut words = &arguments[3..];
        while let Some((word, mut rest)) = words.split_first() {
            if purpose == Purpose::Read && is_option(word, "WITHSCORES") {
                columns = Columns::MembersAndScores;
            } else if is_option(word, "LIMIT")
                && let [skipped, count, after @ ..] = rest
            {
                (offset, limit) = (integer::parse(skipped)?, integer::parse(count)?);
                rest = after;
            } else if direction.is_none() && is_option(word, "REV") {
                direction = Some(Direction::Reverse);
            } else if by.is_none() && is_option(word, "BYLEX") {
                by = Some(By::Name);
            } else if by.is_none() && is_option(word, "BYSCORE") {
                by = Some(By::Score);
            } else {
                return Err(ErrorReply::syntax());
            }
            words = rest;
        }
        let by = by.unwrap_or(By::Rank);
        let direction = direction.unwrap_or(Direction::Forward);
        if limit != -1 && by == By::Rank {
            return Err(ErrorReply::from_static(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or \
                 BYLEX",
            ));
        }
        if columns == Columns::MembersAndScores && by == By::Name {
            return Err(ErrorReply::from_static(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let interval = Interval::parse(by, direction, first, last)?;
        Ok(Query { interval, direction, columns, offset, limit })
    }

    /// The ranks of the members that the query asks for.
    fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let Range { start, end } = self.interval.ranks(set, self.direction);
        if matches!(self.interval, Interval::Ranks(..)) {
            return start..end;
        }
        // A negative offset skips everything.
        let skipped = usize::try_from(self.offset).unwrap_or(usize::MAX).min(end - start);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        match self.direction {
            Direction::Forward => {
                let start = start + skipped;
                start..start.saturating_add(limit).min(end)
            }
            Direction::Reverse => {
                let end = end - skipped;
                end.saturating_sub(limit).max(start)..end
            }
        }
    }
}
