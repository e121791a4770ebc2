//! Replies of the server.

mod budget;

pub(crate) use self::budget::ReplyBudget;

use serde::{Deserialize, Serialize};

use crate::{Blob, ErrorReply};

/// The reply to one command: the types of RESP2, as in "Redis serialization protocol
/// specification".
///
/// ```
/// use redis::{Blob, Reply};
///
/// let reply = Reply::Array(vec![Reply::Integer(2), Reply::Bulk(Blob::from("a")), Reply::Nil]);
/// let json = serde_json::to_string(&reply)?;
/// assert_eq!(json, r#"{"array":[{"int":2},{"bulk":"a"},"nil"]}"#);
/// assert_eq!(serde_json::from_str::<Reply>(&json)?, reply);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// Nil: the key does not exist, or a condition did not hold.
    Nil,
    /// A status such as `OK`: a "simple string".
    Status(Blob),
    /// An integer, or a boolean as 1 or 0.
    #[serde(rename = "int")]
    Integer(i64),
    /// A binary-safe string: a "bulk string".
    Bulk(Blob),
    /// Several replies, in order.
    Array(Vec<Reply>),
    /// An error. The command changed nothing, unless it ran a script.
    Error(ErrorReply),
}

const _: () = assert!(size_of::<Reply>() <= Reply::ELEMENT_BYTES);

impl Reply {
    /// The size of an element without its text: an upper limit both in memory and on the wire.
    pub const ELEMENT_BYTES: usize = 40;

    /// An upper limit for the size of the reply in bytes, in memory and on the wire. Shared strings
    /// count in full.
    #[must_use]
    pub fn size(&self) -> usize {
        let text = match self {
            Reply::Nil | Reply::Integer(_) => 0,
            Reply::Status(text) | Reply::Bulk(text) => text.len(),
            Reply::Error(error) => error.text().len(),
            Reply::Array(replies) => {
                replies.iter().fold(0, |sum: usize, reply| sum.saturating_add(reply.size()))
            }
        };
        text.saturating_add(Reply::ELEMENT_BYTES)
    }

    /// `OK`.
    #[must_use]
    pub const fn ok() -> Reply {
        Reply::Status(Blob::from_static("OK"))
    }

    /// The error, if the reply is one.
    #[must_use]
    pub const fn as_error(&self) -> Option<&ErrorReply> {
        match self {
            Reply::Error(error) => Some(error),
            _ => None,
        }
    }
}

/// An optional value: a bulk string or nil.
impl From<Option<Blob>> for Reply {
    fn from(value: Option<Blob>) -> Reply {
        value.map_or(Reply::Nil, Reply::Bulk)
    }
}

/// A boolean: 1 or 0, as in RESP2.
impl From<bool> for Reply {
    fn from(yes: bool) -> Reply {
        Reply::Integer(i64::from(yes))
    }
}

/// A count or a length, which is at most `i64::MAX`.
impl From<usize> for Reply {
    fn from(count: usize) -> Reply {
        Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<Result<Reply, ErrorReply>> for Reply {
    fn from(result: Result<Reply, ErrorReply>) -> Reply {
        result.unwrap_or_else(Reply::Error)
    }
}
