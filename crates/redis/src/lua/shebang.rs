//! The first line of a script, if it begins with `#!`: the engine and the script's flags.

use std::borrow::Cow;

use super::engine::Access;
use crate::{Blob, ErrorReply};

/// The flags that Redis 7.0 knows. What all but the first allow is not refused here anyway.
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

/// What a script may do that is called with this access.
pub(super) fn access(text: &Blob, called: Access) -> Access {
    let Ok(Some(line)) = first_line(text) else {
        return called;
    };
    let flags = line.split(u8::is_ascii_whitespace).filter_map(|word| word.strip_prefix(b"flags="));
    let read_only = flags
        .into_iter()
        .any(|flags| flags.split(|byte| *byte == b',').any(|flag| flag == FLAGS[0]));
    if read_only { Access::ReadOnly } else { called }
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
