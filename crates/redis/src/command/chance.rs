//! What is picked by chance: `RANDOMKEY`, `SPOP`, `SRANDMEMBER`, `HRANDFIELD`.
//!
//! The picks are drawn from the server's state ([`Chance`]), each key, member or field as likely as
//! any other. To find one takes time in proportion to how many there are.

use super::is_option;
use crate::chance::Chance;
use crate::value::{Fields, Set};
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, integer};

/// The most that are picked if each may be picked again. Redis knows no such limit, and builds
/// replies until it has no memory left.
const REPEATED_MAX: u64 = 1 << 20;

/// `RANDOMKEY`: unlike Redis's it removes no expired keys, for it comes across none.
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
    let Database { keyspace, chance, .. } = database;
    let popped = keyspace.update_as(now, &arguments[0], |set: &mut Set| {
        let picked = some(chance, count.unwrap_or(1), set.len(), set.iter());
        let picked: Vec<Blob> = picked.into_iter().cloned().collect();
        for member in &picked {
            set.remove(member);
        }
        picked
    })?;
    let mut popped = popped.unwrap_or_default().into_iter();
    Ok(match count {
        None => Reply::from(popped.next()),
        Some(_) => Reply::Array(popped.map(Reply::Bulk).collect()),
    })
}

/// `SRANDMEMBER key [count]`: with a negative count, one may be picked again.
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
    let Database { keyspace, chance, .. } = database;
    let picked = keyspace.read_as(now, &arguments[0], |set: &Set| {
        let picked = pick(chance, count.unwrap_or(1), set.len(), set.iter())?;
        Ok(picked.into_iter().cloned().map(Reply::Bulk).collect())
    })?;
    let picked: Vec<Reply> = picked.unwrap_or(Ok(Vec::new()))?;
    Ok(match count {
        None => picked.into_iter().next().unwrap_or(Reply::Nil),
        Some(_) => Reply::Array(picked),
    })
}

/// `HRANDFIELD key [count [WITHVALUES]]`: with a negative count, one may be picked again.
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
    let Database { keyspace, chance, .. } = database;
    let picked = keyspace.read_as(now, &arguments[0], |fields: &Fields| {
        let picked = pick(chance, count.unwrap_or(1), fields.len(), fields.iter())?;
        let words = picked.into_iter().flat_map(|(field, value)| {
            let value = with_values.then_some(value);
            [Some(field), value].into_iter().flatten()
        });
        Ok(words.cloned().map(Reply::Bulk).collect())
    })?;
    let picked: Vec<Reply> = picked.unwrap_or(Ok(Vec::new()))?;
    Ok(match count {
        None => picked.into_iter().next().unwrap_or(Reply::Nil),
        Some(_) => Reply::Array(picked),
    })
}

/// `count` different ones of the `len` items, or `-count` that may be the same.
pub(super) fn pick<T: Copy>(
    chance: &mut Chance,
    count: i64,
    len: usize,
    items: impl Iterator<Item = T>,
) -> Result<Vec<T>, ErrorReply> {
    if count >= 0 {
        return Ok(some(chance, usize::try_from(count).unwrap_or(usize::MAX), len, items));
    }
    let number = count.unsigned_abs();
    if number > REPEATED_MAX {
        return Err(ErrorReply::from_static("ERR value is out of range"));
    }
    let items: Vec<T> = items.collect();
    if items.is_empty() {
        return Ok(items);
    }
    Ok((0..number).map(|_| items[chance.below(items.len())]).collect())
}

/// `count` different ones of the `len` items, or all of them if there are no more.
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
