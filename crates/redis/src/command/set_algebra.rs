//! Intersections, unions and differences of sets: `SINTER`, `SUNION`, `SDIFF`, their forms that
//! store the result, and `SINTERCARD`.
//!
//! A missing key is an empty set. All keys are checked, so a key of another type is refused at
//! every position.

use super::is_option;
use crate::value::Set;
use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime, integer};

/// An operation on several sets.
type Operation = fn(&[Set]) -> Set;

/// `SINTER key [key ...]`
pub(super) fn sinter(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, arguments, intersection)
}

/// `SUNION key [key ...]`
pub(super) fn sunion(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, arguments, union)
}

/// `SDIFF key [key ...]`: the members of the first set that no other set has.
pub(super) fn sdiff(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, arguments, difference)
}

/// `SINTERSTORE destination key [key ...]`
pub(super) fn sinterstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, intersection)
}

/// `SUNIONSTORE destination key [key ...]`
pub(super) fn sunionstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, union)
}

/// `SDIFFSTORE destination key [key ...]`
pub(super) fn sdiffstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, difference)
}

/// `SINTERCARD numkeys key [key ...] [LIMIT limit]`: a limit of 0 means no limit.
pub(super) fn sintercard(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    const TOO_FEW: &str = "ERR numkeys should be greater than 0";
    let number = integer::parse_count(&arguments[0], TOO_FEW)?;
    if number == 0 {
        return Err(ErrorReply::from_static(TOO_FEW));
    }
    let (keys, mut words) = arguments[1..].split_at_checked(number).ok_or(
        ErrorReply::from_static("ERR Number of keys can't be greater than number of args"),
    )?;
    let mut limit = 0;
    while let Some((word, rest)) = words.split_first() {
        let value = rest.first().filter(|_| is_option(word, "LIMIT"));
        let value = value.ok_or(ErrorReply::syntax())?;
        limit = integer::parse_count(value, "ERR LIMIT can't be negative")?;
        words = &rest[1..];
    }
    let len = intersection(&sets(database, now, keys)?).len();
    Ok(Reply::from(if limit == 0 { len } else { len.min(limit) }))
}

fn list(
    database: &mut Database,
    now: UnixTime,
    keys: &[Blob],
    operation: Operation,
) -> Result<Reply, ErrorReply> {
    let result = operation(&sets(database, now, keys)?);
    database.replies.array(result.iter().cloned().map(Reply::Bulk))
}

/// Replaces the destination, even if the result is empty.
fn store(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    operation: Operation,
) -> Result<Reply, ErrorReply> {
    let (destination, keys) = (&arguments[0], &arguments[1..]);
    let result = operation(&sets(database, now, keys)?);
    let len = result.len();
    if result.is_empty() {
        database.keyspace.remove(now, destination);
    } else {
        database.keyspace.set(destination, Entry::lasting(result));
    }
    Ok(Reply::from(len))
}

fn sets(database: &mut Database, now: UnixTime, keys: &[Blob]) -> Result<Vec<Set>, ErrorReply> {
    let read = |key| database.keyspace.read_as(now, key, Set::clone);
    keys.iter().map(read).map(|set| Ok(set?.unwrap_or_default())).collect()
}

fn intersection(sets: &[Set]) -> Set {
    let Some(smallest) = sets.iter().min_by_key(|set| set.len()) else {
        return Set::default();
    };
    let in_all = |member: &&Blob| sets.iter().all(|set| set.contains(member));
    smallest.iter().filter(in_all).cloned().collect()
}

fn union(sets: &[Set]) -> Set {
    sets.iter().flat_map(Set::iter).cloned().collect()
}

fn difference(sets: &[Set]) -> Set {
    let Some((first, others)) = sets.split_first() else {
        return Set::default();
    };
    let only_here = |member: &&Blob| !others.iter().any(|set| set.contains(member));
    first.iter().filter(only_here).cloned().collect()
}
