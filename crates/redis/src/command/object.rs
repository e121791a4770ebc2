//! How Redis would store a value: `OBJECT ENCODING`, `OBJECT REFCOUNT`, `OBJECT IDLETIME`,
//! `OBJECT FREQ`, `OBJECT HELP`.
//!
//! The answers depend only on the current value. In Redis they also depend on its past: a string
//! that was changed in place stays `raw`, and a hash or set that once was large stays a
//! `hashtable`.

use crate::{Blob, Database, ErrorReply, Reply, UnixTime, Value, integer};

/// Redis shares the objects of integers below this.
const SHARED_END: i64 = 10_000;
/// The reference count of a shared integer.
const SHARED_REFCOUNT: i64 = i32::MAX as i64;
/// The longest string that Redis stores in one piece with its header, in bytes.
const EMBEDDED_LEN_MAX: usize = 44;

/// `OBJECT ENCODING key`
pub(super) fn encoding(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let encoding = database.keyspace.read(now, &arguments[0], |entry| match &entry.value {
        Value::String(string) if integer::parse(string).is_ok() => "int",
        Value::String(string) if string.len() <= EMBEDDED_LEN_MAX => "embstr",
        Value::String(_) => "raw",
        Value::List(_) => "quicklist",
        Value::Hash(fields) if fields.is_compact() => "listpack",
        Value::Hash(_) => "hashtable",
        Value::Set(set) if set.is_compact() => "intset",
        Value::Set(_) => "hashtable",
        Value::SortedSet(set) if set.is_compact() => "listpack",
        Value::SortedSet(_) => "skiplist",
    });
    Ok(Reply::from(encoding.map(Blob::from_static)))
}

/// `OBJECT REFCOUNT key`: 1, except for small integers, which Redis shares.
pub(super) fn refcount(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let shared = |string: &Blob| {
        integer::parse(string).is_ok_and(|number| (0..SHARED_END).contains(&number))
    };
    let count = database.keyspace.read(now, &arguments[0], |entry| {
        let is_shared = entry.value.as_string().is_some_and(shared);
        Reply::Integer(if is_shared { SHARED_REFCOUNT } else { 1 })
    });
    Ok(count.unwrap_or(Reply::Nil))
}

/// `OBJECT IDLETIME key`: always 0, because the time of the last access is not recorded.
pub(super) fn idletime(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let idle = database.keyspace.read(now, &arguments[0], |_| Reply::Integer(0));
    Ok(idle.unwrap_or(Reply::Nil))
}

/// `OBJECT FREQ key`: refused, as by every server whose policy is not LFU.
pub(super) fn freq(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    match database.keyspace.read(now, &arguments[0], |_| ()) {
        None => Ok(Reply::Nil),
        Some(()) => Err(ErrorReply::from_static(
            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please \
             note that when switching between policies at runtime LRU and LFU data will take some \
             time to adjust.",
        )),
    }
}

/// `OBJECT HELP`: shorter than Redis's.
pub(super) fn help(_: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    let lines = ["OBJECT ENCODING key", "OBJECT FREQ key", "OBJECT HELP", "OBJECT IDLETIME key"];
    let lines = lines.into_iter().chain(["OBJECT REFCOUNT key"]);
    Ok(Reply::Array(lines.map(|line| Reply::Status(Blob::from_static(line))).collect()))
}
