//! Keys of any type: `DEL`, `UNLINK`, `EXISTS`, `TOUCH`, `TYPE`, `KEYS`, `DBSIZE`, `FLUSHALL`,
//! `FLUSHDB`.

use super::is_option;
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, glob};

/// `DEL key [key ...]` and `UNLINK key [key ...]`: returns how many existed.
pub(super) fn del(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let removed =
        arguments.iter().filter(|key| database.keyspace.remove(now, key).is_some()).count();
    Ok(Reply::from(removed))
}

/// `EXISTS key [key ...]` and `TOUCH key [key ...]`: returns how many exist. A key that is named
/// twice counts twice.
pub(super) fn exists(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let found =
        arguments.iter().filter(|key| database.keyspace.read(now, key, |_| ()).is_some()).count();
    Ok(Reply::from(found))
}

/// `KEYS pattern`: in the order of the keys' bytes. Redis does not specify the order.
pub(super) fn keys(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let pattern = &arguments[0];
    let Database { keyspace, replies, .. } = database;
    let found = keyspace.iter(now).filter(|(key, _)| glob::matches(pattern, key));
    replies.array(found.map(|(key, _)| Reply::Bulk(key.clone())))
}

/// `TYPE key`
pub(super) fn type_(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let name = database.keyspace.read(now, &arguments[0], |entry| entry.value.type_name());
    Ok(Reply::Status(Blob::from_static(name.unwrap_or("none"))))
}

/// `DBSIZE`: like Redis, also counts expired keys that are still in memory.
pub(super) fn dbsize(
    database: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::from(database.keyspace.len()))
}

/// `FLUSHALL [ASYNC | SYNC]`: both options empty all databases immediately.
pub(super) fn flushall(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    check_how_to_flush(arguments)?;
    database.clear();
    Ok(Reply::ok())
}

/// `FLUSHDB [ASYNC | SYNC]`: empties the selected database.
pub(super) fn flushdb(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    check_how_to_flush(arguments)?;
    database.keyspace.clear();
    Ok(Reply::ok())
}

fn check_how_to_flush(arguments: &[Blob]) -> Result<(), ErrorReply> {
    match arguments {
        [] => Ok(()),
        [how] if is_option(how, "SYNC") || is_option(how, "ASYNC") => Ok(()),
        _ => Err(ErrorReply::syntax()),
    }
}
