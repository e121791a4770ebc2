//! The scripts of an acceptor for a Redis server: the Lua text, and its native twin.
//!
//! A register takes three Redis keys: its promise, the ballot of what was accepted, and that value.
//! The first prepare or accept creates them. A register exists if its promise key exists. For a
//! stored text that is not a ballot a script replies with an error, and changes nothing.
//!
//! Lua's numbers are doubles, so the two are twins for ballots whose numbers are below 2^53. One
//! attempt per microsecond reaches that number in 285 years.
//!
//! ```
//! use std::sync::Arc;
//!
//! use caspaxos::scripts::PREPARE;
//! use redis::{Blob, Database, Reply, ScriptLibrary, UnixTime};
//!
//! let mut database = Database::new(Arc::new(ScriptLibrary::new([PREPARE])));
//! let now = UnixTime::default();
//! database.call(now, &["SCRIPT", "LOAD", PREPARE.source].map(Blob::from));
//! let keys = ["key1/promise", "key1/ballot", "key1/value"].map(Blob::from);
//! let reply = database.evalsha(now, &PREPARE.sha(), &keys, &[Blob::from("0,7,1")]);
//! let nothing = ["ok", "0,0,0", ""].map(|text| Reply::Bulk(Blob::from(text)));
//! assert_eq!(reply, Reply::Array(nothing.to_vec()));
//! ```

use redis::{Blob, ErrorReply, Reply, Script, ScriptContext};

use crate::Ballot;

/// The first phase.
pub const PREPARE: Script =
    Script { name: "prepare", source: include_str!("scripts/prepare.lua"), native: prepare };

/// The second phase.
pub const ACCEPT: Script =
    Script { name: "accept", source: include_str!("scripts/accept.lua"), native: accept };

/// Returns a register without a promise, for reads by query.
pub const QUERY: Script =
    Script { name: "query", source: include_str!("scripts/query.lua"), native: query };

/// The scripts that an acceptor runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScriptSet {
    pub(crate) prepare: Script,
    pub(crate) accept: Script,
    pub(crate) query: Script,
    /// `None` if registers cannot be deleted.
    pub(crate) orders: Option<OrderScripts>,
}

/// The scripts for the orders of an orchestrator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderScripts {
    /// Makes the acceptor reject messages of an ended age.
    pub(crate) reject: Script,
    /// Erases a register.
    pub(crate) erase: Script,
}

impl ScriptSet {
    pub(crate) const GRYADKA_V1: ScriptSet =
        ScriptSet { prepare: PREPARE, accept: ACCEPT, query: QUERY, orders: None };

    pub(crate) fn all(&self) -> Vec<Script> {
        let orders = self.orders.iter().flat_map(|orders| [orders.reject, orders.erase]);
        [self.prepare, self.accept, self.query].into_iter().chain(orders).collect()
    }
}

/// The first word of a script's reply if it succeeded.
pub(crate) const OK: Blob = Blob::from_static("ok");
/// The first word of a script's reply if there is a conflict.
pub(crate) const FAIL: Blob = Blob::from_static("fail");

pub(crate) const ZERO: Blob = Blob::from_static("0,0,0");
pub(crate) const EMPTY: Blob = Blob::from_static("");
pub(crate) const NO_BALLOT: ErrorReply = ErrorReply::from_static("ERR a ballot is three numbers");

pub(crate) fn prepare(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let (promise_key, ballot_key, value_key) = (cx.key(1)?, cx.key(2)?, cx.key(3)?);
    let wanted = cx.argument(1)?;
    let stored = cx.get(promise_key)?;
    let is_new = stored.is_none();
    let stored = stored.unwrap_or(ZERO);
    let (Ok(ballot), Ok(promise)) = (Ballot::parse(wanted), Ballot::parse(&stored)) else {
        return Ok(Reply::Error(NO_BALLOT));
    };
    if is_new {
        cx.set(ballot_key.clone(), ZERO)?;
        cx.set(value_key.clone(), EMPTY)?;
    }
    if promise >= ballot {
        return Ok(fail(stored));
    }
    cx.set(promise_key.clone(), wanted.clone())?;
    let (accepted, value) = (cx.get(ballot_key)?, cx.get(value_key)?);
    Ok(Reply::Array(vec![Reply::Bulk(OK), accepted.into(), value.into()]))
}

pub(crate) fn accept(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let (promise_key, ballot_key, value_key) = (cx.key(1)?, cx.key(2)?, cx.key(3)?);
    let (wanted, value) = (cx.argument(1)?, cx.argument(2)?);
    let stored = cx.get(promise_key)?.unwrap_or(ZERO);
    let (Ok(ballot), Ok(promise)) = (Ballot::parse(wanted), Ballot::parse(&stored)) else {
        return Ok(Reply::Error(NO_BALLOT));
    };
    if ballot < promise {
        return Ok(fail(stored));
    }
    cx.set(promise_key.clone(), wanted.clone())?;
    cx.set(ballot_key.clone(), wanted.clone())?;
    cx.set(value_key.clone(), value.clone())?;
    Ok(Reply::Array(vec![Reply::Bulk(OK)]))
}

fn query(cx: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let (ballot_key, value_key) = (cx.key(2)?, cx.key(3)?);
    let accepted = cx.get(ballot_key)?.unwrap_or(ZERO);
    let value = cx.get(value_key)?.unwrap_or(EMPTY);
    Ok(Reply::Array([OK, accepted, value].map(Reply::Bulk).to_vec()))
}

pub(crate) fn fail(promise: Blob) -> Reply {
    Reply::Array(vec![Reply::Bulk(FAIL), Reply::Bulk(promise)])
}
