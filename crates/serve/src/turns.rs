//! Scheduling of clients on one thread.
//!
//! A client with little work is served immediately, for a short time ([`Turns::FREE`]). A client
//! with more work waits in a queue. So does a client without enough [`Credit`] for short turns.
//! Between two turns of the queue, the runtime polls all sockets and runs the clients outside the
//! queue. So a client with little work waits for at most one turn of the queue, however long the
//! queue is.

use std::sync::Arc;
use std::time::Duration;

use history::Span;
use tcp::work_done;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;

use crate::node::duration;

/// A client's credit for short turns. It begins at zero, and each short turn earns one. A single
/// long turn does not cost the whole credit, because the machine may have been busy with other
/// work.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Credit(u8);

impl Credit {
    /// The credit from which a client is served immediately.
    const GOOD: u8 = 4;
    /// The highest credit.
    const MOST: u8 = 16;
    /// The credit that a long turn costs.
    const HEAVY: u8 = 8;

    pub(crate) const fn is_good(self) -> bool {
        self.0 >= Credit::GOOD
    }

    const fn is_full(self) -> bool {
        self.0 >= Credit::MOST
    }

    /// Rewards a short turn.
    pub(crate) fn earn(&mut self) {
        self.0 = (self.0 + 1).min(Credit::MOST);
    }

    /// Charges for a long turn.
    pub(crate) fn spend(&mut self) {
        self.0 = self.0.saturating_sub(Credit::HEAVY);
    }
}

/// When a turn began. Unless the client has full credit, also the thread's processor time then: on
/// a busy machine, a turn can take long because the thread does not run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning {
    pub(crate) at: Span,
    worked: Option<Duration>,
}

impl Beginning {
    /// Begins a turn.
    pub(crate) fn new(now: Span, credit: Credit) -> Beginning {
        Beginning { at: now, worked: if credit.is_full() { None } else { work_done() } }
    }

    /// Whether the turn was long, if it ends now.
    pub(crate) fn is_long_ago(self, now: Span) -> bool {
        let free = duration(Turns::FREE);
        now > self.at + Turns::FREE
            && self.worked.zip(work_done()).is_none_or(|(then, now)| now - then > free)
    }
}

/// The queue.
pub(crate) struct Turns(Arc<Semaphore>);

/// The permit of the first client in the queue.
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turns {
    /// How long a connection is served outside the queue.
    pub(crate) const FREE: Span = Span(200_000);

    /// How long the first client in the queue is served.
    pub(crate) const LINE: Span = Span::from_millis(1);

    /// How many bytes a connection is sent outside the queue.
    pub(crate) const FREE_BYTES: usize = 64 << 10;

    /// How many bytes the first client in the queue is sent.
    pub(crate) const LINE_BYTES: usize = 512 << 10;

    /// Waits in the queue.
    pub(crate) async fn wait(&self) -> Option<Turn> {
        // This fails only if the semaphore is closed, which never happens.
        let permit = Arc::clone(&self.0).acquire_owned().await.ok()?;
        Some(Turn { _permit: permit })
    }
}

impl Default for Turns {
    fn default() -> Turns {
        Turns(Arc::new(Semaphore::new(1)))
    }
}

impl Turn {
    /// Ends the turn. The next one begins after the sockets have been polled.
    pub(crate) async fn end(self) {
        yield_now().await;
    }
}
