//! The orders of the orchestrator to an acceptor. An acceptor rejects messages of an ended age, and
//! erases registers that hold a tombstone.
//!
//! Both are scripts on its server. The ages are keys of the server, so they are as durable as
//! registers. The scripts of the two phases check the age themselves, because another client's
//! script could run between two scripts.

use std::sync::Arc;

use history::{Key, NodeId};
use redis::{Blob, ErrorReply, Reply as RedisReply, Script, ScriptContext, Sha1};
use redis_node::text::{Text, number};

use super::{Acceptor, Cx, FAIL, OK, Registers, ballot_text};
use crate::order::{Order, Report};
use crate::scripts::{OrderScripts, QUERY, ScriptSet, accept, prepare};
use crate::{Ballot, Message};

/// The first phase, for a proposer with an age.
pub const AGED_PREPARE: Script = Script {
    name: "aged-prepare",
    source: concat!(include_str!("../scripts/age.lua"), include_str!("../scripts/prepare.lua")),
    native: aged_prepare,
};

/// The second phase, for a proposer with an age.
pub const AGED_ACCEPT: Script = Script {
    name: "aged-accept",
    source: concat!(include_str!("../scripts/age.lua"), include_str!("../scripts/accept.lua")),
    native: aged_accept,
};

/// Makes the acceptor reject ages.
pub const REJECT: Script =
    Script { name: "reject", source: include_str!("../scripts/reject.lua"), native: reject };

/// Erases a register.
pub const ERASE: Script =
    Script { name: "erase", source: include_str!("../scripts/erase.lua"), native: erase };

/// The reply to a message of an age that a deletion has ended.
pub(super) const AGE_IS_OVER: ErrorReply =
    ErrorReply::from_static("ERR a deletion has ended this age");
/// The reply of an erasing script that has erased the register.
pub(crate) const ERASED: Blob = Blob::from_static("erased");
const NO_AGE: ErrorReply = ErrorReply::from_static("ERR an age is a number");

/// The scripts of an acceptor whose registers can be deleted.
#[derive(Debug, Hash)]
pub(super) struct Aged {
    reject: Sha1,
    erase: Sha1,
}

impl ScriptSet {
    /// The scripts, with this script for erasing.
    pub(crate) const fn aged(erase: Script) -> ScriptSet {
        let orders = Some(OrderScripts { reject: REJECT, erase });
        ScriptSet { prepare: AGED_PREPARE, accept: AGED_ACCEPT, query: QUERY, orders }
    }
}

impl Aged {
    pub(super) fn new(OrderScripts { reject, erase }: &OrderScripts) -> Aged {
        Aged { reject: reject.sha(), erase: erase.sha() }
    }
}

impl Registers {
    /// The additional key and argument of a phase.
    pub(super) fn aged(&self, key: Key, proposer: NodeId, age: u32) -> Option<([Blob; 4], Blob)> {
        self.aged.as_ref()?;
        let [promise, ballot, value] = self.keys[key.index()].clone();
        Some(([promise, ballot, value, age_key(proposer)], number_text(age)))
    }
}

impl Acceptor {
    pub(super) fn apply(&mut self, cx: &mut Cx<'_>, from: NodeId, number: u32, order: &Order) {
        let registers = Arc::clone(&self.registers);
        let Some(aged) = &registers.aged else {
            return;
        };
        let report = match order {
            Order::Reject(ages) => self.reject(cx, from, aged, ages),
            Order::Erase { key, tombstone } => self.erase(cx, from, aged, (*key, *tombstone)),
            _ => None,
        };
        if let Some(report) = report {
            cx.send(from, Message::Report { number, report });
        }
    }

    fn reject(
        &mut self,
        cx: &mut Cx<'_>,
        from: NodeId,
        aged: &Aged,
        ages: &[(NodeId, u32)],
    ) -> Option<Report> {
        let keys: Vec<Blob> = ages.iter().map(|(proposer, _)| age_key(*proposer)).collect();
        let ages: Vec<Blob> = ages.iter().map(|(_, age)| number_text(*age)).collect();
        let reply = self.server.evalsha(cx, from, &aged.reject, &keys, &ages);
        says(&reply, &OK).then_some(Report::Done)
    }

