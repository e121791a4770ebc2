//! The copies of a server's data: on its disk, and on its replica.
//!
//! Both copies are behind. After a command a copy is renewed within its *lag*, with all commands
//! executed by then. So it lacks at most the commands of one lag. Databases are persistent data
//! structures: a copy costs what has changed since the last one.

use history::Span;
use redis::Database;
use serde::{Deserialize, Serialize};
use sim::{Context, Protocol};

/// Linux writes to the disk by itself what has been dirty for so long.
const WRITTEN_BACK_AFTER: Span = Span::from_secs(30);

/// The data that a server keeps in a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// All that it had replied to: `appendonly yes`, `appendfsync always`.
    #[default]
    Always,
    /// All but the last second: `appendonly yes`, `appendfsync everysec`, which is what Redis
    /// does by default once it has an append-only file.
    Everysec,
    /// All but the last half minute: `appendonly yes`, `appendfsync no`.
    No,
    /// What there was at the last snapshot, which is taken so long after the first command since
    /// the one before: `appendonly no`, `save 60 1` for 60 s.
    Snapshots(Span),
    /// Nothing: `appendonly no`, `save ""`.
    Never,
}

impl Durability {
    /// How far the disk is behind, if it is a copy of its own.
    pub(crate) fn lag(self) -> Option<Span> {
        match self {
            Durability::Always | Durability::Never => None,
            Durability::Everysec => Some(Span::from_secs(1)),
            Durability::No => Some(WRITTEN_BACK_AFTER),
            Durability::Snapshots(every) => Some(every),
        }
    }
}

/// A timer of a server. Its process passes it to [`Server::renew`](crate::Server::renew).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// The disk is to have what was executed.
    Disk,
    /// The replica is to have it.
    Replica,
}

/// A copy of a server's data.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Copy {
    lag: Span,
    data: Database,
    /// Whether it is going to be renewed.
    is_due: bool,
}

impl Copy {
    pub(crate) fn new(lag: Span, data: Database) -> Copy {
        Copy { lag, data, is_due: false }
    }

    /// A command has been executed.
    pub(crate) fn fall_behind<P: Protocol<Timer: From<Timer>>>(
        &mut self,
        cx: &mut Context<'_, P>,
        timer: Timer,
    ) {
        if !self.is_due {
            self.is_due = true;
            cx.set_timer(self.lag, timer.into());
        }
    }

    pub(crate) fn renew(&mut self, data: &Database) {
        *self = Copy::new(self.lag, data.clone());
    }

    /// The data, as far as it got.
    pub(crate) fn into_data(self) -> Database {
        self.data
    }
}
