//! What an acceptor does, as scripts for a Redis server: the Lua text, and its native twin.
//!
//! A register takes three Redis keys: its promise, the ballot of what was accepted, and that value.
//! They come into being with the first prepare or accept; whether they are there is told by the
//! promise alone.

use redis::{Blob, ErrorReply, Reply, Script, ScriptContext};

use crate::Ballot;

/// The first phase.
pub const PREPARE: Script =
    Script { name: "prepare", source: include_str!("scripts/prepare.lua"), native: prepare };

/// The second phase.
pub const ACCEPT: Script =
    Script { name: "accept", source: include_str!("scripts/accept.lua"), native: accept };

/// What a script answers first if it did as it was told.
pub(crate) const OK: Blob = Blob::from_static("ok");
/// What a script answers first if there is a conflict.
pub(crate) const FAIL: Blob = Blob::from_static("fail");

const ZERO: Blob = Blob::from_static("0,0,0");
const EMPTY: Blob = Blob::from_static("");

fn prepare(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let (promise_key, ballot_key, value_key) = (cx.key(1)?, cx.key(2)?, cx.key(3)?);
    let wanted = cx.argument(1)?;
    let promise = match cx.get(promise_key) {
        Some(promise) => promise,
        None => {
            cx.set(ballot_key.clone(), ZERO);
            cx.set(value_key.clone(), EMPTY);
            ZERO
        }
    };
    if parse(&promise)? >= parse(wanted)? {
        return Ok(fail(promise));
    }
    cx.set(promise_key.clone(), wanted.clone());
    let part = |blob: Option<Blob>| blob.map_or(Reply::Nil, Reply::Bulk);
    let (ballot, value) = (cx.get(ballot_key), cx.get(value_key));
    Ok(Reply::Array(vec![Reply::Bulk(OK), part(ballot), part(value)]))
}

fn accept(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let (promise_key, ballot_key, value_key) = (cx.key(1)?, cx.key(2)?, cx.key(3)?);
    let (ballot, value) = (cx.argument(1)?, cx.argument(2)?);
    let promise = cx.get(promise_key).unwrap_or(ZERO);
    if parse(ballot)? < parse(&promise)? {
        return Ok(fail(promise));
    }
    cx.set(promise_key.clone(), ballot.clone());
    cx.set(ballot_key.clone(), ballot.clone());
    cx.set(value_key.clone(), value.clone());
    Ok(Reply::Array(vec![Reply::Bulk(OK)]))
}

fn fail(promise: Blob) -> Reply {
    Reply::Array(vec![Reply::Bulk(FAIL), Reply::Bulk(promise)])
}

fn parse(text: &Blob) -> Result<Ballot, ErrorReply> {
    Ballot::parse(text).map_err(|_| ErrorReply::from_static("ERR a ballot is three numbers"))
}
