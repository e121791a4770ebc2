//! Expiry of keys: `EXPIRE`, `PEXPIRE`, `EXPIREAT`, `PEXPIREAT`, `TTL`, `PTTL`, `EXPIRETIME`,
//! `PEXPIRETIME`, `PERSIST`.

use super::is_option;
use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixMillis, UnixTime, integer};

/// The unit of an expiry. Each of the four `EXPIRE` commands uses one unit, and `SET` has an option
/// for each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds from now: `EX`, `EXPIRE`.
    Seconds,
    /// Milliseconds from now: `PX`, `PEXPIRE`.
    Milliseconds,
    /// Seconds since the epoch: `EXAT`, `EXPIREAT`.
    UnixSeconds,
    /// Milliseconds since the epoch: `PXAT`, `PEXPIREAT`.
    UnixMilliseconds,
}

impl Unit {
    /// The unit of an option of `SET`.
    pub(super) fn from_option(word: &[u8]) -> Option<Unit> {
        [
            ("EX", Unit::Seconds),
            ("PX", Unit::Milliseconds),
            ("EXAT", Unit::UnixSeconds),
            ("PXAT", Unit::UnixMilliseconds),
        ]
        .into_iter()
        .find_map(|(keyword, unit)| is_option(word, keyword).then_some(unit))
    }

    /// Converts to milliseconds since the epoch. `None` if they do not fit in 64 signed bits.
    pub(super) fn unix_millis(self, number: i64, now: UnixTime) -> Option<i64> {
        match self {
            Unit::Seconds => number.checked_mul(1_000)?.checked_add(now.signed_millis()),
            Unit::Milliseconds => number.checked_add(now.signed_millis()),
            Unit::UnixSeconds => number.checked_mul(1_000),
            Unit::UnixMilliseconds => Some(number),
        }
    }
}

/// `EXPIRE key seconds [NX | XX | GT | LT]`
pub(super) fn expire(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    set_expiry(database, now, arguments, Unit::Seconds, "expire")
}

/// `PEXPIRE key milliseconds [NX | XX | GT | LT]`
pub(super) fn pexpire(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    set_expiry(database, now, arguments, Unit::Milliseconds, "pexpire")
}

/// `EXPIREAT key unix-seconds [NX | XX | GT | LT]`
pub(super) fn expireat(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    set_expiry(database, now, arguments, Unit::UnixSeconds, "expireat")
}

/// `PEXPIREAT key unix-milliseconds [NX | XX | GT | LT]`
pub(super) fn pexpireat(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    set_expiry(database, now, arguments, Unit::UnixMilliseconds, "pexpireat")
}

/// A key whose new expiry is not in the future is removed immediately. Here the current millisecond
/// counts as the past, although an existing key lives until the end of its last millisecond.
fn set_expiry(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    unit: Unit,
    command: &str,
) -> Result<Reply, ErrorReply> {
    let (key, number) = (&arguments[0], &arguments[1]);
    let conditions = Conditions::parse(&arguments[2..])?;
    let unix_ms = unit
        .unix_millis(integer::parse(number)?, now)
        .ok_or_else(|| ErrorReply::invalid_expire_time(command))?;
    let Some(current) = database.keyspace.read(now, key, |entry| entry.expires) else {
        return Ok(Reply::from(false));
    };
    if !conditions.allow(current, unix_ms) {
        return Ok(Reply::from(false));
    }
    match u64::try_from(unix_ms).map(UnixMillis) {
        Ok(expires) if expires > now.millis() => {
            let set = |entry: &mut Entry| entry.expires = Some(expires);
            database.keyspace.update(now, key, set);
            database.keyspace.touch(key);
        }
        _ => {
            database.keyspace.remove(now, key);
        }
    }
    Ok(Reply::from(true))
}

/// The conditions `NX`, `XX`, `GT` and `LT`, as far as they were given.
#[derive(Default)]
struct Conditions {
    if_lasting: bool,
    if_expiring: bool,
    if_later: bool,
    if_sooner: bool,
}

impl Conditions {
    fn parse(words: &[Blob]) -> Result<Conditions, ErrorReply> {
        let mut given = Conditions::default();
        for word in words {
            let flag = if is_option(word, "NX") {
                &mut given.if_lasting
            } else if is_option(word, "XX") {
                &mut given.if_expiring
            } else if is_option(word, "GT") {
                &mut given.if_later
            } else if is_option(word, "LT") {
                &mut given.if_sooner
            } else {
                return Err(ErrorReply::unsupported_option(word));
            };
            *flag = true;
        }
        if given.if_lasting && (given.if_expiring || given.if_later || given.if_sooner) {
            return Err(ErrorReply::from_static(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if given.if_later && given.if_sooner {
            return Err(ErrorReply::from_static(
                "ERR GT and LT options at the same time are not compatible",
            ));
        }
        Ok(given)
    }

    /// Whether all conditions hold for a key that expires at `current`. No time is later than no
    /// expiry.
    fn allow(&self, current: Option<UnixMillis>, unix_ms: i64) -> bool {
        let current = current.map(|current| i128::from(current.0));
        let unix_ms = i128::from(unix_ms);
        (!self.if_lasting || current.is_none())
            && (!self.if_expiring || current.is_some())
            && (!self.if_later || current.is_some_and(|current| unix_ms > current))
            && (!self.if_sooner || current.is_none_or(|current| unix_ms < current))
    }
}

/// `TTL key`: in seconds, rounded to the nearest; -1 if it never expires, -2 if it does not exist.
pub(super) fn ttl(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::Integer(in_seconds(left_ms(database, now, &arguments[0]))))
}

/// `PTTL key`: in milliseconds; -1 if it never expires, -2 if it does not exist.
pub(super) fn pttl(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::Integer(left_ms(database, now, &arguments[0])))
}

/// `EXPIRETIME key`: in seconds since the epoch, rounded to the nearest; otherwise as `TTL`.
pub(super) fn expiretime(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::Integer(in_seconds(unix_ms(database, now, &arguments[0]))))
}

/// `PEXPIRETIME key`: in milliseconds since the epoch; otherwise as `PTTL`.
pub(super) fn pexpiretime(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::Integer(unix_ms(database, now, &arguments[0])))
}

fn in_seconds(ms: i64) -> i64 {
    match ms {
        0.. => ms.saturating_add(500) / 1_000,
        _ => ms,
    }
}

fn left_ms(database: &mut Database, now: UnixTime, key: &Blob) -> i64 {
    match unix_ms(database, now, key) {
        expires @ 0.. => expires.saturating_sub(now.signed_millis()).max(0),
        missing => missing,
    }
}

fn unix_ms(database: &mut Database, now: UnixTime, key: &Blob) -> i64 {
    match database.keyspace.read(now, key, |entry| entry.expires) {
        None => -2,
        Some(None) => -1,
        Some(Some(expires)) => i64::try_from(expires.0).unwrap_or(i64::MAX),
    }
}

/// `PERSIST key`
pub(super) fn persist(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let persisted =
        database.keyspace.update(now, &arguments[0], |entry| entry.expires.take().is_some());
    Ok(Reply::from(persisted.unwrap_or(false)))
}
