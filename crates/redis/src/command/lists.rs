//! The ends of lists: `LPUSH`, `RPUSH`, `LPUSHX`, `RPUSHX`, `LPOP`, `RPOP`, `LLEN`, `LMOVE`,
//! `RPOPLPUSH`. None of them blocks.

use super::is_option;
use crate::value::{End, List};
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, integer};

/// `LPUSH key element [element ...]`: pushes one after the other, so that the last one becomes the
/// head.
pub(super) fn lpush(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    push(database, now, arguments, End::Head)
}

/// `RPUSH key element [element ...]`
pub(super) fn rpush(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    push(database, now, arguments, End::Tail)
}

fn push(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    end: End,
) -> Result<Reply, ErrorReply> {
    let len = database.keyspace.upsert_as(now, &arguments[0], |list: &mut List| {
        Ok(push_all(list, end, &arguments[1..]))
    })?;
    Ok(Reply::from(len))
}

fn push_all(list: &mut List, end: End, elements: &[Blob]) -> usize {
    for element in elements {
        list.push(end, element.clone());
    }
    list.len()
}

/// `LPUSHX key element [element ...]`: only if the list exists.
pub(super) fn lpushx(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    push_if_there(database, now, arguments, End::Head)
}

/// `RPUSHX key element [element ...]`: only if the list exists.
pub(super) fn rpushx(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    push_if_there(database, now, arguments, End::Tail)
}

fn push_if_there(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    end: End,
) -> Result<Reply, ErrorReply> {
    let len = database
        .keyspace
        .update_as(now, &arguments[0], |list: &mut List| push_all(list, end, &arguments[1..]))?;
    Ok(Reply::from(len.unwrap_or(0)))
}

/// `LPOP key [count]`
pub(super) fn lpop(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    pop(database, now, arguments, End::Head, "lpop")
}

/// `RPOP key [count]`
pub(super) fn rpop(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    pop(database, now, arguments, End::Tail, "rpop")
}

/// One element, or an array of `count` elements. The array is nil if the list does not exist.
fn pop(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    end: End,
    command: &str,
) -> Result<Reply, ErrorReply> {
    let key = &arguments[0];
    let count = match &arguments[1..] {
        [] => {
            let popped = database.keyspace.update_as(now, key, |list: &mut List| list.pop(end))?;
            return Ok(Reply::from(popped.flatten()));
        }
        [count] => integer::parse_count(count, "ERR value is out of range, must be positive")?,
        _ => return Err(ErrorReply::wrong_number_of_arguments(command)),
    };
    let Database { keyspace, replies, .. } = database;
    let popped = keyspace.update_as(now, key, |list: &mut List| {
        let count = count.min(list.len());
        replies.expect(count)?;
        let size = |element: &Blob| element.len() + Reply::ELEMENT_BYTES;
        let elements = list.iter();
        let bytes: usize = match end {
            End::Head => elements.take(count).map(size).sum(),
            End::Tail => elements.rev().take(count).map(size).sum(),
        };
        replies.take(bytes + Reply::ELEMENT_BYTES)?;
        let elements = std::iter::from_fn(|| list.pop(end)).take(count);
        Ok(Reply::Array(elements.map(Reply::Bulk).collect()))
    })?;
    popped.unwrap_or(Ok(Reply::Nil))
}

/// `LLEN key`
pub(super) fn llen(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let len = database.keyspace.read_as(now, &arguments[0], List::len)?;
    Ok(Reply::from(len.unwrap_or(0)))
}

/// `LMOVE source destination LEFT|RIGHT LEFT|RIGHT`
pub(super) fn lmove(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (from, to) = (parse_end(&arguments[2])?, parse_end(&arguments[3])?);
    move_element(database, now, arguments, from, to)
}

/// `RPOPLPUSH source destination`
pub(super) fn rpoplpush(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    move_element(database, now, arguments, End::Tail, End::Head)
}

fn parse_end(word: &[u8]) -> Result<End, ErrorReply> {
    if is_option(word, "LEFT") {
        Ok(End::Head)
    } else if is_option(word, "RIGHT") {
        Ok(End::Tail)
    } else {
        Err(ErrorReply::syntax())
    }
}

/// The destination, which may be the source, is checked before the element is removed from the
/// source.
fn move_element(
    database: &mut Database,
    now: UnixTime,
    keys: &[Blob],
    from: End,
    to: End,
) -> Result<Reply, ErrorReply> {
    let (source, destination) = (&keys[0], &keys[1]);
    if database.keyspace.read_as(now, source, |_: &List| ())?.is_none() {
        return Ok(Reply::Nil);
    }
    if source == destination {
        let moved = database.keyspace.update_as(now, source, |list: &mut List| {
            let element = list.pop(from)?;
            list.push(to, element.clone());
            Some(element)
        })?;
        database.keyspace.touch(source);
        return Ok(Reply::from(moved.flatten()));
    }
    database.keyspace.read_as(now, destination, |_: &List| ())?;
    let moved = database.keyspace.update_as(now, source, |list: &mut List| list.pop(from))?;
    let Some(element) = moved.flatten() else {
        return Ok(Reply::Nil);
    };
    database.keyspace.upsert_as(now, destination, |list: &mut List| {
        list.push(to, element.clone());
        Ok(())
    })?;
    Ok(Reply::Bulk(element))
}
