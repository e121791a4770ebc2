//! The `[lru-proxy]` section of a scenario, with the `[redis]` section of its server.

use history::Span;
use redis_node::ServerConfig;
use scenario::Problem;
use serde::{Deserialize, Serialize};

use crate::proxy::{Outage, Rules, Unknown};
use crate::{Capacity, Expiry, Fills};

/// The maximum number of clients, and of keys.
const MANY: u16 = 1_000;

/// The `[lru-proxy]` section of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of clients that only read, through the proxy.
    pub readers: u16,
    /// The number of clients that write, and read their writes through the proxy.
    pub writers: u16,
    /// The number of keys. Each has one writer.
    pub keys: u16,
    /// The path of writes.
    pub writes: Route,
    /// The upper bound of a client's pause before each operation, exclusive.
    pub pause: Span,
    /// How long a client waits for a reply. Without it a client waits forever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_timeout: Option<Span>,
    /// The maximum number of entries in the cache.
    pub capacity: usize,
    /// The time to live of an entry.
    pub ttl: Span,
    /// The time between two sweeps.
    pub period: Span,
    /// How long the proxy waits for the server.
    pub timeout: Span,
    /// When an expired entry is no longer served.
    pub expiry: Expiry,
    /// What happens to the reply of a read.
    pub fills: Fills,
    /// What happens to a command that the proxy does not answer itself.
    pub unknown: Unknown,
    /// The reply to a client while the server is unreachable.
    pub outage: Outage,
    /// The bound of the checker `staleness`. The default is the time to live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staleness: Option<Span>,
    /// The server: the section `[redis]`.
    pub redis: ServerConfig,
}

/// The path of writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// Directly to the server. The proxy does not see the write.
    #[default]
    Direct,
    /// Through the proxy.
    Through,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            readers: 2,
            writers: 1,
            keys: 1,
            writes: Route::default(),
            pause: Span::from_millis(20),
            client_timeout: None,
            capacity: 1024,
            ttl: Span::from_secs(300),
            period: Span::from_millis(100),
            timeout: Span::from_millis(50),
            expiry: Expiry::default(),
            fills: Fills::default(),
            unknown: Unknown::default(),
            outage: Outage::default(),
            staleness: None,
            redis: ServerConfig::default(),
        }
    }
}

impl Config {
    /// Checks the values of the section.
    pub(crate) fn complete(mut self) -> Result<Config, Problem> {
        let counts = [("readers", self.readers), ("writers", self.writers), ("keys", self.keys)];
        if let Some((name, _)) = counts.iter().find(|(_, n)| !(1..=MANY).contains(n)) {
            return Err(Problem::new(*name, format!("this is 1 to {MANY}")));
        }
        if self.keys < self.writers {
            return Err(Problem::new("keys", "each writer needs at least one key"));
        }
        let spans = [("pause", self.pause), ("period", self.period), ("timeout", self.timeout)];
        if let Some((name, _)) = spans.iter().find(|(_, span)| *span == Span::ZERO) {
            return Err(Problem::new(*name, "this must be longer than 0s"));
        }
        if self.client_timeout == Some(Span::ZERO) {
            return Err(Problem::new("client_timeout", "a client must wait for longer than 0s"));
        }
        self.redis.check()?;
        self.staleness.get_or_insert(self.ttl);
        Ok(self)
    }

    /// The proxy's part of the section.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            capacity: Capacity { keys: self.capacity, bytes: usize::MAX },
            ttl: self.ttl,
            period: self.period,
            timeout: self.timeout,
            expiry: self.expiry,
            fills: self.fills,
            unknown: self.unknown,
            outage: self.outage,
        }
    }
}
