//! Registers in Redis: a version and a value, stored under a key as `version:value`.

use history::{Observation, Value, Version};
use redis::{Blob, Reply};

use crate::text::{Text, first_number, number};

/// The longest text of a register: two numbers of 20 digits and a colon.
const TEXT_MAX: usize = 20 + 1 + 20;

/// A register as it is stored.
///
/// ```
/// use history::{Observation, Value, Version};
/// use redis_node::register;
///
/// let state = Observation { version: Version(2), value: Value(17) };
/// assert_eq!(&register::text(state)[..], b"2:17");
/// assert_eq!(register::parse(b"2:17"), Some(state));
/// ```
#[must_use]
#[inline]
pub fn text(state: Observation) -> Blob {
    Text::<TEXT_MAX>::new().number(state.version.0).byte(b':').number(state.value.0).blob()
}

/// Reads a register as it is stored. None if the text is no version and value.
#[must_use]
#[inline]
pub fn parse(text: &[u8]) -> Option<Observation> {
    let (version, rest) = first_number(text)?;
    let value = number(rest.strip_prefix(b":")?)?;
    Some(Observation { version: Version(version), value: Value(value) })
}

/// The register in the reply to `GET`: empty if there is no such key. None if the reply is an
/// error, or has something else in it.
///
/// ```
/// use history::Observation;
/// use redis::Reply;
/// use redis_node::register;
///
/// assert_eq!(register::of_reply(&Reply::Nil), Some(Observation::EMPTY));
/// assert_eq!(register::of_reply(&Reply::Integer(1)), None);
/// ```
#[must_use]
pub fn of_reply(reply: &Reply) -> Option<Observation> {
    match reply {
        Reply::Nil => Some(Observation::EMPTY),
        Reply::Bulk(text) => parse(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_read_back_as_they_were_written() {
        for number in [0, 1, 9, 10, 12_345, u64::MAX] {
            let state = Observation { version: Version(number), value: Value(u64::MAX - number) };
            assert_eq!(text(state), Blob::from(format!("{number}:{}", u64::MAX - number)));
            assert_eq!(parse(&text(state)), Some(state));
            assert_eq!(of_reply(&Reply::Bulk(text(state))), Some(state));
        }
    }

    #[test]
    fn other_texts_are_no_registers() {
        for text in ["", "1", "1:", ":1", "1:1:1", "1: 1", "+1:1", "1,1", "x:1", "1:x"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
            assert_eq!(of_reply(&Reply::Bulk(Blob::from(text))), None, "{text:?}");
        }
    }
}
