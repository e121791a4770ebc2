//! Random picks: `RANDOMKEY`, `SPOP`, `SRANDMEMBER`, `HRANDFIELD`.
//!
//! The picks are drawn from the server's state ([`Chance`]). Each key, member or field has the same
//! probability. A pick takes time in proportion to the number of candidates.

use super::is_option;
use crate::chance::Chance;
use crate::reply::ReplyBudget;
use crate::value::{Fields, Set};
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, integer};

/// `RANDOMKEY`: unlike in Redis, it removes no expired keys, because it never picks one.
pub(super) fn randomkey(
    database: &mut Database,
    now: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    let Database { keyspace, chance, .. } = database;
    let key = keyspace.random_key(now, chance).cloned();
    Ok(Reply::from(key))
}

/// `SPOP key [count]`
pub(super) fn spop(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let count = match &arguments[1..] {
        [] => None,
        [count] => {
            Some(integer::parse_count(count, "ERR value is out of range, must be positive")?)
        }
        _ => return Err(ErrorReply::syntax()),
    };
    let shape = if count.is_some() { Shape::Array } else { Shape::One };
    let Database { keyspace, chance, replies, .. } = database;
    let popped = keyspace.update_as(now, &arguments[0], |set: &mut Set| {
        replies.expect(count.unwrap_or(1).min(set.len()))?;
        let picked = some(chance, count.unwrap_or(1), set.len(), set.iter());
        let picked: Vec<Blob> = picked.into_iter().cloned().collect();
        let reply = picked_reply(replies, shape, picked.iter().cloned())?;
        for member in &picked {
            set.remove(member);
        }
        Ok(reply)
    })?;
    popped.unwrap_or_else(|| picked_reply(replies, shape, []))
}

/// `SRANDMEMBER key [count]`: with a negative count, picks may repeat.
pub(super) fn srandmember(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let count = match &arguments[1..] {
        [] => None,
        [count] => Some(integer::parse_signed_count(count)?),
        _ => return Err(ErrorReply::syntax()),
    };
    let Database { keyspace, chance, replies, .. } = database;
    let picked = keyspace.read_as(now, &arguments[0], |set: &Set| {
        replies.expect(picks(count, set.len()))?;
        let picked = pick(chance, count.unwrap_or(1), set.len(), set.iter());
        picked_reply(replies, count.into(), picked.cloned())
    })?;
    picked.unwrap_or_else(|| picked_reply(replies, count.into(), []))
}

/// `HRANDFIELD key [count [WITHVALUES]]`: with a negative count, picks may repeat.
pub(super) fn hrandfield(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let count = arguments.get(1).map(|count| integer::parse_signed_count(count)).transpose()?;
    let with_values = match arguments.get(2..) {
        None | Some([]) => false,
        Some([word]) if is_option(word, "WITHVALUES") => true,
        _ => return Err(ErrorReply::syntax()),
    };
    if with_values && count.is_some_and(|count| count.unsigned_abs() > i64::MAX as u64 / 2) {
        return Err(ErrorReply::from_static("ERR value is out of range"));
    }
    let Database { keyspace, chance, replies, .. } = database;
    let picked = keyspace.read_as(now, &arguments[0], |fields: &Fields| {
        let columns = if with_values { 2 } else { 1 };
        replies.expect(picks(count, fields.len()).saturating_mul(columns))?;
        let picked = pick(chance, count.unwrap_or(1), fields.len(), fields.iter());
        let words = picked.flat_map(|(field, value)| {
            let value = with_values.then_some(value);
            [Some(field), value].into_iter().flatten()
        });
        picked_reply(replies, count.into(), words.cloned())
    })?;
    picked.unwrap_or_else(|| picked_reply(replies, count.into(), []))
}

/// What is replied of what was picked.
#[derive(Clone, Copy)]
enum Shape {
    /// The first: no count was given.
    One,
    /// All: a count was given.
    Array,
}

impl From<Option<i64>> for Shape {
    fn from(count: Option<i64>) -> Shape {
        if count.is_some() { Shape::Array } else { Shape::One }
    }
}

fn picked_reply(
    replies: &mut ReplyBudget,
    shape: Shape,
    picked: impl IntoIterator<Item = Blob>,
) -> Result<Reply, ErrorReply> {
    let mut picked = picked.into_iter().map(Reply::Bulk);
    match shape {
        Shape::One => Ok(picked.next().unwrap_or(Reply::Nil)),
        Shape::Array => replies.array(picked),
    }
}

/// How many of `len` items there are in the reply to a command with this `count`.
pub(super) fn picks(count: Option<i64>, len: usize) -> usize {
    match count.unwrap_or(1) {
        _ if len == 0 => 0,
        count @ 0.. => usize::try_from(count).unwrap_or(usize::MAX).min(len),
        count => usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX),
    }
}

/// The indexes of `count` different items out of `len`, or of `-count` items that may repeat. Items
/// that may repeat are drawn lazily, because they may not fit in memory.
pub(super) fn pick<T: Copy>(
    chance: &mut Chance,
    count: i64,
    len: usize,
    items: impl Iterator<Item = T>,
) -> impl Iterator<Item = T> {
    let (different, repeated) = match usize::try_from(count) {
        Ok(count) => (some(chance, count, len, items), 0),
        Err(_) => (items.collect(), count.unsigned_abs()),
    };
    let is_repeated = count < 0;
    let mut different = different.into_iter();
    let pool: Vec<T> = if is_repeated { different.by_ref().collect() } else { Vec::new() };
    let repeated = if pool.is_empty() { 0 } else { repeated };
    different.chain((0..repeated).map(move |_| pool[chance.below(pool.len())]))
}

/// `count` different items out of `len`, or all of them if there are not more.
fn some<T>(
    chance: &mut Chance,
    count: usize,
    len: usize,
    items: impl Iterator<Item = T>,
) -> Vec<T> {
    let picked = chance.distinct(count, len);
    let chosen = items.enumerate().filter(|(place, _)| picked.contains(place));
    chosen.map(|(_, item)| item).collect()
}
