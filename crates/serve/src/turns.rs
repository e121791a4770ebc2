//! Whose turn it is, where one thread serves all.
//!
//! A connection that has something to do does it at once, for a short while ([`Turns::FREE`]): that
//! is enough for most of what clients want. One that needs more stands in a line. Between two turns
//! of the line all sockets are looked at, and whoever is not in the line and has something to do
//! does it. So a client that wants little waits for one turn of the others, however many they are
//! and however much they want.

use std::sync::Arc;

use history::Span;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;

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
