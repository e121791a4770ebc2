//! What a client has still to do in a round, and when it does it.

use sim::{Context, Delay};

use crate::{Protocol, Timer};

/// What a client has still to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Load {
    round: u32,
    missing: u64,
}

impl Load {
    /// It is told to work until so many rounds are done, each of so many pieces of work. Whoever
    /// was told before goes on with what it has left.
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

    /// Takes up the next piece of work after a while.
    pub(crate) fn take_up(self, cx: &mut Context<'_, Protocol>, think: Delay) {
        if self.missing == 0 {
            cx.mark("client-done");
        } else {
            let think = cx.draw("think", think);
            cx.set_timer(think, Timer::Next);
        }
    }
}
