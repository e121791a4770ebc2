//! The checkers of the proxy and of reads.
//!
//! | checker | what holds |
//! |---|---|
//! | `staleness` | no read sees a value that was outdated for longer than `staleness` |
//! | `read-your-writes` | a writer sees what it wrote |
//! | `monotonic-reads` | a client never sees an older version than before |
//! | `recency` | a used key stays cached until as many other keys as the capacity have been used |

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
