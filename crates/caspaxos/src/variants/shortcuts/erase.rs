//! Scripts that check too little before they erase a register, and their native twins.
//!
//! An acceptor with such rules has one of them in place of the protocol's
//! [`ERASE`](crate::acceptor::ERASE), and it is called in the same way.

use redis::{Blob, ErrorReply, Reply, Script, ScriptContext};

use crate::acceptor::{ERASED, delete_register};
use crate::scripts::OK;

/// Erases by value. It does not look at the ballot.
pub const ERASE_BY_VALUE: Script = Script {
    name: "erase by value",
    source: include_str!("erase_by_value.lua"),
    native: erase_by_value,
};

/// Erases by ballot. It does not look at the promise.
pub const ERASE_DESPITE_PROMISE: Script = Script {
    name: "erase despite promise",
    source: include_str!("erase_despite_promise.lua"),
    native: erase_despite_promise,
};

/// The value of a tombstone: the empty state.
const TOMBSTONE: Blob = Blob::from_static("0:0");

fn erase_by_value(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let held = cx.get(cx.key(3)?)?;
    erase_if(cx, held.as_ref() == Some(&TOMBSTONE))
}

fn erase_despite_promise(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let (held, tombstone) = (cx.get(cx.key(2)?)?, cx.argument(1)?.clone());
    erase_if(cx, held == Some(tombstone))
}

fn erase_if(cx: &mut ScriptContext<'_>, holds_it: bool) -> Result<Reply, ErrorReply> {
    if holds_it {
        delete_register(cx)?;
    }
    Ok(Reply::Array(vec![Reply::Bulk(if holds_it { ERASED } else { OK })]))
}
