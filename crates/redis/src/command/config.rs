//! The server's parameters: `CONFIG GET`, `CONFIG SET`, `CONFIG RESETSTAT`, `CONFIG REWRITE`.

use crate::config::Parameter;
use crate::{Blob, Database, ErrorReply, Reply, UnixTime, glob};

/// `CONFIG GET parameter [parameter ...]`: each may be a pattern. A name is returned as the client
/// wrote it.
pub(super) fn get(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let mut pairs = Vec::new();
    for (name, parameter) in Parameter::ALL {
        let is_asked =
            |pattern: &&Blob| glob::matches(&pattern.to_ascii_lowercase(), name.as_bytes());
        if let Some(asked) = arguments.iter().find(is_asked) {
            let is_pattern = asked.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['));
            pairs.push(if is_pattern { Blob::from_static(name) } else { asked.clone() });
            pairs.push(database.config.get(parameter));
        }
    }
    Ok(Reply::Array(pairs.into_iter().map(Reply::Bulk).collect()))
}

/// `CONFIG SET parameter value [parameter value ...]`: sets all parameters or none.
pub(super) fn set(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (pairs, []) = arguments.as_chunks::<2>() else {
        return Err(ErrorReply::syntax());
    };
    let mut given: Vec<(&str, Parameter, &Blob)> = Vec::new();
    for [word, value] in pairs {
        let known = |(known, _): &(&str, Parameter)| word.eq_ignore_ascii_case(known.as_bytes());
        let Some((name, parameter)) = Parameter::ALL.into_iter().find(known) else {
            return Err(ErrorReply::unknown_parameter(word));
        };
        if parameter == Parameter::Databases {
            return Err(ErrorReply::config_set_failed(word, "can't set immutable config"));
        }
        if given.iter().any(|(other, ..)| *other == name) {
            return Err(ErrorReply::config_set_failed(word, "duplicate parameter"));
        }
        given.push((name, parameter, value));
    }
    let mut config = database.config.clone();
    for (name, parameter, value) in given {
        let set = config.set(parameter, value);
        set.map_err(|reason| ErrorReply::config_set_failed(name.as_bytes(), &reason))?;
    }
    database.configure(config);
    Ok(Reply::ok())
}

/// `CONFIG RESETSTAT`
pub(super) fn resetstat(
    database: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    database.evicted = 0;
    Ok(Reply::ok())
}

/// `CONFIG REWRITE`
pub(super) fn rewrite(_: &mut Database, _: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    Err(ErrorReply::from_static("ERR The server is running without a config file"))
}
