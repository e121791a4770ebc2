//! Whose turn it is, where one thread serves all.
//!
//! A client that wants little is served at once, for a short while ([`Turns::FREE`]). A client that
//! wants more stands in a line, and so does one that has yet to prove that it wants little
//! ([`Credit`]). Between two turns of the line all sockets are looked at, and whoever is not
//! in the line and has something to do does it. So a client that wants little waits for one turn of
//! the others, however many they are and however much they want.

use std::sync::Arc;
use std::time::Duration;

use history::Span;
use tcp::work_done;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;

use crate::node::duration;

/// How far a client is known to want little. It begins with none, and earns one by each turn in
/// which it does. One turn that takes long does not cost all that it may have: the machine may have
/// done something else meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Credit(u8);

impl Credit {
    /// With so much it is served at once.
    const GOOD: u8 = 4;
    /// It never has more.
    const MOST: u8 = 16;
    /// What a turn costs that takes long.
    const HEAVY: u8 = 8;

    pub(crate) const fn is_good(self) -> bool {
        self.0 >= Credit::GOOD
    }

    const fn is_full(self) -> bool {
        self.0 >= Credit::MOST
    }

    /// A turn was short.
    pub(crate) fn earn(&mut self) {
        self.0 = (self.0 + 1).min(Credit::MOST);
    }

    /// A turn was long.
    pub(crate) fn spend(&mut self) {
        self.0 = self.0.saturating_sub(Credit::HEAVY);
    }
}

/// When a turn began, and, unless the client has all credit, how much the thread had done by then:
/// on a busy machine a turn can take long because the thread does not run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning {
    pub(crate) at: Span,
    worked: Option<Duration>,
}

impl Beginning {
    /// A turn begins now.
    pub(crate) fn new(now: Span, credit: Credit) -> Beginning {
        Beginning { at: now, worked: if credit.is_full() { None } else { work_done() } }
    }

    /// Whether the turn, which ends now, was long.
    pub(crate) fn is_long_ago(self, now: Span) -> bool {
        let free = duration(Turns::FREE);
        now > self.at + Turns::FREE
            && self.worked.zip(work_done()).is_none_or(|(then, now)| now - then > free)
    }
}

/// The line.
pub(crate) struct Turns(Arc<Semaphore>);

/// The first in the line.
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turns {
    /// For so long a connection is served at once.
    pub(crate) const FREE: Span = Span(200_000);

    /// For so long the first in the line is served.
    pub(crate) const LINE: Span = Span::from_millis(1);

    /// So many bytes a connection is sent at once.
    pub(crate) const FREE_BYTES: usize = 64 << 10;

    /// So many the first in the line is sent.
    pub(crate) const LINE_BYTES: usize = 512 << 10;

    /// Waits in the line.
    pub(crate) async fn wait(&self) -> Option<Turn> {
        // It fails if the line is closed, which it never is.
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
    /// The turn is over. The next one begins after the sockets have been looked at.
    pub(crate) async fn end(self) {
        yield_now().await;
    }
}
