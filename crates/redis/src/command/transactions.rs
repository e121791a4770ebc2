//! Transactions: `MULTI`, `EXEC`, `DISCARD`, `WATCH`, `UNWATCH`.

use crate::{Blob, Clients, Connection, Database, ErrorReply, Reply, UnixTime};

/// `MULTI`
pub(super) fn multi(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    if connection.transaction.is_some() {
        return Err(ErrorReply::from_static("ERR MULTI calls can not be nested"));
    }
    connection.transaction = Some(Default::default());
    Ok(Reply::ok())
}

/// `EXEC`: returns the replies to the queued commands, or nil if a watched key has changed. All
/// commands see the same time.
pub(super) fn exec(
    connection: &mut Connection,
    clients: &mut dyn Clients,
    database: &mut Database,
    now: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    let Some(transaction) = connection.transaction.take() else {
        return Err(ErrorReply::from_static("ERR EXEC without MULTI"));
    };
    let is_safe = connection.sees_no_change(database, now);
    connection.unwatch(database);
    if transaction.is_broken {
        return Err(ErrorReply::from_static(
            "EXECABORT Transaction discarded because of previous errors.",
        ));
    }
    if !is_safe {
        return Ok(Reply::Nil);
    }
    let mut replies = Vec::new();
    for line in &transaction.lines {
        let before = database.replies;
        let reply = match super::resolve(line) {
            Ok(resolved) => connection.run(clients, database, now, resolved),
            Err(unresolved) => Reply::Error(unresolved.refusal(line)),
        };
        if !database.replies.is_exceeded() {
            // The reply counts only once, as a part of the reply of `EXEC`.
            database.replies = before;
        }
        match database.replies.take(reply.size()) {
            Ok(()) => replies.push(reply),
            // The client will not get any of these replies. The remaining commands are executed
            // anyway.
            Err(_) => replies = Vec::new(),
        }
    }
    Ok(Reply::Array(replies))
}

/// `DISCARD`
pub(super) fn discard(
    connection: &mut Connection,
    database: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    if connection.transaction.is_none() {
        return Err(ErrorReply::from_static("ERR DISCARD without MULTI"));
    }
    connection.discard(database);
    Ok(Reply::ok())
}

/// `WATCH key [key ...]`: what it takes to watch them counts like a reply, so that there is an end
/// to what one command can take.
pub(super) fn watch(
    connection: &mut Connection,
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    if connection.transaction.is_some() {
        return Err(ErrorReply::from_static("ERR WATCH inside MULTI is not allowed"));
    }
    database.replies.take(arguments.iter().map(Connection::watch_bytes).sum())?;
    arguments.iter().for_each(|key| connection.watch(database, now, key));
    Ok(Reply::ok())
}

/// `UNWATCH`
pub(super) fn unwatch(
    connection: &mut Connection,
    database: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    connection.unwatch(database);
    Ok(Reply::ok())
}
