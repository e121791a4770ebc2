//! The scripts of a cache for a Redis server: the Lua texts, and their native twins.
//!
//! Most scripts are about one entry, which has up to four Redis keys: its value, its lease, its
//! block and its outdated value. The scripts of shared tokens are about many entries, each under
//! one key with either the value or the lease.
//!
//! A twin matches its script for calls with the documented numbers of keys and arguments.

use redis::{Blob, ErrorReply, Reply, Script, ScriptContext};

/// Reads, or issues a lease: the newest miss has it.
pub const GET: Script =
    Script { name: "get", source: include_str!("scripts/get.lua"), native: get };

/// Reads, or issues a lease to one client at a time.
pub const GET_WITH_BLOCK: Script = Script {
    name: "get-with-block",
    source: include_str!("scripts/get_with_block.lua"),
    native: get_with_block,
};

/// Fills in under a lease.
pub const SET: Script =
    Script { name: "set", source: include_str!("scripts/set.lua"), native: set };

/// Invalidates an entry and the lease on it.
pub const DELETE: Script =
    Script { name: "delete", source: include_str!("scripts/delete.lua"), native: delete };

/// Reads many entries, or issues leases: all clients that miss share one.
pub const SHARED_GET: Script = Script {
    name: "shared-get",
    source: include_str!("scripts/shared_get.lua"),
    native: shared_get,
};

/// Fills in many entries, each under its lease.
pub const SHARED_SET: Script = Script {
    name: "shared-set",
    source: include_str!("scripts/shared_set.lua"),
    native: shared_set,
};

/// Reads, or issues a lease to one client at a time. Other clients get the outdated value.
pub const STALE_GET: Script =
    Script { name: "stale-get", source: include_str!("scripts/stale_get.lua"), native: stale_get };

/// Invalidates an entry, and keeps its value as outdated.
pub const STALE_DELETE: Script = Script {
    name: "stale-delete",
    source: include_str!("scripts/stale_delete.lua"),
    native: stale_delete,
};

/// All scripts.
pub const ALL: [Script; 8] =
    [GET, GET_WITH_BLOCK, SET, DELETE, SHARED_GET, SHARED_SET, STALE_GET, STALE_DELETE];

/// The prefix of the error of a refused `SET`.
pub(crate) const NOT_VALID: &[u8] = b"LEASE";

type Result = std::result::Result<Reply, ErrorReply>;

fn get(cx: &mut ScriptContext<'_>) -> Result {
    if let Some(value) = cx.get(cx.key(1)?)? {
        return Ok(hit(value));
    }
    let token = cx.argument(1)?;
    cx.set(cx.key(2)?.clone(), token.clone())?;
    Ok(miss(Reply::Bulk(token.clone())))
}

fn get_with_block(cx: &mut ScriptContext<'_>) -> Result {
    if let Some(value) = cx.get(cx.key(1)?)? {
        return Ok(hit(value));
    }
    let (lease, block) = (cx.key(2)?, cx.key(3)?);
    if cx.call(&[Blob::from_static("EXISTS"), block.clone()])? == Reply::Integer(1) {
        return Ok(miss(Reply::Nil));
    }
    let token = cx.argument(1)?;
    cx.set(lease.clone(), token.clone())?;
    let duration = cx.argument(2)?;
    set_for(cx, block, Blob::from_static("blocked"), "PX", duration)?;
    Ok(miss(Reply::Bulk(token.clone())))
}

fn hit(value: Blob) -> Reply {
    Reply::Array(vec![Reply::Bulk(value), Reply::Nil])
}

fn miss(lease: Reply) -> Reply {
    Reply::Array(vec![Reply::Nil, lease])
}

fn set(cx: &mut ScriptContext<'_>) -> Result {
    if cx.get(cx.key(2)?)?.as_ref() != cx.arguments().first() {
        return Ok(Reply::Error(ErrorReply::from_static("LEASE the lease is not valid")));
    }
    let (key, value) = (cx.key(1)?, cx.argument(2)?);
    match cx.arguments().get(2) {
        Some(duration) => set_for(cx, key, value.clone(), "PX", duration)?,
        None => cx.set(key.clone(), value.clone())?,
    }
    delete_keys(cx, cx.keys().get(2..3).unwrap_or_default())?;
    Ok(Reply::ok())
}

