//! What is checked of the proxy and of what clients read.
//!
//! | checker | what holds |
//! |---|---|
//! | `staleness` | nobody sees what has been outdated for longer than the scenario's `staleness` |
//! | `read-your-writes` | a writer sees what it wrote |
//! | `monotonic-reads` | a client never sees something older than before |
//! | `recency` | what is used stays, until as many other keys have been used as there is room for |

mod recency;

use check::cache::Promise;
use history::{Names, NodeId};
use scenario::{Invariant, ReadWatch};

use self::recency::Recency;
use crate::{Config, Message, Timer};

/// The names of all checkers.
pub(crate) const NAMES: &[&str] = &["staleness", "read-your-writes", "monotonic-reads", "recency"];

/// All checkers, in the order of their names.
pub(crate) fn all(
    config: &Config,
    proxy: NodeId,
    names: &Names,
) -> Vec<Box<dyn Invariant<Message, Timer>>> {
    let watch = |promise| ReadWatch::new(vec![promise], names.clone());
    let age = config.staleness.unwrap_or(config.ttl);
    vec![
        Box::new(watch(Promise::Age(age)).with_ages()),
        Box::new(watch(Promise::OwnWrites)),
        Box::new(watch(Promise::Monotonic)),
        Box::new(Recency::new(proxy, config, names.clone())),
    ]
}
