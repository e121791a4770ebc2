//! Strings: `GET`, `STRLEN`, `APPEND`, `GETDEL`.

use crate::{Blob, Database, ErrorReply, Reply, UnixTime};

/// The longest string in bytes: Redis's default `proto-max-bulk-len`.
pub(super) const LEN_MAX: usize = 512 << 20;

/// Makes sure that a string may become as long as `grown` says, given how long it is.
pub(super) fn check_growth(
    database: &mut Database,
    now: UnixTime,
    key: &Blob,
    grown: impl FnOnce(usize) -> usize,
) -> Result<(), ErrorReply> {
    let mut room = database.room();
    let len = database.keyspace.read_as(now, key, |value: &Blob| value.len())?.unwrap_or(0);
    room.take(grown(len).saturating_sub(len))
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
