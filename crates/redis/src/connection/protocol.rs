//! The versions of the Redis protocol.

/// In which version of the protocol replies are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// What every connection speaks first.
    #[default]
    Resp2,
    /// What a client asks for with `HELLO 3`.
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
