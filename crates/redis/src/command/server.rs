//! Commands without keys: `PING`, `ECHO`, `TIME`, `WAIT`.

use crate::{Blob, Database, ErrorReply, Reply, UnixTime, integer};

/// `PING [message]`
pub(super) fn ping(_: &mut Database, _: UnixTime, arguments: &[Blob]) -> Result<Reply, ErrorReply> {
    match arguments {
        [] => Ok(Reply::Status(Blob::from_static("PONG"))),
        [message] => Ok(Reply::Bulk(message.clone())),
        _ => Err(ErrorReply::wrong_number_of_arguments("ping")),
    }
}

/// `ECHO message`
pub(super) fn echo(_: &mut Database, _: UnixTime, arguments: &[Blob]) -> Result<Reply, ErrorReply> {
    Ok(Reply::Bulk(arguments[0].clone()))
}

/// `TIME`: the seconds since the epoch, and the microseconds since the last second, as strings.
pub(super) fn time(_: &mut Database, now: UnixTime, _: &[Blob]) -> Result<Reply, ErrorReply> {
    let number = |number: u64| Reply::Bulk(Blob::format(format_args!("{number}")));
    Ok(Reply::Array(vec![number(now.seconds()), number(now.subsecond_micros())]))
}

/// `WAIT numreplicas timeout`: returns 0 immediately, because there are no replicas.
pub(super) fn wait(_: &mut Database, _: UnixTime, arguments: &[Blob]) -> Result<Reply, ErrorReply> {
    integer::parse(&arguments[0])?;
    let timeout_ms = integer::parse(&arguments[1])
        .map_err(|_| ErrorReply::from_static("ERR timeout is not an integer or out of range"))?;
    if timeout_ms < 0 {
        return Err(ErrorReply::from_static("ERR timeout is negative"));
    }
    Ok(Reply::Integer(0))
}