fn delete(cx: &mut ScriptContext<'_>) -> Result {
    delete_keys(cx, cx.keys().get(..3).unwrap_or_default())?;
    Ok(Reply::ok())
}

fn stale_get(cx: &mut ScriptContext<'_>) -> Result {
    if let Some(value) = cx.get(cx.key(1)?)? {
        return Ok(Reply::Array(vec![Reply::Bulk(value), Reply::Nil, Reply::Nil]));
    }
    let outdated = Reply::from(cx.get(cx.key(4)?)?);
    let (lease, block) = (cx.key(2)?, cx.key(3)?);
    if cx.call(&[Blob::from_static("EXISTS"), block.clone()])? == Reply::Integer(1) {
        return Ok(Reply::Array(vec![Reply::Nil, Reply::Nil, outdated]));
    }
    let (token, duration) = (cx.argument(1)?, cx.argument(2)?);
    cx.set(lease.clone(), token.clone())?;
    set_for(cx, block, Blob::from_static("blocked"), "PX", duration)?;
    Ok(Reply::Array(vec![Reply::Nil, Reply::Bulk(token.clone()), outdated]))
}

fn stale_delete(cx: &mut ScriptContext<'_>) -> Result {
    if let Some(value) = cx.get(cx.key(1)?)? {
        set_for(cx, cx.key(3)?, value, "PX", cx.argument(1)?)?;
    }
    delete_keys(cx, cx.keys().get(..2).unwrap_or_default())?;
    Ok(Reply::ok())
}

fn shared_get(cx: &mut ScriptContext<'_>) -> Result {
    let Some((counter, keys)) = cx.keys().split_last() else {
        return Ok(Reply::Array(Vec::new()));
    };
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let stored = match cx.get(key)? {
            Some(stored) => stored,
            None => {
                let next = cx.call(&[Blob::from_static("INCR"), counter.clone()])?;
                let Reply::Integer(number) = next else {
                    return Err(ErrorReply::from_static("ERR the counter is no number"));
                };
                let lease = Blob::format(format_args!("cas:{number}"));
                set_for(cx, key, lease.clone(), "EX", &Blob::from_static("3"))?;
                lease
            }
        };
        found.push(Reply::Bulk(stored));
    }
    Ok(Reply::Array(found))
}

fn shared_set(cx: &mut ScriptContext<'_>) -> Result {
    let mut answers = Vec::with_capacity(cx.keys().len());
    for (key, fill) in cx.keys().iter().zip(cx.arguments().chunks(3)) {
        let [lease, value, seconds] = fill else { break };
        let answer = match cx.get(key)? {
            None => "NF",
            Some(stored) if stored.strip_prefix(b"cas:") != Some(lease) => "EX",
            Some(_) => {
                let value = [b"val:", &value[..]].concat();
                set_for(cx, key, Blob::from(value), "EX", seconds)?;
                "OK"
            }
        };
        answers.push(Reply::Bulk(Blob::from_static(answer)));
    }
    Ok(Reply::Array(answers))
}

/// Sets a key that expires.
fn set_for(
    cx: &mut ScriptContext<'_>,
    key: &Blob,
    value: Blob,
    unit: &'static str,
    duration: &Blob,
) -> std::result::Result<(), ErrorReply> {
    let line = [Blob::from_static("SET"), key.clone(), value, Blob::from_static(unit)];
    cx.call(&[&line[..], std::slice::from_ref(duration)].concat())?;
    Ok(())
}

fn delete_keys(
    cx: &mut ScriptContext<'_>,
    keys: &[Blob],
) -> std::result::Result<Reply, ErrorReply> {
    cx.call(&[&[Blob::from_static("DEL")], keys].concat())
}
