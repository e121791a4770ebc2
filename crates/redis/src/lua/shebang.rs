//! The shebang line of a script: the engine and the script's flags.

use std::borrow::Cow;

use super::engine::Access;
use crate::{Blob, ErrorReply};

/// The flags of Redis 7.0. The last three have no effect here.
const FLAGS: [&[u8]; 5] =
    [b"no-writes", b"allow-oom", b"allow-stale", b"no-cluster", b"allow-cross-slot-keys"];

/// The text to compile: the script, with a shebang line replaced by an empty line.
///
/// # Errors
/// The error of `EVAL` for an invalid shebang line.
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

/// The access of a script, and whether to enforce the memory limit for it. A script with a shebang
/// line declares both in its flags. It is refused if they are not allowed.
///
/// # Errors
/// The error of Redis for a script that is not allowed.
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

/// The shebang line without its line break, if the script has one.
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
