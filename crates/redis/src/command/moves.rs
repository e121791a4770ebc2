//! Values under another key: `RENAME`, `RENAMENX`, `COPY`.

use super::connections::database_number;
use super::is_option;
use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime};

/// `RENAME key newkey`: the expiry moves along.
pub(super) fn rename(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (from, to) = (&arguments[0], &arguments[1]);
    let entry = database.keyspace.remove(now, from).ok_or(ErrorReply::no_such_key())?;
    database.keyspace.set(to, entry);
    Ok(Reply::ok())
}

/// `RENAMENX key newkey`: only if nothing is there.
pub(super) fn renamenx(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (from, to) = (&arguments[0], &arguments[1]);
    let there = |database: &mut Database, key| database.keyspace.read(now, key, |_| ()).is_some();
    if !there(database, from) {
        return Err(ErrorReply::no_such_key());
    }
    if there(database, to) {
        return Ok(Reply::from(false));
    }
    rename(database, now, arguments)?;
    Ok(Reply::from(true))
}

/// `COPY source destination [DB index] [REPLACE]`: the expiry is copied too.
pub(super) fn copy(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (from, to) = (&arguments[0], &arguments[1]);
    let selected = database.selected();
    let (mut replaces, mut target) = (false, selected);
    let mut words = &arguments[2..];
    while let Some((word, rest)) = words.split_first() {
        words = rest;
        if is_option(word, "REPLACE") {
            replaces = true;
        } else if is_option(word, "DB")
            && let Some((index, rest)) = words.split_first()
        {
            target = database_number(index)?;
            words = rest;
        } else {
            return Err(ErrorReply::syntax());
        }
    }
    if from == to && target == selected {
        return Err(ErrorReply::from_static("ERR source and destination objects are the same"));
    }
    let Some(entry) = database.keyspace.read(now, from, Entry::clone) else {
        return Ok(Reply::from(false));
    };
    database.select(target);
    let copied = database.keyspace.read(now, to, |_| ()).is_none() || replaces;
    if copied {
        database.keyspace.set(to, entry);
    }
    database.select(selected);
    Ok(Reply::from(copied))
}
