//! The scripts of Gryadka's second version, and their native twins.
//!
//! A ballot is stored as `counter,id,0`. The third number of an argument numbers the attempt, and
//! is not part of the order.

use redis::{Blob, ErrorReply, Reply, Script, ScriptContext};

use super::compared;
use crate::Ballot;
use crate::scripts::{EMPTY, NO_BALLOT, OK, ZERO, fail};

/// The first phase.
pub const PREPARE: Script =
    Script { name: "prepare of V2", source: include_str!("prepare.lua"), native: prepare };

/// The second phase, which includes the next promise.
pub const ACCEPT: Script =
    Script { name: "accept of V2", source: include_str!("accept.lua"), native: accept };

/// The promise and the accepted state of a register: the texts, and the ballots in them.
struct Stored {
    promise: (Blob, Ballot),
    accepted: (Blob, Ballot),
}

/// Reads a register. The first request creates it. Returns `None` if another program wrote to its
/// keys.
fn stored(cx: &mut ScriptContext<'_>) -> Result<Option<Stored>, ErrorReply> {
    let (promise_key, ballot_key, value_key) = (cx.key(1)?, cx.key(2)?, cx.key(3)?);
    let promise = match cx.get(promise_key)? {
        Some(promise) => promise,
        None => {
            for (key, text) in [(promise_key, ZERO), (ballot_key, ZERO), (value_key, EMPTY)] {
                cx.set(key.clone(), text)?;
            }
            ZERO
        }
    };
    let accepted = cx.get(ballot_key)?.unwrap_or(ZERO);
    let (Ok(promise_ballot), Ok(accepted_ballot)) =
        (Ballot::parse(&promise), Ballot::parse(&accepted))
    else {
        return Ok(None);
    };
    let (promise, accepted) = ((promise, promise_ballot), (accepted, accepted_ballot));
    Ok(Some(Stored { promise, accepted }))
}

fn prepare(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let Ok(ballot) = Ballot::parse(cx.argument(1)?) else {
        return Ok(Reply::Error(NO_BALLOT));
    };
    let ballot = compared(ballot);
    let Some(Stored { promise, accepted }) = stored(cx)? else {
        return Ok(Reply::Error(NO_BALLOT));
    };
    for (text, seen) in [promise, accepted.clone()] {
        if ballot <= seen {
            return Ok(fail(text));
        }
    }
    cx.set(cx.key(1)?.clone(), Blob::format(format_args!("{ballot}")))?;
    let value = cx.get(cx.key(3)?)?.unwrap_or(EMPTY);
    Ok(Reply::Array([OK, accepted.0, value].map(Reply::Bulk).to_vec()))
}

fn accept(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let (wanted, value) = (cx.argument(1)?, cx.argument(2)?);
    let Ok(ballot) = Ballot::parse(wanted) else {
        return Ok(Reply::Error(NO_BALLOT));
    };
    let ballot = compared(ballot);
    let Some(Stored { promise, accepted }) = stored(cx)? else {
        return Ok(Reply::Error(NO_BALLOT));
    };
    if ballot < promise.1 {
        return Ok(fail(promise.0));
    }
    if ballot <= accepted.1 {
        return Ok(fail(accepted.0));
    }
    let next = Ballot { eon: ballot.eon.saturating_add(1), ..ballot };
    cx.set(cx.key(1)?.clone(), Blob::format(format_args!("{next}")))?;
    cx.set(cx.key(2)?.clone(), Blob::format(format_args!("{ballot}")))?;
    cx.set(cx.key(3)?.clone(), value.clone())?;
    Ok(Reply::Array(vec![Reply::Bulk(OK)]))
}
