//! Counting and removing intervals of a sorted set: `ZCOUNT`, `ZLEXCOUNT`, `ZREMRANGEBYRANK`,
//! `ZREMRANGEBYSCORE`, `ZREMRANGEBYLEX`.

use super::interval::{By, Direction, Interval};
use crate::{Blob, Database, ErrorReply, Reply, SortedSet, UnixTime};

/// `ZCOUNT key min max`
pub(in crate::command) fn zcount(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    count(database, now, arguments, By::Score)
}

/// `ZLEXCOUNT key min max`
pub(in crate::command) fn zlexcount(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    count(database, now, arguments, By::Name)
}

/// `ZREMRANGEBYRANK key start stop`
pub(in crate::command) fn zremrangebyrank(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    remove(database, now, arguments, By::Rank)
}

/// `ZREMRANGEBYSCORE key min max`
pub(in crate::command) fn zremrangebyscore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    remove(database, now, arguments, By::Score)
}

/// `ZREMRANGEBYLEX key min max`
pub(in crate::command) fn zremrangebylex(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    remove(database, now, arguments, By::Name)
}

fn count(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    by: By,
) -> Result<Reply, ErrorReply> {
    let interval = Interval::parse(by, Direction::Forward, &arguments[1], &arguments[2])?;
    let count = |set: &SortedSet| interval.ranks(set, Direction::Forward).len();
    let counted = database.keyspace.read_as(now, &arguments[0], count)?;
    Ok(Reply::from(counted.unwrap_or(0)))
}

fn remove(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    by: By,
) -> Result<Reply, ErrorReply> {
    let interval = Interval::parse(by, Direction::Forward, &arguments[1], &arguments[2])?;
    let remove = |set: &mut SortedSet| set.remove_range(interval.ranks(set, Direction::Forward));
    let removed = database.keyspace.update_as(now, &arguments[0], remove)?;
    Ok(Reply::from(removed.unwrap_or(0)))
}
