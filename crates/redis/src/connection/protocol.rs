//! The versions of the Redis protocol.

/// The version of the protocol in which replies are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The initial version of every connection.
    #[default]
    Resp2,
    /// The version after `HELLO 3`.
    Resp3,
}

impl Protocol {
    pub(crate) const fn number(self) -> i64 {
        match self {
            Protocol::Resp2 => 2,
            Protocol::Resp3 => 3,
        }
    }
}
