//! The tokens of JSON, as lua-cjson reads them.

use super::strtod::strtod;

/// A text, and the start of the next token.
pub(super) struct Tokens<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    /// Whether to read numbers that C has and JSON lacks.
    pub(super) decode_invalid: bool,
}

pub(super) struct Token {
    pub(super) kind: Kind,
    /// The start of the token, or the place of the error.
    pub(super) start: usize,
}

pub(super) enum Kind {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Text(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    Fault(&'static str),
}

impl Kind {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Kind::ObjectBegin => "T_OBJ_BEGIN",
            Kind::ObjectEnd => "T_OBJ_END",
            Kind::ArrayBegin => "T_ARR_BEGIN",
            Kind::ArrayEnd => "T_ARR_END",
            Kind::Text(_) => "T_STRING",
            Kind::Number(_) => "T_NUMBER",
            Kind::Boolean(_) => "T_BOOLEAN",
            Kind::Null => "T_NULL",
            Kind::Colon => "T_COLON",
            Kind::Comma => "T_COMMA",
            Kind::End => "T_END",
            Kind::Fault(what) => what,
        }
    }
}

impl Tokens<'_> {
    pub(super) fn next(&mut self) -> Token {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        let start = self.at;
        let rest = &self.text[start..];
        let (kind, len) = match rest.first() {
            None | Some(0) => (Kind::End, 0),
            Some(b'{') => (Kind::ObjectBegin, 1),
            Some(b'}') => (Kind::ObjectEnd, 1),
            Some(b'[') => (Kind::ArrayBegin, 1),
            Some(b']') => (Kind::ArrayEnd, 1),
            Some(b':') => (Kind::Colon, 1),
            Some(b',') => (Kind::Comma, 1),
            Some(b'"') => return self.string(),
            Some(b'-' | b'0'..=b'9') => {
                let refused = !self.decode_invalid && is_invalid_number(rest);
                match strtod(rest) {
                    Some((number, len)) if !refused => (Kind::Number(number), len),
                    _ => (Kind::Fault("invalid number"), 0),
                }
            }
            _ if rest.starts_with(b"true") => (Kind::Boolean(true), 4),
            _ if rest.starts_with(b"false") => (Kind::Boolean(false), 5),
            _ if rest.starts_with(b"null") => (Kind::Null, 4),
            _ if self.decode_invalid && is_invalid_number(rest) => match strtod(rest) {
                Some((number, len)) => (Kind::Number(number), len),
                None => (Kind::Fault("invalid number"), 0),
            },
            _ => (Kind::Fault("invalid token"), 0),
        };
        self.at += len;
        Token { kind, start }
    }

    fn string(&mut self) -> Token {
        let start = self.at;
        let mut text = Vec::new();
        let mut at = start + 1;
        let fault = |what, start| Token { kind: Kind::Fault(what), start };
        loop {
            match self.text.get(at) {
                None | Some(0) => return fault("unexpected end of string", at),
                Some(b'"') => break,
                Some(b'\\') => {
                    let plain = match self.text.get(at + 1) {
                        Some(b'u') => {
                            let Some((character, len)) = code_point(&self.text[at..]) else {
                                return fault("invalid unicode escape code", at);
                            };
                            let mut encoded = [0; 4];
                            text.extend_from_slice(character.encode_utf8(&mut encoded).as_bytes());
                            at += len;
                            continue;
                        }
                        Some(b'b') => 0x08,
                        Some(b'f') => 0x0c,
                        Some(b'n') => b'\n',
                        Some(b'r') => b'\r',
                        Some(b't') => b'\t',
                        Some(same @ (b'"' | b'\\' | b'/')) => *same,
                        _ => return fault("invalid escape code", at),
                    };
                    text.push(plain);
                    at += 2;
                }
                Some(byte) => {
                    text.push(*byte);
                    at += 1;
                }
            }
        }
        self.at = at + 1;
        Token { kind: Kind::Text(text), start }
    }
}

/// Decodes `\uXXXX` at the start of `text`, or two of these if they are a surrogate pair. Returns
/// the character, and the length of its escape.
fn code_point(text: &[u8]) -> Option<(char, usize)> {
    let unit = |text: &[u8]| -> Option<u32> {
        let digits = text.strip_prefix(b"\\u")?.get(..4)?;
        digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
    };
    let high = unit(text)?;
    if !(0xD800..0xE000).contains(&high) {
        return Some((char::from_u32(high)?, 6));
    }
    let low = unit(text.get(6..)?)?;
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    let point = 0x1_0000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
    Some((char::from_u32(point)?, 12))
}

/// Whether the text begins with a number that C has and JSON lacks.
fn is_invalid_number(text: &[u8]) -> bool {
    if text.starts_with(b"+") {
        return true;
    }
    match text.strip_prefix(b"-").unwrap_or(text) {
        [b'0', next, ..] => matches!(next, b'x' | b'X' | b'0'..=b'9'),
        [0..=b'9', ..] => false,
        rest => rest.get(..3).is_some_and(|word| {
            word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"nan")
        }),
    }
}
