//! What is checked of the proxy and of what clients read.
//!
//! | checker | what holds |
//! |---|---|
//! | `staleness` | nobody sees what has been outdated for longer than the scenario's `staleness` |
//! | `read-your-writes` | a writer sees what it wrote |
//! | `monotonic-reads` | a client never sees something older than before |
//! | `recency` | what is used stays, until as many other keys have been used as there is room for |

mod recency;

use check::cache::{Promise, ReadPromises};
use history::{Names, NodeId};
use scenario::{Checker, OverHistory};

use self::recency::Recency;
use crate::{Config, Process};

/// All checkers.
pub(crate) fn all(config: &Config, proxy: NodeId, names: &Names) -> Vec<Box<dyn Checker<Process>>> {
    let reads = |name, promises| Box::new(OverHistory::new(name, promises, names));
    let age = config.staleness.unwrap_or(config.ttl);
    vec![
        reads("staleness", ReadPromises::new([Promise::Age(age)]).with_ages()),
        reads("read-your-writes", ReadPromises::new([Promise::OwnWrites])),
        reads("monotonic-reads", ReadPromises::new([Promise::Monotonic])),
        Box::new(Recency::new(proxy, config, names.clone())),
    ]
}
