//! `string.find`, `string.match` and `string.gmatch`: search for a pattern.

use blob::Blob;
use memchr::memmem;

use super::pattern::{Capture, Match, Matcher, anchor, has_specials};
use super::string::relative;
use super::{push_bytes, push_integer};
use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::number;
use crate::value::{TableRef, Value};

/// `string.find(s, pattern [, init [, plain]])`
pub(super) fn find(lua: &mut Lua, args: Args) -> Result<usize> {
    let (subject, pattern) = (lua.check_bytes(args, 1)?, lua.check_bytes(args, 2)?);
    let start = start(lua, args, subject.len())?;
    lua.spend(pattern.len() as u64 / 2)?;
    if !lua.arg(args, 4).is_falsy() || !has_specials(&pattern) {
        lua.spend_bytes(subject.len() - start + pattern.len())?;
        let Some(offset) = memmem::find(&subject[start..], &pattern) else {
            return lua.push(Value::Nil);
        };
        push_integer(lua, start + offset + 1)?;
        push_integer(lua, start + offset + pattern.len())?;
        return Ok(2);
    }
    let (pattern, is_anchored) = anchor(&pattern);
    let Some(found) = Matcher::new(lua, &subject, pattern).search(start, is_anchored)? else {
        return lua.push(Value::Nil);
    };
    push_integer(lua, found.begin + 1)?;
    push_integer(lua, found.end)?;
    for capture in &found.captures {
        let value = capture_value(lua, &subject, *capture)?;
        lua.push(value)?;
    }
    Ok(2 + found.captures.len())
}

/// `string.match(s, pattern [, init])`
pub(super) fn match_(lua: &mut Lua, args: Args) -> Result<usize> {
    let (subject, pattern) = (lua.check_bytes(args, 1)?, lua.check_bytes(args, 2)?);
    let start = start(lua, args, subject.len())?;
    let (pattern, is_anchored) = anchor(&pattern);
    match Matcher::new(lua, &subject, pattern).search(start, is_anchored)? {
        Some(found) => push_captures(lua, &subject, &found),
        None => lua.push(Value::Nil),
    }
}

/// `string.gmatch(s, pattern)`, also known as `string.gfind`. The iterator that it returns holds
/// the subject, the pattern, and the next position.
pub(super) fn open_gmatch(lua: &mut Lua, table: TableRef) -> Result<()> {
    let step = lua.register(next_match);
    let gmatch = lua.register(move |lua, args| {
        let (subject, pattern) = (lua.check_string(args, 1)?, lua.check_string(args, 2)?);
        let step = lua.closure(step, &[subject.into(), pattern.into(), 0.0.into()])?;
        lua.push(step.into())
    });
    let gmatch = lua.closure(gmatch, &[])?;
    lua.set_field(table, "gmatch", gmatch.into())?;
    lua.set_field(table, "gfind", gmatch.into())
}

fn next_match(lua: &mut Lua, args: Args) -> Result<usize> {
    let [subject, pattern] = [0, 1].map(|index| lua.to_bytes(lua.upvalue(args, index)));
    let (Some(subject), Some(pattern)) = (subject, pattern) else {
        return Ok(0);
    };
    let from = lua.to_number(lua.upvalue(args, 2)).map_or(0, number::truncate);
    let from = usize::try_from(from).unwrap_or(0);
    let Some(found) = Matcher::new(lua, &subject, &pattern).search(from, false)? else {
        return Ok(0);
    };
    let next = if found.end == found.begin { found.end + 1 } else { found.end };
    lua.set_upvalue(args, 2, number::from_integer(number::length(next)).into());
    push_captures(lua, &subject, &found)
}

/// The zero-based position of the argument `init`.
fn start(lua: &mut Lua, args: Args, len: usize) -> Result<usize> {
    let init = relative(lua.integer_or(args, 3, 1)?, len);
    Ok(usize::try_from(init - 1).unwrap_or(0).min(len))
}

/// Pushes the captures, or the whole match if there are none.
fn push_captures(lua: &mut Lua, subject: &[u8], found: &Match) -> Result<usize> {
    if found.captures.is_empty() {
        return push_bytes(lua, Blob::copy_from_slice(&subject[found.begin..found.end]));
    }
    for capture in &found.captures {
        let value = capture_value(lua, subject, *capture)?;
        lua.push(value)?;
    }
    Ok(found.captures.len())
}

/// The value that a script sees for a capture.
pub(super) fn capture_value(lua: &mut Lua, subject: &[u8], capture: Capture) -> Result<Value> {
    match capture {
        Capture::Text { start, end } => {
            Ok(lua.string(Blob::copy_from_slice(&subject[start..end]))?.into())
        }
        Capture::Position(position) => Ok(number::from_integer(number::length(position)).into()),
        Capture::Open { .. } => Err(lua.throw("unfinished capture")),
    }
}
