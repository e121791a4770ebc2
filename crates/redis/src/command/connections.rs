//! Commands about the connection itself: `HELLO`, `AUTH`, `RESET`, `QUIT`, `SELECT` and `CLIENT`.

use super::is_option;
use crate::connection::Protocol;
use crate::{Blob, Connection, Database, ErrorReply, Reply, UnixTime, integer};

/// `SELECT index`
pub(super) fn select(
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    database.select(database_number(&arguments[0])?);
    Ok(Reply::ok())
}

/// Parses the number of an existing database.
pub(super) fn database_number(text: &[u8]) -> Result<u8, ErrorReply> {
    let number = i32::try_from(integer::parse(text)?).map_err(|_| {
        ErrorReply::from_static(
            "ERR value is out of range, value must between -2147483648 and 2147483647",
        )
    })?;
    let number = u8::try_from(number).ok().filter(|number| *number < Database::COUNT);
    number.ok_or(ErrorReply::from_static("ERR DB index is out of range"))
}

/// `HELLO [protocol-version [AUTH username password] [SETNAME name]]`: as in Redis, the name stays
/// set even if a later argument is refused.
pub(super) fn hello(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let mut protocol = connection.protocol;
    if let Some((version, mut words)) = arguments.split_first() {
        protocol = match integer::parse(version) {
            Ok(2) => Protocol::Resp2,
            Ok(3) => Protocol::Resp3,
            Ok(_) => {
                return Err(ErrorReply::from_static("NOPROTO unsupported protocol version"));
            }
            Err(_) => {
                return Err(ErrorReply::from_static(
                    "ERR Protocol version is not an integer or out of range",
                ));
            }
        };
        while let Some((word, rest)) = words.split_first() {
            words = match rest {
                [user, _, rest @ ..] if is_option(word, "AUTH") => {
                    log_in(user)?;
                    rest
                }
                [given, rest @ ..] if is_option(word, "SETNAME") => {
                    connection.name = checked_name(given)?;
                    rest
                }
                _ => return Err(ErrorReply::hello_option(word)),
            };
        }
    }
    connection.protocol = protocol;
    let text = |text: &'static str| Reply::Bulk(Blob::from_static(text));
    let id = i64::try_from(connection.id).unwrap_or(i64::MAX);
    Ok(Reply::Array(vec![
        text("server"),
        text("redis"),
        text("version"),
        text(Database::VERSION),
        text("proto"),
        Reply::Integer(protocol.number()),
        text("id"),
        Reply::Integer(id),
        text("mode"),
        text("standalone"),
        text("role"),
        text("master"),
        text("modules"),
        Reply::Array(Vec::new()),
    ]))
}

/// `AUTH [username] password`: there is only the default user, which needs no password.
pub(super) fn auth(
    _: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    match arguments {
        [_] => Err(ErrorReply::from_static(
            "ERR AUTH <password> called without any password configured for the default user. Are \
             you sure your configuration is correct?",
        )),
        [user, _] => log_in(user).map(|()| Reply::ok()),
        _ => Err(ErrorReply::syntax()),
    }
}

fn log_in(user: &[u8]) -> Result<(), ErrorReply> {
    if user != b"default" {
        return Err(ErrorReply::from_static(
            "WRONGPASS invalid username-password pair or user is disabled.",
        ));
    }
    Ok(())
}

/// `RESET`
pub(super) fn reset(
    connection: &mut Connection,
    database: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    connection.reset(database);
    Ok(Reply::Status(Blob::from_static("RESET")))
}

/// `QUIT`
pub(super) fn quit(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    connection.end_after_reply();
    Ok(Reply::ok())
}

/// `CLIENT ID`
pub(super) fn id(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::Integer(i64::try_from(connection.id).unwrap_or(i64::MAX)))
}

/// `CLIENT GETNAME`
pub(super) fn getname(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    let name = Some(connection.name.clone());
    Ok(Reply::from(name.filter(|name| !name.is_empty())))
}

/// `CLIENT SETNAME name`
pub(super) fn setname(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    connection.name = checked_name(&arguments[0])?;
    Ok(Reply::ok())
}

/// No name is as good as an empty one. Redis takes names of any length.
fn checked_name(name: &Blob) -> Result<Blob, ErrorReply> {
    const LEN_MAX: usize = 64 << 10;
    if name.len() > LEN_MAX {
        return Err(ErrorReply::from_static("ERR Client names cannot be longer than 65536 bytes."));
    }
    if !name.iter().all(u8::is_ascii_graphic) {
        return Err(ErrorReply::from_static(
            "ERR Client names cannot contain spaces, newlines or special characters.",
        ));
    }
    Ok(name.clone())
}
