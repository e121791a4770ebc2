//! The first line of a script, if it begins with `#!`: the engine and the script's flags.

use std::borrow::Cow;

use super::engine::Access;
use crate::{Blob, ErrorReply};

/// The flags that Redis 7.0 knows. What the last three allow is not refused here anyway.
const FLAGS: [&[u8]; 5] =
    [b"no-writes", b"allow-oom", b"allow-stale", b"no-cluster", b"allow-cross-slot-keys"];

/// What Lua is given to compile: the text, with an empty line for the first one.
///
/// # Errors
/// As `EVAL` refuses a first line that it cannot read.
pub(super) fn body(text: &Blob) -> Result<Cow<'_, [u8]>, ErrorReply> {
    let Some(line) = first_line(text)? else {
        return Ok(Cow::Borrowed(text));
    };
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let engine = words.next().unwrap_or(b"");
    if engine != b"#!lua" {
        return Err(quoting("ERR Unexpected engine in script shebang: ", engine));
    }
    for word in words {
        let Some(flags) = word.strip_prefix(b"flags=") else {
            return Err(quoting("ERR Unknown lua shebang option: ", word));
        };
        for flag in flags.split(|byte| *byte == b',').filter(|flag| !flag.is_empty()) {
            if !FLAGS.contains(&flag) {
                return Err(quoting("ERR Unexpected flag in script shebang: ", flag));
            }
        }
    }
    Ok(Cow::Borrowed(&text[line.len()..]))
}

/// What a script may do that is called with this access, and whether it has to be told that the
/// server lacks memory. One that begins with `#!` says what it does, and is refused at once if that
/// may not be.
///
/// # Errors
/// As Redis refuses it.
pub(super) fn permit(
    text: &Blob,
    called: Access,
    lacks_memory: bool,
) -> Result<(Access, bool), ErrorReply> {
    let Ok(Some(line)) = first_line(text) else {
        return Ok((called, lacks_memory));
    };
    let has = |flag: &[u8]| {
        let words = line.split(u8::is_ascii_whitespace);
        let mut flags = words.filter_map(|word| word.strip_prefix(b"flags="));
        flags.any(|flags| flags.split(|byte| *byte == b',').any(|other| other == flag))
    };
    match (has(FLAGS[0]), has(FLAGS[1])) {
        (true, _) => Ok((Access::ReadOnly, lacks_memory)),
        (false, false) if lacks_memory => Err(ErrorReply::out_of_memory()),
        (false, _) if called == Access::ReadOnly => Err(ErrorReply::from_static(
            "ERR Can not execute a script with write flag using *_ro command.",
        )),
        (false, _) => Ok((called, false)),
    }
}

/// The first line without its end, if it is one of these.
fn first_line(text: &Blob) -> Result<Option<&[u8]>, ErrorReply> {
    if !text.starts_with(b"#!") {
        return Ok(None);
    }
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => Ok(Some(&text[..end])),
        None => Err(ErrorReply::from_static("ERR Invalid script shebang")),
    }
}

fn quoting(message: &str, what: &[u8]) -> ErrorReply {
    ErrorReply::new(&[message.as_bytes(), what].concat())
}
