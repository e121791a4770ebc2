//! Inline commands, as typed into `nc`.

use crate::Blob;

/// A quote is not closed, or no blank follows a closed quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unbalanced;

/// Splits a line into words at blanks. A quoted part of a word may contain blanks. Double quotes
/// allow the escapes `\n`, `\r`, `\t`, `\b`, `\a` and `\xff`; a backslash before another byte is
/// dropped. Single quotes allow only `\'`.
pub(super) fn split(line: &[u8]) -> Result<Vec<Blob>, Unbalanced> {
    let mut words = Vec::new();
    let mut rest = skip_blanks(line);
    while !rest.is_empty() {
        let word;
        (word, rest) = first_word(rest)?;
        words.push(Blob::from(word));
        rest = skip_blanks(rest);
    }
    Ok(words)
}

/// Returns the first word of a line, and the rest.
fn first_word(line: &[u8]) -> Result<(Vec<u8>, &[u8]), Unbalanced> {
    let mut word = Vec::new();
    let mut rest = line;
    loop {
        rest = match rest {
            [] | [b' ' | b'\n' | b'\r' | b'\t', ..] => return Ok((word, rest)),
            [b'"', quoted @ ..] => return double_quoted(quoted, word),
            [b'\'', quoted @ ..] => return single_quoted(quoted, word),
            [byte, rest @ ..] => {
                word.push(*byte);
                rest
            }
        }
    }
}

/// Adds the quoted part to the word. The word ends with the quote.
fn double_quoted(quoted: &[u8], mut word: Vec<u8>) -> Result<(Vec<u8>, &[u8]), Unbalanced> {
    let mut rest = quoted;
    loop {
        let byte;
        (byte, rest) = match rest {
            [] => return Err(Unbalanced),
            [b'"', rest @ ..] => return after_quote(word, rest),
            [b'\\', b'x', high, low, rest @ ..] if is_hex(*high) && is_hex(*low) => {
                (hex(*high) << 4 | hex(*low), rest)
            }
            [b'\\', escaped, rest @ ..] => (unescape(*escaped), rest),
            [byte, rest @ ..] => (*byte, rest),
        };
        word.push(byte);
    }
}

fn single_quoted(quoted: &[u8], mut word: Vec<u8>) -> Result<(Vec<u8>, &[u8]), Unbalanced> {
    let mut rest = quoted;
    loop {
        let byte;
        (byte, rest) = match rest {
            [] => return Err(Unbalanced),
            [b'\'', rest @ ..] => return after_quote(word, rest),
            [b'\\', b'\'', rest @ ..] => (b'\'', rest),
            [byte, rest @ ..] => (*byte, rest),
        };
        word.push(byte);
    }
}

fn after_quote(word: Vec<u8>, rest: &[u8]) -> Result<(Vec<u8>, &[u8]), Unbalanced> {
    match rest {
        [next, ..] if !is_blank(*next) => Err(Unbalanced),
        _ => Ok((word, rest)),
    }
}

fn skip_blanks(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
    &line[start..]
}

/// `isspace` in the locale "C".
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

const fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.to_ascii_lowercase() - b'a' + 10,
    }
}

const fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}
