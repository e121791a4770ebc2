//! How much memory a world holds, by a fixed formula.
//!
//! Each message, timer, or other thing that is under way, waits in a node's line, is held by the
//! nemesis, or is a command of the nemesis that has not been carried out counts as [`ITEM`] bytes,
//! and as its [payload](Process::payload). What a node does after it has been busy counts in the
//! same way. The allocator has no say, so the same run holds the same everywhere.
//!
//! What processes keep in their own state is not counted.

use history::NodeId;

use crate::{Effect, MessageOf, Process};

use super::{Due, What, World};

/// What each item counts, in bytes. An item of the systems of this project takes about 100, and a
/// line that grows has up to three times the room that it needs.
pub(super) const ITEM: u64 = 384;

/// How much a world holds, by where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// How many messages and timers are under way.
    pub in_flight: usize,
    /// How much waits in the lines of nodes that are busy or paused.
    pub waiting: usize,
    /// The node with the longest line, and how long that is.
    pub longest_line: Option<(NodeId, usize)>,
    /// How many messages the nemesis holds.
    pub held: usize,
    /// How many commands of the nemesis have not been carried out.
    pub commands: usize,
    /// How many bytes all of these hold besides themselves.
    pub payloads: u64,
}

impl<P: Process, C, N> World<P, C, N> {
    /// How many bytes the world holds.
    #[inline(always)]
    pub fn memory(&self) -> u64 {
        let items = self.queue.len() + self.waiting + self.held.len() + self.commands.len();
        items as u64 * ITEM + self.payloads
    }

    /// What the world holds.
    pub fn holdings(&self) -> Holdings {
        let lines = self.nodes.iter().enumerate();
        let lines = lines.map(|(index, node)| (NodeId(index as u16), node.waiting.len()));
        Holdings {
            in_flight: self.queue.len(),
            waiting: self.waiting,
            longest_line: lines.filter(|(_, len)| *len > 0).max_by_key(|(_, len)| *len),
            held: self.held.len(),
            commands: self.commands.len(),
            payloads: self.payloads,
        }
    }

    #[inline(always)]
    pub(super) fn hold_message(&mut self, message: &MessageOf<P>) {
        self.payloads += P::payload(message) as u64;
    }

    #[inline(always)]
    pub(super) fn let_go_of_message(&mut self, message: &MessageOf<P>) {
        self.payloads -= P::payload(message) as u64;
    }

    /// Counts what is put into the queue, or in a node's line.
    pub(super) fn hold(&mut self, due: &Due<P>) {
        self.payloads += payload_of(due);
    }

    /// No longer counts what is taken from there.
    pub(super) fn let_go(&mut self, due: &Due<P>) {
        self.payloads -= payload_of(due);
    }
}

fn payload_of<P: Process>(due: &Due<P>) -> u64 {
    match &due.what {
        What::Arrive { message, .. }
        | What::Undelivered { message, .. }
        | What::Told { message } => P::payload(message) as u64,
        What::GoOn(effects) => effects.iter().map(payload_of_effect::<P>).sum(),
        What::Timer { .. } | What::ConnectionLost { .. } | What::Alarm(_) => 0,
    }
}

fn payload_of_effect<P: Process>(effect: &Effect<P::Protocol>) -> u64 {
    let payload = match effect {
        Effect::Send { message, .. } => P::payload(message) as u64,
        _ => 0,
    };
    ITEM + payload
}
