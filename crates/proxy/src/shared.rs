//! The state that all connections of a proxy share.

use std::cell::{Cell, RefCell};
#[expect(clippy::disallowed_types, reason = "keys of hostile clients; no order is looked at")]
use std::hash::RandomState;
use std::time::Duration;

use history::{Span, Time};
use lru_proxy::Cache;
use tcp::{Buffers, Ledger};
use tokio::time::Instant;

use crate::Options;
use crate::metrics::Counters;

/// The state that all connections of a proxy share. All run on one thread, and none awaits between
/// checking a state and acting on it.
pub(crate) struct Shared {
    pub(crate) options: Options,
    #[expect(clippy::disallowed_types, reason = "keys of hostile clients; no order is looked at")]
    pub(crate) cache: RefCell<Cache<RandomState>>,
    pub(crate) counters: Counters,
    pub(crate) buffers: Buffers,
    /// The memory that clients take.
    pub(crate) memory: Ledger,
    /// The part of it for unsent replies.
    pub(crate) unread: Ledger,
    /// The number of pending replies of the server.
    pub(crate) awaited: Cell<usize>,
    start: Instant,
}

impl Shared {
    #[expect(clippy::disallowed_types, reason = "keys of hostile clients; no order is looked at")]
    pub(crate) fn new(options: Options) -> Shared {
        let cache = Cache::with_hasher(options.capacity, options.ttl, RandomState::new());
        Shared {
            cache: RefCell::new(cache),
            counters: Counters::default(),
            buffers: Buffers::default(),
            memory: Ledger::default(),
            unread: Ledger::default(),
            awaited: Cell::new(0),
            start: Instant::now(),
            options,
        }
    }

    /// The time by a monotonic clock.
    pub(crate) fn now(&self) -> Time {
        let elapsed = self.start.elapsed().as_nanos();
        Time::ZERO + Span(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// The timeout for the server.
    pub(crate) fn timeout(&self) -> Duration {
        duration(self.options.timeout)
    }
}

pub(crate) const fn duration(span: Span) -> Duration {
    Duration::from_nanos(span.0)
}
