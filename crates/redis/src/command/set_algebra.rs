//! Intersections, unions and differences of sets: `SINTER`, `SUNION`, `SDIFF`, their forms that
//! store the result, and `SINTERCARD`.
//!
//! A missing key is an empty set. All keys are checked, so a key of another type is refused at
//! every position.

use std::collections::BTreeSet;

use super::is_option;
use crate::database::Room;
use crate::value::Set;
use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime, integer};

/// How sets are put together.
#[derive(Clone, Copy)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

/// `SINTER key [key ...]`
pub(super) fn sinter(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, arguments, Operation::Intersection)
}

/// `SUNION key [key ...]`
pub(super) fn sunion(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, arguments, Operation::Union)
}

/// `SDIFF key [key ...]`: the members of the first set that no other set has.
pub(super) fn sdiff(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    list(database, now, arguments, Operation::Difference)
}

/// `SINTERSTORE destination key [key ...]`
pub(super) fn sinterstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, Operation::Intersection)
}

/// `SUNIONSTORE destination key [key ...]`
pub(super) fn sunionstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, Operation::Union)
}

/// `SDIFFSTORE destination key [key ...]`
pub(super) fn sdiffstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, Operation::Difference)
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
    let sets = sets(database, now, keys)?;
    let limit = if limit == 0 { usize::MAX } else { limit };
    Ok(Reply::from(intersection(&sets).take(limit).count()))
}

/// No set is made for what is only replied.
fn list(
    database: &mut Database,
    now: UnixTime,
    keys: &[Blob],
    operation: Operation,
) -> Result<Reply, ErrorReply> {
    let sets = sets(database, now, keys)?;
    let replies = &mut database.replies;
    let bulk = |member: &Blob| Reply::Bulk(member.clone());
    match operation {
        Operation::Intersection => replies.array(intersection(&sets).map(bulk)),
        Operation::Difference => replies.array(difference(&sets).map(bulk)),
        Operation::Union => {
            // What a B-tree takes for each pointer in it, while nodes are split.
            const POINTER_BYTES: usize = 24;
            let mut all = BTreeSet::new();
            for member in sets.iter().flat_map(Set::iter) {
                if all.insert(member) {
                    replies.take(POINTER_BYTES)?;
                }
            }
            replies.array(all.into_iter().map(bulk))
        }
    }
}

/// Replaces the destination, even if the result is empty.
fn store(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    operation: Operation,
) -> Result<Reply, ErrorReply> {
    let (destination, keys) = (&arguments[0], &arguments[1..]);
    let sets = sets(database, now, keys)?;
    let result = match operation {
        Operation::Intersection => collect(database.room(), intersection(&sets)),
        Operation::Union => collect(database.room(), sets.iter().flat_map(Set::iter)),
        Operation::Difference => collect(database.room(), difference(&sets)),
    }?;
    let len = result.len();
    if result.is_empty() {
        database.keyspace.remove(now, destination);
    } else {
        database.keyspace.set(destination, Entry::lasting(result));
    }
    Ok(Reply::from(len))
}

/// A set of these members, if there is memory for it.
fn collect<'a>(mut room: Room, members: impl Iterator<Item = &'a Blob>) -> Result<Set, ErrorReply> {
    let mut set = Set::default();
    for member in members {
        if set.insert(member) {
            room.take(Set::MEMBER_BYTES)?;
        }
    }
    Ok(set)
}

fn sets(database: &mut Database, now: UnixTime, keys: &[Blob]) -> Result<Vec<Set>, ErrorReply> {
    let read = |key| database.keyspace.read_as(now, key, Set::clone);
    keys.iter().map(read).map(|set| Ok(set?.unwrap_or_default())).collect()
}

fn intersection(sets: &[Set]) -> impl Iterator<Item = &Blob> {
    let smallest = sets.iter().min_by_key(|set| set.len());
    let in_all = |member: &&Blob| sets.iter().all(|set| set.contains(member));
    smallest.into_iter().flat_map(Set::iter).filter(in_all)
}

fn difference(sets: &[Set]) -> impl Iterator<Item = &Blob> {
    let (first, others) = sets.split_at(sets.len().min(1));
    let only_here = |member: &&Blob| !others.iter().any(|set| set.contains(member));
    first.iter().flat_map(Set::iter).filter(only_here)
}
