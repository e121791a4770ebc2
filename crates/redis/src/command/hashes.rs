//! Hashes: `HSET`, `HMSET`, `HSETNX`, `HGET`, `HMGET`, `HGETALL`, `HKEYS`, `HVALS`, `HDEL`,
//! `HEXISTS`, `HLEN`, `HSTRLEN`.
//!
//! Commands list fields in the order of their bytes. Redis does not specify the order.

use super::batches::pairs;
use crate::value::Fields;
use crate::{Blob, Database, ErrorReply, Reply, UnixTime};

/// `HSET key field value [field value ...]`: returns how many fields are new.
pub(super) fn hset(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    set_all(database, now, &arguments[0], pairs(&arguments[1..], "hset")?).map(Reply::from)
}

/// `HMSET key field value [field value ...]`
pub(super) fn hmset(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    set_all(database, now, &arguments[0], pairs(&arguments[1..], "hmset")?)?;
    Ok(Reply::ok())
}

fn set_all(
    database: &mut Database,
    now: UnixTime,
    key: &Blob,
    pairs: &[[Blob; 2]],
) -> Result<usize, ErrorReply> {
    let added = database.keyspace.upsert_as(now, key, |fields: &mut Fields| {
        let before = fields.len();
        for [field, value] in pairs {
            fields.set(field, value.clone());
        }
        Ok(fields.len() - before)
    })?;
    database.keyspace.touch(key);
    Ok(added)
}

/// `HSETNX key field value`
pub(super) fn hsetnx(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, field, value) = (&arguments[0], &arguments[1], &arguments[2]);
    let absent = database.keyspace.upsert_as(now, key, |fields: &mut Fields| {
        let absent = fields.get(field).is_none();
        if absent {
            fields.set(field, value.clone());
        }
        Ok(absent)
    })?;
    Ok(Reply::from(absent))
}

/// `HGET key field`
pub(super) fn hget(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, field) = (&arguments[0], &arguments[1]);
    let value =
        database.keyspace.read_as(now, key, |fields: &Fields| fields.get(field).cloned())?;
    Ok(Reply::from(value.flatten()))
}

/// `HMGET key field [field ...]`
pub(super) fn hmget(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, wanted) = (&arguments[0], &arguments[1..]);
    let fields = database.keyspace.read_as(now, key, Fields::clone)?.unwrap_or_default();
    let values = wanted.iter().map(|field| Reply::from(fields.get(field).cloned()));
    database.replies.array(values)
}

/// `HGETALL key`: each field, followed by its value.
pub(super) fn hgetall(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, &arguments[0], |field, value| [Some(field), Some(value)])
}

/// `HKEYS key`
pub(super) fn hkeys(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, &arguments[0], |field, _| [Some(field), None])
}

/// `HVALS key`: in the order of their fields.
pub(super) fn hvals(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, &arguments[0], |_, value| [None, Some(value)])
}

/// The reply that `wanted` gives for each field and its value.
fn list(
    database: &mut Database,
    now: UnixTime,
    key: &Blob,
    wanted: for<'a> fn(&'a Blob, &'a Blob) -> [Option<&'a Blob>; 2],
) -> Result<Reply, ErrorReply> {
    let Database { keyspace, replies, .. } = database;
    let listed = keyspace.read_as(now, key, |fields: &Fields| {
        let words = fields.iter().flat_map(|(field, value)| wanted(field, value)).flatten();
        replies.array(words.cloned().map(Reply::Bulk))
    })?;
    listed.unwrap_or(Ok(Reply::Array(Vec::new())))
}

/// `HDEL key field [field ...]`: returns how many existed.
pub(super) fn hdel(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, unwanted) = (&arguments[0], &arguments[1..]);
    let removed = database.keyspace.update_as(now, key, |fields: &mut Fields| {
        unwanted.iter().filter(|field| fields.remove(field).is_some()).count()
    })?;
    Ok(Reply::from(removed.unwrap_or(0)))
}

/// `HEXISTS key field`
pub(super) fn hexists(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, field) = (&arguments[0], &arguments[1]);
    let found =
        database.keyspace.read_as(now, key, |fields: &Fields| fields.get(field).is_some())?;
    Ok(Reply::from(found.unwrap_or(false)))
}

/// `HLEN key`
pub(super) fn hlen(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let len = database.keyspace.read_as(now, &arguments[0], Fields::len)?;
    Ok(Reply::from(len.unwrap_or(0)))
}

/// `HSTRLEN key field`
pub(super) fn hstrlen(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, field) = (&arguments[0], &arguments[1]);
    let len = database
        .keyspace
        .read_as(now, key, |fields: &Fields| fields.get(field).map_or(0, |value| value.len()))?;
    Ok(Reply::from(len.unwrap_or(0)))
}
