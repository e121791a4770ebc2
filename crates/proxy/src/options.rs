//! The options of the proxy.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use history::Span;
use lru_proxy::Capacity;
use redis::resp::Limits;
use tcp::door::ListenError;
use thiserror::Error;

/// The options of the proxy.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The Redis server: a host and a port.
    pub upstream: String,
    /// The address for metrics over HTTP.
    pub metrics: Option<SocketAddr>,
    /// The capacity of the cache.
    pub capacity: Capacity,
    /// How long an entry lives.
    pub ttl: Span,
    /// The interval at which expired entries are removed.
    pub period: Span,
    /// The timeout for connecting to the server, and for its next byte while replies are due. It
    /// does not apply to blocking commands.
    pub timeout: Span,
    /// The most clients at a time.
    pub max_clients: usize,
    /// Limits for the size of one command.
    pub limits: Limits,
    /// The most unread bytes of replies per client. A client that exceeds it is dropped.
    pub unread: usize,
    /// The most bytes of memory for all clients together: for incomplete commands, unsent commands,
    /// and unread replies. A client that needs more is dropped.
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

/// Why the proxy cannot start.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// It cannot listen on an address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The operating system refused something.
    #[error("cannot proxy: {0}")]
    System(io::Error),
    /// A duration must not be zero.
    #[error("{0} cannot be 0s")]
    NoTime(&'static str),
}
