//! Commands on many strings: `MGET`, `MSET`, `MSETNX`.

use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime};

/// `MGET key [key ...]`: a value that is not a string gives nil, too.
pub(super) fn mget(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let Database { keyspace, replies, .. } = database;
    let get = |key: &Blob| {
        let string = keyspace.read(now, key, |entry| entry.value.as_string().cloned());
        Reply::from(string.flatten())
    };
    replies.array(arguments.iter().map(get))
}

/// `MSET key value [key value ...]`
pub(super) fn mset(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    set_all(database, pairs(arguments, "mset")?);
    Ok(Reply::ok())
}

/// `MSETNX key value [key value ...]`: sets all keys, or none if one of them exists.
pub(super) fn msetnx(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let pairs = pairs(arguments, "msetnx")?;
    let mut there = pairs.iter().map(|[key, _]| database.keyspace.read(now, key, |_| ()));
    let absent = !there.any(|there| there.is_some());
    if absent {
        set_all(database, pairs);
    }
    Ok(Reply::from(absent))
}

/// The arguments as pairs.
pub(super) fn pairs<'a>(
    arguments: &'a [Blob],
    command: &str,
) -> Result<&'a [[Blob; 2]], ErrorReply> {
    match arguments.as_chunks() {
        (pairs, []) => Ok(pairs),
        _ => Err(ErrorReply::wrong_number_of_arguments(command)),
    }
}

fn set_all(database: &mut Database, pairs: &[[Blob; 2]]) {
    for [key, value] in pairs {
        database.keyspace.set(key, Entry::lasting(value.clone()));
    }
}
