//! Sets: `SADD`, `SREM`, `SMEMBERS`, `SISMEMBER`, `SMISMEMBER`, `SCARD` and `SMOVE`.
//!
//! Members are in the order of their bytes. Redis does not specify the order.

use crate::value::Set;
use crate::{Blob, Database, ErrorReply, Reply, UnixTime};

/// `SADD key member [member ...]`: returns how many are new.
pub(super) fn sadd(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let added = database.keyspace.upsert_as(now, &arguments[0], |set: &mut Set| {
        Ok(arguments[1..].iter().filter(|member| set.insert(member)).count())
    })?;
    Ok(Reply::from(added))
}

/// `SREM key member [member ...]`: returns how many existed.
pub(super) fn srem(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let removed = database.keyspace.update_as(now, &arguments[0], |set: &mut Set| {
        arguments[1..].iter().filter(|member| set.remove(member)).count()
    })?;
    Ok(Reply::from(removed.unwrap_or(0)))
}

/// `SMEMBERS key`
pub(super) fn smembers(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let Database { keyspace, replies, .. } = database;
    let members = keyspace.read_as(now, &arguments[0], |set: &Set| {
        replies.array(set.iter().cloned().map(Reply::Bulk))
    })?;
    members.unwrap_or(Ok(Reply::Array(Vec::new())))
}

/// `SISMEMBER key member`
pub(super) fn sismember(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, member) = (&arguments[0], &arguments[1]);
    let found = database.keyspace.read_as(now, key, |set: &Set| set.contains(member))?;
    Ok(Reply::from(found.unwrap_or(false)))
}

/// `SMISMEMBER key member [member ...]`
pub(super) fn smismember(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, wanted) = (&arguments[0], &arguments[1..]);
    let set = database.keyspace.read_as(now, key, Set::clone)?.unwrap_or_default();
    database.replies.array(wanted.iter().map(|member| Reply::from(set.contains(member))))
}

/// `SCARD key`
pub(super) fn scard(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let len = database.keyspace.read_as(now, &arguments[0], Set::len)?;
    Ok(Reply::from(len.unwrap_or(0)))
}

/// `SMOVE source destination member`: if the source does not exist, the destination may have any
/// type.
pub(super) fn smove(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (source, destination, member) = (&arguments[0], &arguments[1], &arguments[2]);
    let found = database.keyspace.read_as(now, source, |set: &Set| set.contains(member));
    let there = database.keyspace.read_as(now, destination, |_: &Set| ());
    let Some(moved) = found? else {
        return Ok(Reply::from(false));
    };
    there?;
    if moved && source != destination {
        database.keyspace.update_as(now, source, |set: &mut Set| set.remove(member))?;
        database.keyspace.upsert_as(now, destination, |set: &mut Set| Ok(set.insert(member)))?;
    }
    Ok(Reply::from(moved))
}
