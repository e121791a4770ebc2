//! Strings with an expiry: `SET` and its options, `SETNX`, `SETEX`, `PSETEX`, `GETSET`, `GETEX`.

use super::expiry::Unit;
use super::is_option;
use crate::{Blob, Database, Entry, ErrorReply, Reply, UnixMillis, UnixTime, integer};

/// `SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-seconds |
/// PXAT unix-milliseconds | KEEPTTL]`
pub(super) fn set(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, value) = (&arguments[0], arguments[1].clone());
    if arguments.len() == 2 {
        database.keyspace.set(key, Entry::lasting(value));
        return Ok(Reply::ok());
    }
    let options = Options::parse(&arguments[2..])?;
    let expiry = options.lifetime.expiry(now, "set")?;
    let old = database.keyspace.read(now, key, Entry::clone);
    let answer = match options.answer {
        Answer::OldValue => Some(old_string(old.as_ref())?),
        Answer::Outcome => None,
    };
    let refused = match options.condition {
        Some(Condition::IfAbsent) => old.is_some(),
        Some(Condition::IfPresent) => old.is_none(),
        None => false,
    };
    if !refused {
        let expires = match options.lifetime {
            Lifetime::Keep => old.as_ref().and_then(|old| old.expires),
            Lifetime::Endless | Lifetime::Until(..) => expiry,
        };
        database.keyspace.set(key, Entry { value: value.into(), expires });
    }
    Ok(answer.unwrap_or(if refused { Reply::Nil } else { Reply::ok() }))
}

/// The reply of `SET` with `GET`, or an error if the old value is not a string.
fn old_string(old: Option<&Entry>) -> Result<Reply, ErrorReply> {
    let value = old.map(|old| old.value.expect::<Blob>().cloned()).transpose()?;
    Ok(Reply::from(value))
}

/// `SETNX key value`
pub(super) fn setnx(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, value) = (&arguments[0], &arguments[1]);
    let absent = database.keyspace.read(now, key, |_| ()).is_none();
    if absent {
        database.keyspace.set(key, Entry::lasting(value.clone()));
    }
    Ok(Reply::from(absent))
}

/// `SETEX key seconds value`
pub(super) fn setex(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let lifetime = Lifetime::Until(Unit::Seconds, &arguments[1]);
    set_until(database, arguments, lifetime.expiry(now, "setex")?)
}

/// `PSETEX key milliseconds value`
pub(super) fn psetex(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let lifetime = Lifetime::Until(Unit::Milliseconds, &arguments[1]);
    set_until(database, arguments, lifetime.expiry(now, "psetex")?)
}

fn set_until(
    database: &mut Database,
    arguments: &[Blob],
    expires: Option<UnixMillis>,
) -> Result<Reply, ErrorReply> {
    let (key, value) = (&arguments[0], arguments[2].clone());
    database.keyspace.set(key, Entry { value: value.into(), expires });
    Ok(Reply::ok())
}

/// `GETSET key value`: as `SET key value`, but returns the old value.
pub(super) fn getset(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (key, value) = (&arguments[0], arguments[1].clone());
    let old = database.keyspace.read_as(now, key, Blob::clone)?;
    database.keyspace.set(key, Entry::lasting(value));
    Ok(Reply::from(old))
}

/// `GETEX key [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds |
/// PERSIST]`. As in Redis, the number is read only if the key holds a string. A key whose new
/// expiry is a time in the past is removed immediately.
pub(super) fn getex(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let key = &arguments[0];
    let renewal = Renewal::parse(&arguments[1..])?;
    let Some(value) = database.keyspace.read_as(now, key, Blob::clone)? else {
        return Ok(Reply::Nil);
    };
    let expires = match renewal {
        Renewal::None => return Ok(Reply::Bulk(value)),
        Renewal::Persist => None,
        Renewal::Until(unit, number) => Lifetime::Until(unit, number).expiry(now, "getex")?,
    };
    if expires.is_some_and(|expires| expires <= now.millis()) {
        database.keyspace.remove(now, key);
    } else {
        database.keyspace.update(now, key, |entry| entry.expires = expires);
        database.keyspace.touch(key);
    }
    Ok(Reply::Bulk(value))
}

