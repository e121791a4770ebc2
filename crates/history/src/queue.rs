//! The queue: producers put items in, consumers take them out and complete them.
//!
//! A consumer that takes an item has it for the time of a lease. It *completes* the item when it is
//! done, or the item becomes available to other consumers when the lease ends. A queue without
//! leases completes an item when it is taken.

use serde::{Deserialize, Serialize};

use crate::{Object, OpId, Span};

/// The queue as a kind of [`Object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queue {}

/// An item: the operation that put it in. So an item is in a queue once, and its name tells the
/// producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Item(pub OpId);

/// What a client asks of a queue.
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
        /// For how long the consumer has the item; for good, if `None`.
        lease: Option<Span>,
    },
    /// Keep an item for longer. Refused if another consumer may have it.
    Extend {
        /// Which item.
        item: Item,
        /// For how long from now.
        lease: Span,
    },
    /// The item is done with. Refused if another consumer may have it.
    Complete {
        /// Which item.
        item: Item,
    },
}

/// What a client knows of a queue after an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delivery {
    /// The item that was put in, taken, kept or completed. `None` in refusals.
    pub item: Option<Item>,
    /// How long the consumer relies on having it, by its own monotonic clock from the return of the
    /// operation on. `None` if that has no end, or does not matter.
    pub valid_for: Option<Span>,
}

impl Object for Queue {
    type Action = Action;
    type Observation = Delivery;

    fn is_write(action: &Action) -> bool {
        matches!(action, Action::Put { .. } | Action::Complete { .. })
    }
}
