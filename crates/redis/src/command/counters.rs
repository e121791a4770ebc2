//! Strings that are numbers: `INCR`, `DECR`, `INCRBY`, `DECRBY`.

use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime, integer};

/// `INCR key`
pub(super) fn incr(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    add(database, now, &arguments[0], 1)
}

/// `DECR key`
pub(super) fn decr(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    add(database, now, &arguments[0], -1)
}

/// `INCRBY key increment`
pub(super) fn incrby(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    add(database, now, &arguments[0], integer::parse(&arguments[1])?)
}

/// `DECRBY key decrement`
pub(super) fn decrby(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let amount = integer::parse(&arguments[1])?
        .checked_neg()
        .ok_or(ErrorReply::from_static("ERR decrement would overflow"))?;
    add(database, now, &arguments[0], amount)
}

/// A key that is not there counts as 0; one that is keeps its expiry.
fn add(
    database: &mut Database,
    now: UnixTime,
    key: &Blob,
    amount: i64,
) -> Result<Reply, ErrorReply> {
    let changed = database.keyspace.update_as(now, key, |value: &mut Blob| {
        let sum = integer::parse(value)?
            .checked_add(amount)
            .ok_or(ErrorReply::from_static("ERR increment or decrement would overflow"))?;
        *value = integer::write(sum);
        Ok(sum)
    })?;
    let sum = match changed {
        Some(sum) => sum?,
        None => {
            database.keyspace.set(key, Entry::lasting(integer::write(amount)));
            amount
        }
    };
    Ok(Reply::Integer(sum))
}
