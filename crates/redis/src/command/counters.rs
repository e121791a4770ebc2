//! Numbers in strings and fields: `INCR`, `DECR`, `INCRBY`, `DECRBY`, `INCRBYFLOAT`, `HINCRBY`,
//! `HINCRBYFLOAT`.

use crate::extended::Extended;
use crate::value::Fields;
use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixTime, integer};

/// `INCR key`
pub(super) fn incr(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    add(database, now, &arguments[0], 1)
}

/// `DECR key`
pub(super) fn decr(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    add(database, now, &arguments[0], -1)
}

/// `INCRBY key increment`
pub(super) fn incrby(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    add(database, now, &arguments[0], integer::parse(&arguments[1])?)
}

/// `DECRBY key decrement`
pub(super) fn decrby(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let amount = integer::parse(&arguments[1])?
        .checked_neg()
        .ok_or(ErrorReply::from_static("ERR decrement would overflow"))?;
    add(database, now, &arguments[0], amount)
}

/// A missing key counts as 0. An existing key keeps its expiry.
fn add(
    database: &mut Database,
    now: UnixTime,
    key: &Blob,
    amount: i64,
) -> Result<Reply, ErrorReply> {
    let changed = database.keyspace.update_as(now, key, |value: &mut Blob| {
        let sum = integer::parse(value)?.checked_add(amount).ok_or(ErrorReply::overflow())?;
        *value = integer::write(sum);
        Ok(sum)
    })?;
    let sum = match changed {
        Some(sum) => sum?,
        None => {
            database.keyspace.set(key, Entry::lasting(integer::write(amount)));
            amount
        }
    };
    database.keyspace.touch(key);
    Ok(Reply::Integer(sum))
}

/// `INCRBYFLOAT key increment`: a missing key counts as 0. An existing key keeps its expiry. Like
/// Redis, it reads the stored number before the increment.
pub(super) fn incrbyfloat(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, amount) = (&arguments[0], &arguments[1]);
    let float = |text: &[u8]| Extended::parse(text).ok_or(ErrorReply::not_a_float());
    let old = database.keyspace.read_as(now, key, Blob::clone)?;
    let old = old.map_or(Ok(Extended::ZERO), |old| float(&old))?;
    let sum = old.checked_add(float(amount)?).ok_or(ErrorReply::not_finite())?.write();
    database.keyspace.upsert_as(now, key, |value: &mut Blob| {
        value.clone_from(&sum);
        Ok(())
    })?;
    database.keyspace.touch(key);
    Ok(Reply::Bulk(sum))
}

/// `HINCRBY key field increment`: a missing field counts as 0.
pub(super) fn hincrby(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, field) = (&arguments[0], &arguments[1]);
    let amount = integer::parse(&arguments[2])?;
    let sum = database.keyspace.upsert_as(now, key, |fields: &mut Fields| {
        let old = fields.get(field).map_or(Ok(0), |old| integer::parse(old));
        let old = old.map_err(|_| ErrorReply::from_static("ERR hash value is not an integer"))?;
        let sum = old.checked_add(amount).ok_or(ErrorReply::overflow())?;
        fields.set(field, integer::write(sum));
        Ok(sum)
    })?;
    database.keyspace.touch(key);
    Ok(Reply::Integer(sum))
}

/// `HINCRBYFLOAT key field increment`: a missing field counts as 0.
pub(super) fn hincrbyfloat(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, field) = (&arguments[0], &arguments[1]);
    let amount = Extended::parse(&arguments[2]).ok_or(ErrorReply::not_a_float())?;
    if !amount.is_finite() {
        return Err(ErrorReply::from_static("ERR value is NaN or Infinity"));
    }
    let sum = database.keyspace.upsert_as(now, key, |fields: &mut Fields| {
        let old = fields.get(field).map_or(Some(Extended::ZERO), |old| Extended::parse(old));
        let old = old.ok_or(ErrorReply::from_static("ERR hash value is not a float"))?;
        let sum = old.checked_add(amount).ok_or(ErrorReply::not_finite())?.write();
        fields.set(field, sum.clone());
        Ok(sum)
    })?;
    database.keyspace.touch(key);
    Ok(Reply::Bulk(sum))
}
