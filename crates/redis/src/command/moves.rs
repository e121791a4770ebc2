//! Moving values to another key or another database: `RENAME`, `RENAMENX`, `COPY`, `MOVE`,
//! `SWAPDB`.

use super::connections::database_number;
use super::is_option;
use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime, integer};

/// `RENAME key newkey`: the value keeps its expiry.
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

/// `RENAMENX key newkey`: only if `newkey` does not exist.
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

/// `COPY source destination [DB index] [REPLACE]`: the copy has the same expiry.
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

/// `MOVE key db`: the value keeps its expiry.
pub(super) fn move_(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let key = &arguments[0];
    let selected = database.selected();
    let target = database_number(&arguments[1])?;
    if target == selected {
        return Err(ErrorReply::from_static("ERR source and destination objects are the same"));
    }
    let is_there = |database: &mut Database| database.keyspace.read(now, key, |_| ()).is_some();
    if !is_there(database) {
        return Ok(Reply::from(false));
    }
    database.select(target);
    let moves = !is_there(database);
    if moves {
        database.select(selected);
        let entry = database.keyspace.remove(now, key);
        database.select(target);
        entry.into_iter().for_each(|entry| database.keyspace.set(key, entry));
    }
    database.select(selected);
    Ok(Reply::from(moves))
}

/// `SWAPDB index1 index2`
pub(super) fn swapdb(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let number = |text: &Blob, refusal: &'static str| -> Result<i32, ErrorReply> {
        let number = integer::parse(text).ok().and_then(|number| i32::try_from(number).ok());
        number.ok_or(ErrorReply::from_static(refusal))
    };
    let one = number(&arguments[0], "ERR invalid first DB index")?;
    let other = number(&arguments[1], "ERR invalid second DB index")?;
    let in_range = |number: i32| u8::try_from(number).ok().filter(|n| *n < Database::COUNT);
    let (Some(one), Some(other)) = (in_range(one), in_range(other)) else {
        return Err(ErrorReply::from_static("ERR DB index is out of range"));
    };
    database.swap(one, other);
    Ok(Reply::ok())
}