    fn erase(
        &mut self,
        cx: &mut Cx<'_>,
        from: NodeId,
        aged: &Aged,
        (key, tombstone): (Key, Ballot),
    ) -> Option<Report> {
        let registers = Arc::clone(&self.registers);
        let keys = &registers.keys[key.index()];
        let reply = self.server.evalsha(cx, from, &aged.erase, keys, &[ballot_text(tombstone)]);
        match reply {
            RedisReply::Error(_) => None,
            reply if says(&reply, &OK) => Some(Report::Done),
            reply if says(&reply, &ERASED) => {
                cx.mark("register-erased");
                Some(Report::Done)
            }
            _ => Some(Report::Kept),
        }
    }
}

/// Whether this is the first word of a script's reply.
fn says(reply: &RedisReply, word: &Blob) -> bool {
    matches!(reply, RedisReply::Array(parts)
        if matches!(parts.first(), Some(RedisReply::Bulk(said)) if said == word))
}

/// The key of the lowest age that an acceptor still accepts from a proposer.
fn age_key(proposer: NodeId) -> Blob {
    Blob::format(format_args!("age/{}", proposer.0))
}

fn number_text(number: u32) -> Blob {
    Text::<10>::new().number(u64::from(number)).blob()
}

/// The native twin of `age.lua`.
fn is_of_age(cx: &mut ScriptContext<'_>) -> Result<bool, ErrorReply> {
    let age = cx.arguments().last().and_then(|age| number(age));
    let lowest = lowest_age(cx, cx.key(4)?)?;
    Ok(age.zip(lowest).is_some_and(|(age, lowest)| age >= lowest))
}

/// Returns `None` if another program wrote to the key.
fn lowest_age(cx: &mut ScriptContext<'_>, key: &Blob) -> Result<Option<u64>, ErrorReply> {
    Ok(cx.get(key)?.map_or(Some(0), |lowest| number(&lowest)))
}

fn aged_prepare(cx: &mut ScriptContext<'_>) -> Result<RedisReply, ErrorReply> {
    if is_of_age(cx)? { prepare(cx) } else { Ok(RedisReply::Error(AGE_IS_OVER)) }
}

fn aged_accept(cx: &mut ScriptContext<'_>) -> Result<RedisReply, ErrorReply> {
    if is_of_age(cx)? { accept(cx) } else { Ok(RedisReply::Error(AGE_IS_OVER)) }
}

fn reject(cx: &mut ScriptContext<'_>) -> Result<RedisReply, ErrorReply> {
    for (place, key) in cx.keys().iter().enumerate() {
        let text = cx.argument(place + 1)?;
        let Some(age) = number(text) else {
            return Ok(RedisReply::Error(NO_AGE));
        };
        if lowest_age(cx, key)?.is_none_or(|lowest| age > lowest) {
            cx.set(key.clone(), text.clone())?;
        }
    }
    Ok(RedisReply::Array(vec![RedisReply::Bulk(OK)]))
}

fn erase(cx: &mut ScriptContext<'_>) -> Result<RedisReply, ErrorReply> {
    let (promise, ballot, tombstone) = (cx.key(1)?, cx.key(2)?, cx.argument(1)?);
    if cx.get(ballot)?.as_ref() != Some(tombstone) {
        return Ok(RedisReply::Array(vec![RedisReply::Bulk(OK)]));
    }
    let promised = cx.get(promise)?;
    if promised.as_ref() != Some(tombstone) {
        return Ok(RedisReply::Array(vec![RedisReply::Bulk(FAIL), promised.into()]));
    }
    delete_register(cx)?;
    Ok(RedisReply::Array(vec![RedisReply::Bulk(ERASED)]))
}

/// Deletes all keys of the script's call.
pub(crate) fn delete_register(cx: &mut ScriptContext<'_>) -> Result<(), ErrorReply> {
    let delete = [Blob::from_static("DEL")];
    let line: Vec<Blob> = delete.iter().chain(cx.keys()).cloned().collect();
    cx.call(&line).map(drop)
}
