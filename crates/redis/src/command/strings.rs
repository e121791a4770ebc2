//! Strings read, lengthened and taken: `GET`, `STRLEN`, `APPEND`, `GETDEL`.

use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime};

/// The longest string there can be, in bytes: Redis's default `proto-max-bulk-len`.
const LEN_MAX: usize = 512 << 20;

/// `GET key`
pub(super) fn get(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let value = database.keyspace.read(now, &arguments[0], |entry| entry.value.clone());
    Ok(Reply::from(value))
}

/// `STRLEN key`
pub(super) fn strlen(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let len = database.keyspace.read(now, &arguments[0], |entry| entry.value.len());
    Ok(Reply::from(len.unwrap_or(0)))
}

/// `APPEND key value`: the key keeps its expiry.
pub(super) fn append(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, addition) = (&arguments[0], &arguments[1]);
    let appended = database.keyspace.update(now, key, |entry| {
        if entry.value.len() + addition.len() > LEN_MAX {
            return Err(ErrorReply::from_static(
                "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            ));
        }
        entry.value = Blob::from([&*entry.value, addition].concat());
        Ok(entry.value.len())
    });
    if let Some(len) = appended {
        return len.map(Reply::from);
    }
    database.keyspace.set(key, Entry::lasting(addition.clone()));
    Ok(Reply::from(addition.len()))
}

/// `GETDEL key`
pub(super) fn getdel(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let entry = database.keyspace.remove(now, &arguments[0]);
    Ok(Reply::from(entry.map(|entry| entry.value)))
}
