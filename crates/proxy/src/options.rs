//! What is proxied, and how.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use history::Span;
use lru_proxy::Capacity;
use redis::resp::Limits;
use tcp::door::ListenError;
use thiserror::Error;

/// What is proxied, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where clients connect to.
    pub listen: SocketAddr,
    /// The server behind it: a host and a port.
    pub upstream: String,
    /// Where metrics can be had by HTTP.
    pub metrics: Option<SocketAddr>,
    /// How much is kept.
    pub capacity: Capacity,
    /// How long an entry lives.
    pub ttl: Span,
    /// How often the redeemer comes.
    pub period: Span,
    /// How long the server may take to connect, and to say anything while replies are due. Commands
    /// that wait may wait for longer.
    pub timeout: Span,
    /// How many clients can be connected at a time.
    pub max_clients: usize,
    /// What is put up with of one command.
    pub limits: Limits,
    /// How many bytes of replies wait for a client that does not read, before it is dropped.
    pub unread: usize,
    /// How many bytes all clients together may keep in memory, of commands that are not complete or
    /// not sent, and of replies that are not read. Whoever needs more than is left is dropped.
    pub client_memory: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: (Ipv4Addr::LOCALHOST, 8001).into(),
            upstream: "127.0.0.1:6379".to_owned(),
            metrics: None,
            capacity: Capacity { keys: 1024, bytes: 64 << 20 },
            ttl: Span::from_secs(300),
            period: Span::from_millis(100),
            timeout: Span::from_secs(5),
            max_clients: 10_000,
            limits: Limits::default(),
            unread: 256 << 20,
            client_memory: 1 << 30,
        }
    }
}

/// Why nothing is proxied.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system cannot do what it takes.
    #[error("cannot proxy: {0}")]
    System(io::Error),
    /// A length of time that has to be some.
    #[error("{0} cannot be 0s")]
    NoTime(&'static str),
}
