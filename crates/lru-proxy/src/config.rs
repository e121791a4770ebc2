//! The `[lru-proxy]` section of a scenario, with the `[redis]` section of its server.

use history::Span;
use redis_node::ServerConfig;
use scenario::Problem;
use serde::{Deserialize, Serialize};

use crate::proxy::{Outage, Rules, Unknown};
use crate::{Capacity, Expiry, Fills};

/// The most clients, and keys.
const MANY: u16 = 1_000;

/// The `[lru-proxy]` section of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many only read, through the proxy.
    pub readers: u16,
    /// How many write, and look at what they wrote through the proxy.
    pub writers: u16,
    /// How many keys; each has one writer.
    pub keys: u16,
    /// Which way writers write.
    pub writes: Route,
    /// A client waits for less than this before each operation.
    pub pause: Span,
    /// How long a client waits for a reply; for ever if this is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<Span>,
    /// How many entries the cache has.
    pub capacity: usize,
    /// How long an entry lives.
    pub ttl: Span,
    /// How often the redeemer comes.
    pub period: Span,
    /// How long the proxy waits for the server.
    pub timeout: Span,
    /// When an entry that is past its time is no longer served.
    pub expiry: Expiry,
    /// What becomes of the reply to a read.
    pub fills: Fills,
    /// What becomes of a command that is none of the proxy's own.
    pub unknown: Unknown,
    /// What a client is told if the server cannot be reached.
    pub outage: Outage,
    /// The bound of the checker `staleness`; the time to live, if this is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staleness: Option<Span>,
    /// The server: the section `[redis]`.
    pub redis: ServerConfig,
}

/// Which way writers write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// To the server: the proxy does not hear of it.
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
            patience: None,
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
    /// If all of this makes sense.
    pub(crate) fn complete(mut self) -> Result<Config, Problem> {
        let counts = [("readers", self.readers), ("writers", self.writers), ("keys", self.keys)];
        if let Some((name, _)) = counts.iter().find(|(_, n)| !(1..=MANY).contains(n)) {
            return Err(Problem::new(*name, format!("this is 1 to {MANY}")));
        }
        if self.keys < self.writers {
            return Err(Problem::new("keys", "each writer has one of its own at least"));
        }
        let spans = [("pause", self.pause), ("period", self.period), ("timeout", self.timeout)];
        if let Some((name, _)) = spans.iter().find(|(_, span)| *span == Span::ZERO) {
            return Err(Problem::new(*name, "this is longer than that"));
        }
        if self.patience == Some(Span::ZERO) {
            return Err(Problem::new("patience", "a client has to wait for longer than that"));
        }
        self.redis.check()?;
        self.staleness.get_or_insert(self.ttl);
        Ok(self)
    }

    /// Those of the proxy.
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
