//! The queue: producers put items in, consumers take them out and complete them.
//!
//! A consumer takes an item for the time of a lease. It *completes* the item when it has processed
//! it. Otherwise the item becomes available to other consumers when the lease ends. A queue without
//! leases completes an item when it is taken.

use serde::{Deserialize, Serialize};

use crate::{Object, OpId, Span};

/// The queue as a kind of [`Object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queue {}

/// An item, named by the operation that put it in. So an item is in a queue once, and its name
/// includes the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Item(pub OpId);

/// An action on a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Put an item in. The item is named by this operation.
    Put {
        /// Items of a higher priority are taken first.
        priority: i64,
    },
    /// Take an item out. Refused if there is none.
    Take {
        /// The length of the lease. `None` means no end.
        lease: Option<Span>,
    },
    /// Extend the lease of an item. Refused if another consumer may have it.
    Extend {
        /// The item.
        item: Item,
        /// The length of the lease from now on.
        lease: Span,
    },
    /// Complete an item. Refused if another consumer may have it.
    Complete {
        /// The item.
        item: Item,
    },
}

/// The observation of an operation on a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delivery {
    /// The item that was put in, taken, kept or completed. `None` in refusals.
    pub item: Option<Item>,
    /// How long the consumer relies on having the item, by its own monotonic clock, from the return
    /// of the operation. `None` if there is no end, or if the action has no lease.
    pub valid_for: Option<Span>,
}

impl Object for Queue {
    type Action = Action;
    type Observation = Delivery;

    fn is_write(action: &Action) -> bool {
        matches!(action, Action::Put { .. } | Action::Complete { .. })
    }
}