/// How `GETEX` changes the key's expiry.
enum Renewal<'a> {
    None,
    Persist,
    Until(Unit, &'a [u8]),
}

impl<'a> Renewal<'a> {
    /// As for `SET`, an option may be repeated, and the last one wins.
    fn parse(mut words: &'a [Blob]) -> Result<Renewal<'a>, ErrorReply> {
        let mut renewal = Renewal::None;
        while let Some((word, rest)) = words.split_first() {
            words = rest;
            if is_option(word, "PERSIST") {
                if let Renewal::Until(..) = renewal {
                    return Err(ErrorReply::syntax());
                }
                renewal = Renewal::Persist;
                continue;
            }
            let unit = Unit::from_option(word).ok_or(ErrorReply::syntax())?;
            let (number, rest) = words.split_first().ok_or(ErrorReply::syntax())?;
            match renewal {
                Renewal::None => {}
                Renewal::Until(other, _) if other == unit => {}
                Renewal::Persist | Renewal::Until(..) => return Err(ErrorReply::syntax()),
            }
            renewal = Renewal::Until(unit, number);
            words = rest;
        }
        Ok(renewal)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    IfAbsent,
    IfPresent,
}

/// How `SET` changes the key's expiry.
#[derive(Clone, Copy)]
enum Lifetime<'a> {
    Endless,
    Keep,
    /// As in Redis, the number is read only after all options have been checked.
    Until(Unit, &'a [u8]),
}

#[derive(Clone, Copy)]
enum Answer {
    Outcome,
    OldValue,
}

struct Options<'a> {
    condition: Option<Condition>,
    lifetime: Lifetime<'a>,
    answer: Answer,
}

impl<'a> Options<'a> {
    /// An option may be repeated, and the last one wins. Options that exclude each other are an
    /// error.
    fn parse(mut words: &'a [Blob]) -> Result<Options<'a>, ErrorReply> {
        let mut options =
            Options { condition: None, lifetime: Lifetime::Endless, answer: Answer::Outcome };
        while let Some((word, rest)) = words.split_first() {
            words = rest;
            if is_option(word, "NX") {
                options.require(Condition::IfAbsent)?;
            } else if is_option(word, "XX") {
                options.require(Condition::IfPresent)?;
            } else if is_option(word, "GET") {
                options.answer = Answer::OldValue;
            } else if is_option(word, "KEEPTTL") {
                match options.lifetime {
                    Lifetime::Until(..) => return Err(ErrorReply::syntax()),
                    Lifetime::Endless | Lifetime::Keep => options.lifetime = Lifetime::Keep,
                }
            } else {
                let unit = Unit::from_option(word).ok_or(ErrorReply::syntax())?;
                let (number, rest) = words.split_first().ok_or(ErrorReply::syntax())?;
                match options.lifetime {
                    Lifetime::Endless => {}
                    Lifetime::Until(other, _) if other == unit => {}
                    _ => return Err(ErrorReply::syntax()),
                }
                options.lifetime = Lifetime::Until(unit, number);
                words = rest;
            }
        }
        Ok(options)
    }

    fn require(&mut self, condition: Condition) -> Result<(), ErrorReply> {
        match self.condition {
            Some(other) if other != condition => Err(ErrorReply::syntax()),
            _ => {
                self.condition = Some(condition);
                Ok(())
            }
        }
    }
}

impl Lifetime<'_> {
    /// The expiry that these words give. It may be in the past, but not before 1970.
    fn expiry(self, now: UnixTime, command: &str) -> Result<Option<UnixMillis>, ErrorReply> {
        let Lifetime::Until(unit, number) = self else {
            return Ok(None);
        };
        let number = integer::parse(number)?;
        let expires = Some(number)
            .filter(|number| *number > 0)
            .and_then(|number| unit.unix_millis(number, now))
            .and_then(|unix_ms| u64::try_from(unix_ms).ok())
            .ok_or_else(|| ErrorReply::invalid_expire_time(command))?;
        Ok(Some(UnixMillis(expires)))
    }
}
