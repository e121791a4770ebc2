//! Scripts: `EVALSHA`, `SCRIPT LOAD`, `SCRIPT EXISTS`, `SCRIPT FLUSH`.

use super::is_option;
use crate::{Blob, Database, ErrorReply, Reply, Sha1, UnixTime, integer};

/// `EVALSHA sha1 numkeys [key [key ...]] [arg [arg ...]]`
pub(super) fn evalsha(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (sha, number, rest) = (&arguments[0], &arguments[1], &arguments[2..]);
    // Redis looks at the length first, at the number next, and at the digits last.
    if sha.len() != Sha1::HEX_LEN {
        return Err(ErrorReply::no_script());
    }
    let number = integer::parse(number)?;
    if number < 0 {
        return Err(ErrorReply::from_static("ERR Number of keys can't be negative"));
    }
    let (keys, arguments) =
        usize::try_from(number).ok().and_then(|number| rest.split_at_checked(number)).ok_or(
            ErrorReply::from_static("ERR Number of keys can't be greater than number of args"),
        )?;
    let sha = Sha1::from_hex(sha).map_err(|_| ErrorReply::no_script())?;
    Ok(database.evalsha(now, &sha, keys, arguments))
}

/// `SCRIPT LOAD script`. A text that is not in the library is refused, with an error that is not
/// Redis's: there a script is whatever compiles.
pub(super) fn load(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let sha = Sha1::of(&arguments[0]);
    if database.library.get(&sha).is_none() {
        return Err(ErrorReply::script_not_in_library(&sha));
    }
    database.loaded.insert(sha);
    Ok(Reply::Bulk(sha.to_hex()))
}

/// `SCRIPT EXISTS sha1 [sha1 ...]`
pub(super) fn exists(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let loaded = |hex: &Blob| Sha1::from_hex(hex).is_ok_and(|sha| database.loaded.contains(&sha));
    let found = arguments.iter().map(|hex| Reply::from(loaded(hex)));
    Ok(Reply::Array(found.collect()))
}

/// `SCRIPT FLUSH [ASYNC | SYNC]`: they are gone at once either way.
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
    database.loaded.clear();
    Ok(Reply::ok())
}
