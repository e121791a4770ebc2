//! How a server is set up.

use history::{Bytes, Span};
use redis::{EvictionPolicy, Fsync, Script, ScriptLibrary};
#[cfg(feature = "system")]
use scenario::Problem;
use serde::{Deserialize, Serialize};

use crate::Durability;

/// How a server is set up: the `[redis]` section of a scenario file, the same for each system.
///
/// `maxmemory`, `maxmemory_policy` and `maxclients` are those of `redis.conf`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// What survives a crash.
    pub durability: Durability,
    /// How far its replica is behind. None if it has no replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication_lag: Option<Span>,
    /// How long each command takes.
    pub service_time: Span,
    /// How much longer a script takes. No other client is served meanwhile.
    pub script_time: Span,
    /// How its scripts are run.
    pub scripts: Scripts,
    /// How much memory its data may take. 0 if there is no limit.
    pub maxmemory: Bytes,
    /// Which keys are evicted when the data takes more.
    pub maxmemory_policy: EvictionPolicy,
    /// How many clients can be connected at a time.
    pub maxclients: u32,
}

/// How the scripts of a server are run. The replies are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scripts {
    /// As native code that does the same as the Lua text, faster.
    #[default]
    Native,
    /// Verbatim, in Lua.
    Lua,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            durability: Durability::Always,
            replication_lag: None,
            service_time: Span::ZERO,
            script_time: Span::ZERO,
            scripts: Scripts::default(),
            maxmemory: Bytes(0),
            maxmemory_policy: EvictionPolicy::default(),
            maxclients: 10_000,
        }
    }
}

impl ServerConfig {
    /// The name of the section in scenario files, for `System::SHARED_SECTIONS`. The field of a
    /// system's configuration has this name too.
    pub const SECTION: &'static str = "redis";

    /// Checks the values of the section.
    ///
    /// # Errors
    /// The first value that makes no sense.
    #[cfg(feature = "system")]
    pub fn check(&self) -> Result<(), Problem> {
        let problem = |key: &str, message: &str| {
            Err(Problem::new(format!("{}.{key}", ServerConfig::SECTION), message))
        };
        if self.durability == Durability::Snapshots(Span::ZERO) {
            return problem("durability.snapshots", "the time between snapshots is longer than 0s");
        }
        if self.maxclients == 0 {
            return problem("maxclients", "this is at least 1: otherwise no client can connect");
        }
        Ok(())
    }

    /// The parameters that `CONFIG GET` shows.
    pub(crate) fn parameters(&self) -> redis::Config {
        let fsync = match self.durability {
            Durability::Always => Some(Fsync::Always),
            Durability::Everysec => Some(Fsync::EverySecond),
            Durability::No => Some(Fsync::Never),
            Durability::Snapshots(_) | Durability::Never => None,
        };
        redis::Config {
            maxmemory: self.maxmemory.0,
            maxmemory_policy: self.maxmemory_policy,
            maxclients: self.maxclients,
            appendonly: fsync.is_some(),
            appendfsync: fsync.unwrap_or_default(),
            ..redis::Config::default()
        }
    }
}

impl Scripts {
    /// A library of these scripts that are run in this way.
    pub(crate) fn library(self, scripts: &[Script]) -> ScriptLibrary {
        let library = ScriptLibrary::new(scripts.iter().copied());
        match self {
            Scripts::Native => library,
            Scripts::Lua => library.in_lua(),
        }
    }
}
