//! What a connection says of itself: `HELLO`, `AUTH`, `RESET`, `QUIT`, `SELECT` and `CLIENT`.

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

/// The number of one of the databases that there are.
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
/// given if something after it is refused.
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

/// `AUTH [username] password`: there is the default user only, who needs no password.
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

/// No name is as good as an empty one.
fn checked_name(name: &Blob) -> Result<Blob, ErrorReply> {
    if !name.iter().all(u8::is_ascii_graphic) {
        return Err(ErrorReply::from_static(
            "ERR Client names cannot contain spaces, newlines or special characters.",
        ));
    }
    Ok(name.clone())
}

/// `CLIENT INFO`
pub(super) fn info(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::Bulk(Blob::from(description(connection))))
}

/// `CLIENT LIST [TYPE type] [ID id [id ...]]`: a connection knows of itself only.
pub(super) fn list(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let is_listed = match arguments {
        [] => true,
        [word, kind] if is_option(word, "TYPE") => {
            let known = ["normal", "master", "replica", "slave", "pubsub"];
            if !known.iter().any(|name| kind.eq_ignore_ascii_case(name.as_bytes())) {
                return Err(ErrorReply::unknown_client_type(kind));
            }
            kind.eq_ignore_ascii_case(b"normal")
        }
        [word, ids @ ..] if is_option(word, "ID") && !ids.is_empty() => {
            let parse = |id: &Blob| {
                integer::parse(id).map_err(|_| ErrorReply::from_static("ERR Invalid client ID"))
            };
            let ids: Vec<i64> = ids.iter().map(parse).collect::<Result<_, _>>()?;
            ids.iter().any(|id| u64::try_from(*id) == Ok(connection.id))
        }
        _ => return Err(ErrorReply::syntax()),
    };
    let text = if is_listed { description(connection) } else { String::new() };
    Ok(Reply::Bulk(Blob::from(text)))
}

/// `CLIENT NO-EVICT ON | OFF`: connections are not evicted here anyway.
pub(super) fn no_evict(
    _: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    if is_option(&arguments[0], "ON") || is_option(&arguments[0], "OFF") {
        return Ok(Reply::ok());
    }
    Err(ErrorReply::syntax())
}

/// Those fields of Redis's line that mean something here.
fn description(connection: &Connection) -> String {
    let Connection { id, name, selected, transaction, protocol, .. } = connection;
    let (flags, queued) = match transaction {
        Some(transaction) => ('x', transaction.lines.len().to_string()),
        None => ('N', "-1".to_owned()),
    };
    let resp = protocol.number();
    format!("id={id} name={name} flags={flags} db={selected} multi={queued} resp={resp}\n")
}
