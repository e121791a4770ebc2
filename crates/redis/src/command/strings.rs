//! Strings read, lengthened and taken: `GET`, `STRLEN`, `APPEND`, `GETDEL`.

use crate::{Blob, Database, ErrorReply, Reply, UnixTime};

/// The longest string there can be, in bytes: Redis's default `proto-max-bulk-len`.
pub(super) const LEN_MAX: usize = 512 << 20;

/// A string may grow by so much at once without a look whether there is memory for it.
const GROWTH: usize = 1 << 20;

/// Makes sure that a string may become as long as `grown` says, given how long it is. Redis looks
/// only whether there was memory before the command, which can take twice as much as there may be.
pub(super) fn check_growth(
    database: &mut Database,
    now: UnixTime,
    key: &Blob,
    grown: impl FnOnce(usize) -> usize,
) -> Result<(), ErrorReply> {
    let Some(left) = database.memory_left() else { return Ok(()) };
    let len = database.keyspace.read_as(now, key, |value: &Blob| value.len())?.unwrap_or(0);
    match grown(len).saturating_sub(len) {
        growth if growth > GROWTH && growth as u64 > left => Err(ErrorReply::out_of_memory()),
        _ => Ok(()),
    }
}

/// `GET key`
pub(super) fn get(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let value = database.keyspace.read_as(now, &arguments[0], Blob::clone)?;
    Ok(Reply::from(value))
}

/// `STRLEN key`
pub(super) fn strlen(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let len = database.keyspace.read_as(now, &arguments[0], |value: &Blob| value.len())?;
    Ok(Reply::from(len.unwrap_or(0)))
}

/// `APPEND key value`: the key keeps its expiry.
pub(super) fn append(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, addition) = (&arguments[0], &arguments[1]);
    check_growth(database, now, key, |len| len.saturating_add(addition.len()))?;
    let len = database.keyspace.upsert_as(now, key, |value: &mut Blob| {
        if value.len().saturating_add(addition.len()) > LEN_MAX {
            return Err(ErrorReply::string_too_long());
        }
        value.change(|bytes| bytes.extend_from_slice(addition));
        Ok(value.len())
    })?;
    database.keyspace.touch(key);
    Ok(Reply::from(len))
}

/// `GETDEL key`
pub(super) fn getdel(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let key = &arguments[0];
    let value = database.keyspace.read_as(now, key, Blob::clone)?;
    database.keyspace.remove(now, key);
    Ok(Reply::from(value))
}
