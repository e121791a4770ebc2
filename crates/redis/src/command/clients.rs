//! What the server tells of its clients, and what they ask of it: `CLIENT INFO`, `LIST`, `KILL`,
//! `REPLY` and `NO-EVICT`. A connection knows of itself only, so that it finds no other in a list,
//! and ends no other.

use super::is_option;
use crate::{Blob, Connection, Database, ErrorReply, Reply, UnixTime, integer};

/// `CLIENT INFO`
pub(super) fn info(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::Bulk(Blob::from(description(connection))))
}

/// `CLIENT LIST [TYPE type] [ID id [id ...]]`
pub(super) fn list(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let is_listed = match arguments {
        [] => true,
        [word, kind] if is_option(word, "TYPE") => is_normal(kind)?,
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

/// Whether that is the type of clients as there are here.
fn is_normal(kind: &[u8]) -> Result<bool, ErrorReply> {
    let known = ["normal", "master", "replica", "slave", "pubsub"];
    if !known.iter().any(|name| kind.eq_ignore_ascii_case(name.as_bytes())) {
        return Err(ErrorReply::unknown_client_type(kind));
    }
    Ok(kind.eq_ignore_ascii_case(b"normal"))
}

/// `CLIENT KILL address` and `CLIENT KILL [ID id] [TYPE type] [USER name] [ADDR address]
/// [LADDR address] [SKIPME yes | no]`: a client may end itself, after the reply.
pub(super) fn kill(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (pairs, []) = arguments.as_chunks::<2>() else {
        return Err(match arguments {
            // There are no addresses here.
            [_] => ErrorReply::from_static("ERR No such client"),
            _ => ErrorReply::syntax(),
        });
    };
    let (mut is_meant, mut skips_me) = (true, true);
    for [filter, value] in pairs {
        if is_option(filter, "ID") {
            let id = integer::parse(value).ok().filter(|id| *id > 0);
            let id = id.ok_or(ErrorReply::from_static("ERR client-id should be greater than 0"))?;
            is_meant &= u64::try_from(id) == Ok(connection.id);
        } else if is_option(filter, "TYPE") {
            is_meant &= is_normal(value)?;
        } else if is_option(filter, "USER") {
            if **value != *b"default" {
                return Err(ErrorReply::no_such_user(value));
            }
        } else if is_option(filter, "ADDR") || is_option(filter, "LADDR") {
            is_meant = false;
        } else if is_option(filter, "SKIPME") {
            skips_me = match value {
                yes if is_option(yes, "YES") => true,
                no if is_option(no, "NO") => false,
                _ => return Err(ErrorReply::syntax()),
            };
        } else {
            return Err(ErrorReply::syntax());
        }
    }
    let is_killed = is_meant && !skips_me;
    if is_killed {
        connection.end_after_reply();
    }
    Ok(Reply::from(is_killed))
}

/// `CLIENT REPLY ON | OFF | SKIP`
pub(super) fn reply(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    match &arguments[0] {
        on if is_option(on, "ON") => connection.mute(false),
        off if is_option(off, "OFF") => connection.mute(true),
        skip if is_option(skip, "SKIP") => connection.leave_out_next(),
        _ => return Err(ErrorReply::syntax()),
    }
    Ok(Reply::ok())
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
