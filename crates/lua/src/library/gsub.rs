//! `string.gsub`: replaces the matches of a pattern.

use blob::Blob;

use super::pattern::{Capture, Match, Matcher, anchor};
use super::search::capture_value;
use super::{Buffer, int_or, push_integer};
use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::number;
use crate::value::Value;

/// `string.gsub(s, pattern, replacement [, n])`
pub(super) fn gsub(lua: &mut Lua, args: Args) -> Result<usize> {
    let (subject, pattern) = (lua.check_bytes(args, 1)?, lua.check_bytes(args, 2)?);
    let most = int_or(lua, args, 4, number::c_int(number::length(subject.len() + 1)))?;
    let (pattern, is_anchored) = anchor(&pattern);
    let replacement = match lua.arg(args, 3) {
        value @ (Value::Function(_) | Value::Table(_)) => Replacement::Computed(value),
        Value::String(_) | Value::Number(_) => Replacement::Text(lua.check_bytes(args, 3)?),
        _ => return Err(lua.arg_error(args, 3, "string/function/table expected")),
    };
    let mut done = 0;
    let result = Buffer::fill(lua, |lua, result| {
        let (mut from, mut copied) = (0, 0);
        while done < most && from <= subject.len() {
            let found = Matcher::new(lua, &subject, pattern).search(from, is_anchored)?;
            let Some(found) = found else { break };
            done += 1;
            result.add(lua, &subject[copied..found.begin])?;
            replacement.add(lua, result, &subject, &found)?;
            copied = found.end;
            from = if found.end > found.begin { found.end } else { found.end + 1 };
            if is_anchored {
                break;
            }
        }
        lua.spend_bytes(subject.len())?;
        result.add(lua, &subject[copied..])
    })?;
    lua.push(result.into())?;
    push_integer(lua, usize::try_from(done).unwrap_or(0))?;
    Ok(2)
}

/// What replaces a match.
enum Replacement {
    /// A text, in which `%1` stands for the first capture.
    Text(Blob),
    /// The result of a function, or a field of a table.
    Computed(Value),
}

impl Replacement {
    fn add(&self, lua: &mut Lua, result: &mut Buffer, subject: &[u8], found: &Match) -> Result<()> {
        lua.spend(4)?;
        match self {
            Replacement::Text(text) => expand(lua, result, text, subject, found),
            Replacement::Computed(value) => {
                let replacement = compute(lua, *value, subject, found)?;
                if replacement.is_falsy() {
                    return result.add(lua, &subject[found.begin..found.end]);
                }
                let Some(bytes) = lua.to_bytes(replacement) else {
                    let kind = replacement.type_name();
                    return Err(lua.throw(format!("invalid replacement value (a {kind})")));
                };
                lua.spend_bytes(bytes.len())?;
                result.add(lua, &bytes)
            }
        }
    }
}

/// The replacement that a function or a table gives.
fn compute(lua: &mut Lua, replacement: Value, subject: &[u8], found: &Match) -> Result<Value> {
    // Garbage of earlier rounds may be collected here.
    let captured = found.captures.iter().map(|capture| match capture {
        Capture::Text { start, end } => end - start,
        _ => 0,
    });
    lua.make_room(captured.sum::<usize>() + found.end - found.begin + super::SMALL)?;
    if let Value::Table(_) = replacement {
        let key = capture_value(lua, subject, first_capture(found))?;
        return lua.index(replacement, key);
    }
    let mut arguments = Vec::with_capacity(found.captures.len().max(1));
    if found.captures.is_empty() {
        arguments.push(capture_value(lua, subject, first_capture(found))?);
    }
    for capture in &found.captures {
        arguments.push(capture_value(lua, subject, *capture)?);
    }
    lua.call_for_one(replacement, &arguments)
}

/// The first capture; the whole match if there is none.
fn first_capture(found: &Match) -> Capture {
    let whole = Capture::Text { start: found.begin, end: found.end };
    found.captures.first().copied().unwrap_or(whole)
}

/// Adds a replacement text, in which `%0` stands for the match.
fn expand(
    lua: &mut Lua,
    result: &mut Buffer,
    replacement: &[u8],
    subject: &[u8],
    found: &Match,
) -> Result<()> {
    lua.spend_bytes(replacement.len())?;
    let mut rest = replacement;
    while let Some(plain) = memchr::memchr(b'%', rest) {
        lua.spend(1)?;
        result.add(lua, &rest[..plain])?;
        // C sees a zero after the last byte.
        let escaped = rest.get(plain + 1).copied().unwrap_or(0);
        rest = rest.get(plain + 2..).unwrap_or(&[]);
        let capture = match escaped {
            b'0' => Capture::Text { start: found.begin, end: found.end },
            b'1' => first_capture(found),
            b'2'..=b'9' => match found.captures.get(usize::from(escaped - b'1')) {
                Some(capture) => *capture,
                None => return Err(lua.throw("invalid capture index")),
            },
            literal => {
                result.add(lua, &[literal])?;
                continue;
            }
        };
        match capture {
            Capture::Text { start, end } => {
                lua.spend_bytes(end - start)?;
                result.add(lua, &subject[start..end])?;
            }
            Capture::Position(position) => result.add(lua, position.to_string().as_bytes())?,
            Capture::Open { .. } => return Err(lua.throw("unfinished capture")),
        }
    }
    result.add(lua, rest)
}
