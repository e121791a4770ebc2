//! The `[lease]` section of a scenario file, with the `[redis]` section of its caches.

use history::{Key, Span};
use redis_node::ServerConfig;
use scenario::Problem;
use scenario::units::{Amount, Latency};
use serde::{Deserialize, Serialize};

/// The maximum number of nodes of one kind, and of keys.
const COUNT_MAX: u16 = 1000;

/// The section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of clients: c1, c2, ...
    pub clients: u16,
    /// The number of caches: r1, r2, ...
    pub caches: u16,
    /// How entries are distributed over the caches.
    pub topology: Topology,
    /// The number of clients that read many rows at once: b1, b2, ...
    pub batch_readers: u16,
    /// The number of rows in a batch.
    pub batch: u16,
    /// The number of rows: key1, key2, ...
    pub keys: u16,
    /// The number of rounds. In each round every client does its operations, and then the auditor
    /// compares caches and database.
    pub rounds: u32,
    /// The share of reads among the operations.
    pub reads: Amount,
    /// The pause of a client before an operation.
    pub think: Latency,
    /// The rules for leases: which client may fill in an entry.
    pub discipline: Discipline,
    /// How long a lease blocks other leases, in disciplines that block.
    pub block: Span,
    /// How long an outdated value is kept, in disciplines that keep it.
    pub stale_for: Span,
    /// The backoffs of a client that waits for another client's fill.
    pub backoff: Vec<Span>,
    /// What the client does after the last backoff.
    pub after_backoff: AfterBackoff,
    /// The time to live of entries. Without it entries do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Latency>,
    /// How long a client waits for a reply.
    pub timeout: Span,
    /// What a client does after an update with an unknown outcome.
    pub when_unknown: WhenUnknown,
    /// The name of a block's key in deletions.
    pub deleted_block: DeletedBlock,
    /// How often the relay repeats the invalidations in the outbox. Without it there is no outbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbox: Option<Span>,
    /// What a client does with leases of two caches for one entry.
    pub two_leases: TwoLeases,
    /// The time of a database read after which a client asks for the entry again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask_again: Option<Span>,
    /// The weight of each replica when a client chooses one.
    pub weights: Weights,
    /// The time between two polls of caches that did not reply. With weights by memory, all caches
    /// are polled.
    pub poll: Latency,
    /// The length of the quiet time before caches and database are compared.
    pub settle: Span,
    /// What a cache does when it starts.
    pub at_start: AtStart,
    /// The time that the database takes for a transaction.
    pub query_time: Span,
    /// The bounds of the checkers of staleness and herds.
    pub bounds: Bounds,
    /// The servers of the caches: the section `[redis]`.
    pub redis: ServerConfig,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            clients: 4,
            caches: 1,
            topology: Topology::Replicas,
            batch_readers: 0,
            batch: 150,
            keys: 1,
            rounds: 1,
            reads: "50%".parse().expect("a probability"),
            think: "0ms..4ms".parse().expect("a latency"),
            discipline: Discipline::NewestMiss,
            block: Span::from_millis(100),
            stale_for: Span::from_millis(100),
            backoff: [2, 4, 10, 20].map(Span::from_millis).to_vec(),
            after_backoff: AfterBackoff::Fill,
            ttl: None,
            timeout: Span::from_millis(100),
            when_unknown: WhenUnknown::Leave,
            deleted_block: DeletedBlock::Right,
            outbox: None,
            two_leases: TwoLeases::Refuse,
            ask_again: None,
            weights: Weights::default(),
            poll: "150ms..300ms".parse().expect("a latency"),
            settle: Span::from_secs(1),
            at_start: AtStart::default(),
            query_time: Span::ZERO,
            bounds: Bounds::default(),
            redis: ServerConfig::default(),
        }
    }
}

/// How entries are distributed over caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// Each cache may have any entry.
    Replicas,
    /// The caches are the masters of a Redis cluster, and each has the entries of its slots.
    Cluster,
}

/// The weight of each replica when a client chooses one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// All replicas have the same weight.
    #[default]
    Equal,
    /// The weight is the memory that the replica uses.
    Memory,
}

/// The rules for leases: which client may fill in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Discipline {
    /// Every client: plain `GET`, `SET`, `DEL`.
    None,
    /// The client that missed it last.
    NewestMiss,
    /// One client at a time. Other clients back off.
    SingleHolder,
    /// The clients that missed it within three seconds. The first fill wins.
    SharedToken,
    /// One client at a time, and at most one during a block. Other clients get the value from
    /// before the invalidation, if it is not too old.
    StaleValues,
}

/// What a client does after its last backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterBackoff {
    /// It reads the database, and does not fill in the entry.
    Fill,
    /// It fails.
    Fail,
    /// It waits forever, which is a failure of liveness.
    Hang,
}

/// What a client does after an update with an unknown outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenUnknown {
    /// Nothing, like a program that ends with the error.
    Leave,
    /// It invalidates the entry.
    Invalidate,
}

/// The name of a block's key in deletions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletedBlock {
    /// The name under which the block was set.
    Right,
    /// That name without the colon, so that the block stays.
    WithoutColon,
}

/// What a client does with leases of two caches for one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TwoLeases {
    /// It fills neither cache.
    Refuse,
    /// It fills the second cache, with the row that it read after the first lease.
    UseSecond,
}

/// What a cache does when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtStart {
    /// Nothing: it serves its old entries.
    #[default]
    Serve,
    /// It drops its old entries.
    Flush,
}

/// The bounds of the checkers of staleness and herds. A missing bound is only measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// For how long a version may be outdated that a read sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Span>,
    /// By how many versions it may be outdated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<u64>,
    /// How often a version may be read from the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries: Option<u64>,
}

/// The name of a row.
pub(crate) fn key_name(key: Key) -> String {
    format!("key{}", key.0 + 1)
}

impl Config {
    /// Checks the values of the section.
    pub(crate) fn complete(self) -> Result<Config, Problem> {
        let counts = [("clients", self.clients), ("caches", self.caches), ("keys", self.keys)];
        if let Some((name, _)) = counts.iter().find(|(_, n)| !(1..=COUNT_MAX).contains(n)) {
            return Err(Problem::new(*name, format!("this is 1 to {COUNT_MAX}")));
        }
        if self.batch_readers > COUNT_MAX {
            return Err(Problem::new("batch_readers", format!("this is at most {COUNT_MAX}")));
        }
        if self.batch_readers > 0 {
            if !(1..=self.keys).contains(&self.batch) {
                return Err(Problem::new("batch", "this is 1 to as many as there are keys"));
            }
            if self.topology == Topology::Cluster {
                return Err(Problem::new("batch_readers", "in a cluster there are none"));
            }
        }
        if self.rounds == 0 {
            return Err(Problem::new("rounds", "this is at least 1"));
        }
        let spans = [("timeout", self.timeout), ("block", self.block), ("settle", self.settle)];
        let spans = spans.into_iter().chain(self.outbox.map(|every| ("outbox", every)));
        let spans = spans.chain(self.ask_again.map(|after| ("ask_again", after)));
        for (name, span) in spans {
            if span == Span::ZERO {
                return Err(Problem::new(name, "this must be longer than 0s"));
            }
        }
        if self.backoff.contains(&Span::ZERO) {
            return Err(Problem::new("backoff", "each must be longer than 0s"));
        }
        self.redis.check()?;
        Ok(self)
    }
}
