//! The remaining work of a client in a round, and its timing.

use sim::{Context, Delay};

use crate::{Protocol, Timer};

/// The remaining work of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Load {
    round: u32,
    missing: u64,
}

impl Load {
    /// Starts the work up to this round, with `each` pieces of work per round. A client that was
    /// started before continues with its remaining work.
    pub(crate) fn begin(&mut self, round: u32, pieces: u64) {
        if round > self.round {
            *self = Load { round, missing: pieces };
        }
    }

    pub(crate) fn missing(self) -> u64 {
        self.missing
    }

    pub(crate) fn done(&mut self) {
        self.missing = self.missing.saturating_sub(1);
    }

    /// Begins the next piece of work after a pause.
    pub(crate) fn take_up(self, cx: &mut Context<'_, Protocol>, think: Delay) {
        if self.missing == 0 {
            cx.mark("client-done");
        } else {
            let think = cx.draw("think", think);
            cx.set_timer(think, Timer::Next);
        }
    }
}
