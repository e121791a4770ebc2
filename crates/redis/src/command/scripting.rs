//! Scripts: `EVAL`, `EVALSHA`, their read-only forms, and `SCRIPT`.

use super::is_option;
use crate::lua::Access;
use crate::script::Loader;
use crate::{Blob, Database, ErrorReply, Reply, Sha1, UnixTime, integer};

/// `EVAL script numkeys [key [key ...]] [arg [arg ...]]`
pub(super) fn eval(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    eval_with(database, now, arguments, Access::ReadWrite)
}

/// `EVAL_RO script numkeys [key [key ...]] [arg [arg ...]]`
pub(super) fn eval_ro(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    eval_with(database, now, arguments, Access::ReadOnly)
}

/// `EVALSHA sha1 numkeys [key [key ...]] [arg [arg ...]]`
pub(super) fn evalsha(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    evalsha_with(database, now, arguments, Access::ReadWrite)
}

/// `EVALSHA_RO sha1 numkeys [key [key ...]] [arg [arg ...]]`
pub(super) fn evalsha_ro(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    evalsha_with(database, now, arguments, Access::ReadOnly)
}

/// Loads the text as `SCRIPT LOAD` does, after checking the number of keys.
fn eval_with(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    access: Access,
) -> Result<Reply, ErrorReply> {
    let text = &arguments[0];
    let (keys, arguments) = keys_and_arguments(&arguments[1..])?;
    let sha = database.load_script(text, Loader::Eval)?;
    database.run_script(now, &sha, keys, arguments, access)
}

fn evalsha_with(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    access: Access,
) -> Result<Reply, ErrorReply> {
    let sha = &arguments[0];
    // Like Redis, it checks the length, then the number of keys, then the digits.
    if sha.len() != Sha1::HEX_LEN {
        return Err(ErrorReply::no_script());
    }
    let (keys, arguments) = keys_and_arguments(&arguments[1..])?;
    let sha = Sha1::from_hex(sha).map_err(|_| ErrorReply::no_script())?;
    database.run_script(now, &sha, keys, arguments, access)
}

/// Splits the words after `numkeys` into keys and arguments.
fn keys_and_arguments(words: &[Blob]) -> Result<(&[Blob], &[Blob]), ErrorReply> {
    let (number, rest) = words.split_first().ok_or(ErrorReply::syntax())?;
    let number = integer::parse(number)?;
    if number < 0 {
        return Err(ErrorReply::from_static("ERR Number of keys can't be negative"));
    }
    usize::try_from(number)
        .ok()
        .and_then(|number| rest.split_at_checked(number))
        .ok_or(ErrorReply::from_static("ERR Number of keys can't be greater than number of args"))
}

/// `SCRIPT LOAD script`
pub(super) fn load(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let sha = database.load_script(&arguments[0], Loader::Load)?;
    Ok(Reply::Bulk(sha.to_hex()))
}

/// `SCRIPT EXISTS sha1 [sha1 ...]`
pub(super) fn exists(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let loaded = |hex: &Blob| Sha1::from_hex(hex).is_ok_and(|sha| database.scripts.contains(&sha));
    let found = arguments.iter().map(|hex| Reply::from(loaded(hex)));
    Ok(Reply::Array(found.collect()))
}

/// `SCRIPT FLUSH [ASYNC | SYNC]`: both options remove all scripts immediately.
pub(super) fn flush(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    match arguments {
        [] => {}
        [how] if is_option(how, "SYNC") || is_option(how, "ASYNC") => {}
        _ => {
            return Err(ErrorReply::from_static("ERR SCRIPT FLUSH only support SYNC|ASYNC option"));
        }
    }
    database.scripts.clear();
    Ok(Reply::ok())
}

/// `SCRIPT KILL`: see [`Connection::call_while_busy`](crate::Connection::call_while_busy) for a
/// server that is running a script.
pub(super) fn kill(_: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    Err(ErrorReply::from_static("NOTBUSY No scripts in execution right now."))
}
