//! What the server answers.

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
    /// Nothing: the key that was asked for is not there, or a condition did not hold.
    Nil,
    /// A short word that says how it went, such as `OK`: a "simple string".
    Status(Blob),
    /// A number, or yes (1) and no (0).
    #[serde(rename = "int")]
    Integer(i64),
    /// A string: a "bulk string".
    Bulk(Blob),
    /// Several replies in order.
    Array(Vec<Reply>),
    /// The command was refused. Unless it was a script, it changed nothing.
    Error(ErrorReply),
}

const _: () = assert!(size_of::<Reply>() <= Reply::ELEMENT_BYTES);

impl Reply {
    /// What each element of a reply takes besides its text: so much memory at most, and at most as
    /// many bytes of the protocol.
    pub const ELEMENT_BYTES: usize = 40;

    /// A bound on the bytes that the reply takes, in memory and on the wire. A text that others
    /// share counts as much as any other.
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

    /// This refusal, if it is one.
    #[must_use]
    pub const fn as_error(&self) -> Option<&ErrorReply> {
        match self {
            Reply::Error(error) => Some(error),
            _ => None,
        }
    }
}

/// A value that may not be there: a bulk string or nil.
impl From<Option<Blob>> for Reply {
    fn from(value: Option<Blob>) -> Reply {
        value.map_or(Reply::Nil, Reply::Bulk)
    }
}

/// Yes and no: 1 and 0, as in RESP2.
impl From<bool> for Reply {
    fn from(yes: bool) -> Reply {
        Reply::Integer(i64::from(yes))
    }
}

/// A count or a length. None that fits in memory is past `i64::MAX`.
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
