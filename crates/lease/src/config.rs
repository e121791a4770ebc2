//! The `[lease]` section of a scenario file, with the `[redis]` section of its caches.

use history::{Key, Span};
use redis_node::ServerConfig;
use scenario::Problem;
use scenario::units::{Amount, Latency};
use serde::{Deserialize, Serialize};

/// No scenario has more nodes of a kind, or keys, than this.
const COUNT_MAX: u16 = 1000;

/// The section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many clients there are: c1, c2, ...
    pub clients: u16,
    /// How many caches: r1, r2, ...
    pub caches: u16,
    /// Which of them has which entry.
    pub topology: Topology,
    /// How many clients that read many rows at once: b1, b2, ...
    pub batch_readers: u16,
    /// How many rows that is.
    pub batch: u16,
    /// How many rows: key1, key2, ...
    pub keys: u16,
    /// After how many rounds the run is over. In each, every client does its operations, and then
    /// caches and database are compared.
    pub rounds: u32,
    /// How many of the operations are reads.
    pub reads: Amount,
    /// How long a client does nothing before an operation.
    pub think: Latency,
    /// Who may fill in an entry.
    pub discipline: Discipline,
    /// How long a client that was given a lease keeps others from getting one, if it does.
    pub block: Span,
    /// How long an outdated value is kept, if it is.
    pub stale_for: Span,
    /// How long a client that was told to wait does so, each time.
    pub waits: Vec<Span>,
    /// What it does after that.
    pub after_waits: AfterWaits,
    /// How long entries live; for ever if that is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Latency>,
    /// How long a client waits for an answer.
    pub patience: Span,
    /// What a client does when it does not know whether its update has taken effect.
    pub when_unknown: WhenUnknown,
    /// What the key of a block is called by those who delete it.
    pub deleted_block: DeletedBlock,
    /// What stands in the outbox is invalidated again, so often; without, there is no outbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbox: Option<Span>,
    /// What a client does if it has leases of two caches on one entry.
    pub two_leases: TwoLeases,
    /// A client that has waited so long for the database asks for the entry once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask_again: Option<Span>,
    /// How much each replica counts when a client chooses one.
    pub weights: Weights,
    /// How long it is until a client asks how a cache is that did not answer, or how all are if
    /// that is what they count by.
    pub poll: Latency,
    /// How long nothing may have happened before caches and database are compared.
    pub settle: Span,
    /// What a cache does first.
    pub at_start: AtStart,
    /// How long the database takes for a transaction.
    pub query_time: Span,
    /// How old the versions may be that reads see, and how often each may be read from the
    /// database.
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
            waits: [2, 4, 10, 20].map(Span::from_millis).to_vec(),
            after_waits: AfterWaits::Fill,
            ttl: None,
            patience: Span::from_millis(100),
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

/// Which cache has which entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// Each may have any.
    Replicas,
    /// They are the masters of a Redis cluster, and each has those of its slots.
    Cluster,
}

/// How much each replica counts when a client chooses one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// As much as any other.
    #[default]
    Equal,
    /// As much as it uses memory.
    Memory,
}

/// Who may fill in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Discipline {
    /// Anybody: plain `GET`, `SET`, `DEL`.
    None,
    /// Whoever was the last to miss it.
    NewestMiss,
    /// One at a time; others are told to wait.
    SingleHolder,
    /// Whoever missed it within three seconds; the first one does.
    SharedToken,
    /// One at a time and no more than one in the time of a block; others are told what was there
    /// before it was invalidated, if that is not too long ago.
    StaleValues,
}

/// What a client does that has waited long enough for another one to fill in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterWaits {
    /// Asks the database, and leaves the entry alone.
    Fill,
    /// Fails.
    Fail,
    /// Does nothing more: it has been left waiting, which is a failure of liveness.
    Hang,
}

/// What a client does when it does not know whether its update has taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenUnknown {
    /// Nothing, as a program that ends with the error.
    Leave,
    /// Invalidates the entry.
    Invalidate,
}

/// What the key of a block is called by those who delete it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletedBlock {
    /// What it is called by those who set it.
    Right,
    /// The same without the colon: the block stays.
    WithoutColon,
}

/// What a client does if it has leases of two caches on one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TwoLeases {
    /// It fills in neither.
    Refuse,
    /// It fills in the second, with what it asked for after the first.
    UseSecond,
}

/// What a cache does first when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtStart {
    /// Nothing: it serves what it has kept.
    #[default]
    Serve,
    /// It forgets what it has kept.
    Flush,
}

/// What the checkers of staleness and herds hold runs to. What is left out is measured only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// How long a version may be outdated that a read sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Span>,
    /// By how many versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<u64>,
    /// How often a version may be read from the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries: Option<u64>,
}

/// What a row is called.
pub(crate) fn key_name(key: Key) -> String {
    format!("key{}", key.0 + 1)
}

impl Config {
    /// Checks that all of this makes sense.
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
        let spans = [("patience", self.patience), ("block", self.block), ("settle", self.settle)];
        let spans = spans.into_iter().chain(self.outbox.map(|every| ("outbox", every)));
        let spans = spans.chain(self.ask_again.map(|after| ("ask_again", after)));
        for (name, span) in spans {
            if span == Span::ZERO {
                return Err(Problem::new(name, "this is longer than no time at all"));
            }
        }
        if self.waits.contains(&Span::ZERO) {
            return Err(Problem::new("waits", "each is longer than no time at all"));
        }
        self.redis.check()?;
        Ok(self)
    }
}
