//! What is checked of what clients read.
//!
//! | checker | what holds |
//! |---|---|
//! | `staleness` | nobody sees what has been outdated for longer than the scenario's `staleness` |
//! | `read-your-writes` | a writer sees what it wrote |
//! | `monotonic-reads` | a client never sees something older than before |

use check::cache::Promise;
use history::{Names, Span};
use scenario::{Invariant, ReadWatch};

use crate::{Message, Timer};

/// The names of all checkers.
pub(crate) const NAMES: &[&str] = &["staleness", "read-your-writes", "monotonic-reads"];

/// All checkers, in the order of their names.
pub(crate) fn all(bound: Span, names: &Names) -> Vec<Box<dyn Invariant<Message, Timer>>> {
    let promises = [Promise::Age(bound), Promise::OwnWrites, Promise::Monotonic];
    let watch = |promise| -> Box<dyn Invariant<Message, Timer>> {
        Box::new(ReadWatch::new(vec![promise], names.clone()))
    };
    promises.map(watch).into()
}
