//! Parts of strings: `GETRANGE`, which is also called `SUBSTR`, and `SETRANGE`.

use std::ops::Range;

use super::strings::{LEN_MAX, check_growth};
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, integer};

/// `GETRANGE key start end`: both inclusive. A negative index counts from the end.
pub(super) fn getrange(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (start, end) = (integer::parse(&arguments[1])?, integer::parse(&arguments[2])?);
    let part = database
        .keyspace
        .read_as(now, &arguments[0], |value: &Blob| value.part(part(value.len(), start, end)))?;
    Ok(Reply::Bulk(part.unwrap_or_default()))
}

/// An `end` before the first byte means the first byte, as in Redis. But if both are negative and
/// `start` is greater, the result is empty.
fn part(len: usize, start: i64, end: i64) -> Range<usize> {
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let from_start = |place: i64| if place < 0 { (place + len).max(0) } else { place };
    let (start, end) = (from_start(start), from_start(end).min(len - 1));
    let place = |place: i64| usize::try_from(place).ok();
    let range = place(start).zip(place(end).map(|end| end + 1));
    range.filter(|(start, end)| start < end).map_or(0..0, |(start, end)| start..end)
}

/// `SETRANGE key offset value`: zero bytes fill the gap.
pub(super) fn setrange(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, offset, part) = (&arguments[0], integer::parse(&arguments[1])?, &arguments[2]);
    let offset = usize::try_from(offset)
        .map_err(|_| ErrorReply::from_static("ERR offset is out of range"))?;
    if part.is_empty() {
        let len = database.keyspace.read_as(now, key, |value: &Blob| value.len())?;
        return Ok(Reply::from(len.unwrap_or(0)));
    }
    let end = offset.checked_add(part.len()).filter(|end| *end <= LEN_MAX);
    let end = end.ok_or(ErrorReply::string_too_long());
    check_growth(database, now, key, |len| len.max(*end.as_ref().unwrap_or(&0)))?;
    let len = database.keyspace.upsert_as(now, key, |value: &mut Blob| {
        let end = end?;
        value.change(|bytes| {
            bytes.resize(bytes.len().max(end), 0);
            bytes[offset..end].copy_from_slice(part);
        });
        Ok(value.len())
    })?;
    database.keyspace.touch(key);
    Ok(Reply::from(len))
}
