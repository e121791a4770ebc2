//! What can happen next, if the network may delay any message for any time.
//!
//! # The time of an explored run
//!
//! An ordinary [`step`](World::step) takes whatever is due first. An explorer takes *any* choice
//! that [`World::pending`] offers, with [`World::take`]. There are two kinds of choices:
//!
//! - *A message that is in flight arrives now.* Its nominal delay does not matter. On a stream, and
//!   on a first-in-first-out link, only the oldest message of the link can arrive. A message that
//!   is not taken stays in flight.
//! - *The earliest thing that goes by a clock happens*: a timer, an alarm of the nemesis, a busy
//!   node that goes on, news of a lost message or connection. These happen in the order of their
//!   due times, and virtual time jumps to the due time. Only the first of them is offered.
//!
//! Virtual time stands still while messages arrive. So states that differ by the order of
//! independent arrivals only are equal, and have the same [fingerprint](World::fingerprint).
//!
//! In a real run these arrivals happen one after the other. The run that an explored path stands
//! for has them a few nanoseconds apart ([`Path::script`](crate::Path::script) computes the
//! delays). The kernel therefore keeps a second, finer order beside virtual time, the *moment*:
//!
//! 1. Each arrival begins a new moment: some nanoseconds after the step before, and its own number
//!    of nanoseconds after the virtual time. A clock item happens as many nanoseconds after its due
//!    time as the moment in which it was scheduled; it is stamped with that number's *label*.
//! 2. Two items that are due at the same virtual time lie apart exactly if their stamps differ.
//!    Then messages can arrive in between.
//! 3. An item that is due at the present virtual time with the stamp of the present moment (a
//!    `yield`, a word of the operator, a timer that was set together with the one that has just run
//!    out) happens before any message arrives: no run has room between the two.
//! 4. News that a crashed peer closed a stream arrives right after the last message that the peer
//!    had sent on that stream.
//!
//! # What this over-approximates
//!
//! - The delays of a link's rule are ignored: any message may take any time. An explored path is a
//!   run with particular delays, but perhaps not one that the rule would draw.
//! - Among items that are due at the same virtual time, the one that was scheduled first happens
//!   first. If two timers come to the same due time by different sums (100 ms, against 50 ms and
//!   then 50 ms), the nanoseconds between the arrivals that set them may demand the opposite order.
//!   Then no run follows the path, and [`Path::script`](crate::Path::script) says so.
//!
//! # What this under-approximates
//!
//! - A message arrives at the due time of some clock item, give or take nanoseconds, and never
//!   halfway between two of them. So a timer that is set on an arrival counts from there.
//! - Ties are resolved one way, as said above.
//! - The nemesis gives a command of the explorer only after a step that had an event.
//!
//! No path needs a clock that lies: timers never run out early or late.

use history::{NodeId, Time};

use crate::network::Link;
use crate::queue::{Entry, Place};
use crate::{Choices, Command, MessageId, MessageOf, Nemesis, Process, Protocol, TimerId};

use super::{Due, End, What, World};

/// A step of an explored run.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice<M> {
    /// This message arrives; of two copies, either.
    Deliver(MessageId),
    /// The earliest thing that goes by a clock happens.
    Clock,
    /// The nemesis gives this command, right after the step before. That step must have had an
    /// event that the nemesis sees, for a nemesis acts on events.
    Command(Command<M>),
}

/// Something that can happen next.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending<P: Protocol> {
    /// What to [take](World::take) for it to happen.
    pub choice: Choice<P::Message>,
    /// At which node; [`NodeId::WORLD`] for an alarm of the nemesis.
    pub node: NodeId,
    /// The time at which it would happen: the present, for a message.
    pub at: Time,
    /// What would happen.
    pub what: Upcoming<P>,
    /// The name of the link, such as `p1->a0`, if it is a message.
    pub link: Option<String>,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Upcoming<P: Protocol> {
    /// A message arrives. A node that is busy or paused handles it later.
    Delivery {
        /// Who sent it.
        from: NodeId,
        /// Which message.
        id: MessageId,
        /// What it says.
        message: P::Message,
    },
    /// A timer runs out.
    Timer {
        /// Which.
        id: TimerId,
        /// What the process is handed.
        timer: P::Timer,
    },
    /// The node learns that a message of its own was lost.
    Undelivered {
        /// For whom it was.
        to: NodeId,
        /// Which message.
        id: MessageId,
    },
    /// The node learns that a connection broke.
    ConnectionLost {
        /// The other end.
        peer: NodeId,
    },
    /// A word of the operator arrives.
    Told {
        /// What it says.
        message: P::Message,
    },
    /// An alarm of the nemesis.
    Alarm(u32),
    /// The node has done its work, and goes on.
    GoOn,
}

/// The place of an explored run in the order that is finer than virtual time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    /// Its number, counted from the beginning of the run.
    pub(crate) number: u32,
    /// The label of the nanoseconds by which it is later than the virtual time. What is scheduled
    /// now is stamped with it.
    pub(crate) label: u32,
    /// The last label that was given.
    pub(crate) last_label: u32,
    /// Whether the last step had no event that the nemesis sees.
    pub(crate) is_silent: bool,
}

/// An item that goes by a clock, in the order in which these happen.
#[derive(Debug)]
pub(super) struct ClockItem<'a, P: Process> {
    pub(super) place: Place,
    /// When it happens.
    pub(super) at: Time,
    pub(super) stamp: u32,
    /// Whether it is due in the present moment, so that nothing can arrive before it.
    pub(super) is_due: bool,
    pub(super) due: &'a Due<P>,
}

impl<P: Process, C: Choices, N: Nemesis<P::Protocol>> World<P, C, N> {
    /// What could happen next if the network may delay any message for any time: the earliest thing
    /// that goes by a clock, and then each message that can arrive, in the order of sending. All of
    /// them can be [taken](World::take). Commands of the nemesis can be taken at any time, and are
    /// not listed.
    pub fn pending(&self) -> Vec<Pending<P::Protocol>> {
        let entries = self.queue.entries();
        let clock = self.clock_items(&entries).into_iter().next();
        let is_due = clock.as_ref().is_some_and(|item| item.is_due);
        let limit = Time::ZERO + self.limits.time;
        let clock = clock.filter(|item| item.at <= limit);
        let mut pending: Vec<_> = clock.map(|item| self.tell_of_item(&item)).into_iter().collect();
        if is_due {
            return pending;
        }
        let mut messages: Vec<_> = entries.iter().filter_map(|entry| entry.as_message()).collect();
        messages.sort_by_key(|message| message.id);
        messages.dedup_by_key(|message| message.id);
        for &InFlight { from, to, id, message, .. } in &messages {
            if self.is_behind_another(&messages, id) {
                continue;
            }
            pending.push(Pending {
                choice: Choice::Deliver(id),
                node: to,
                at: self.now,
                what: Upcoming::Delivery { from, id, message: message.clone() },
                link: Some(format!("{}->{}", self.name(from), self.name(to))),
            });
        }
        pending
    }

    fn tell_of_item(&self, item: &ClockItem<'_, P>) -> Pending<P::Protocol> {
        let what = match &item.due.what {
            What::Arrive { .. } => unreachable!("a message does not go by a clock"),
            What::Timer { id, timer } => Upcoming::Timer { id: *id, timer: timer.clone() },
            What::Undelivered { to, id, .. } => Upcoming::Undelivered { to: *to, id: *id },
            What::ConnectionLost { peer, .. } => Upcoming::ConnectionLost { peer: *peer },
            What::Told { message } => Upcoming::Told { message: message.clone() },
            What::Alarm(alarm) => Upcoming::Alarm(*alarm),
            What::GoOn(_) => Upcoming::GoOn,
        };
        Pending { choice: Choice::Clock, node: item.due.node, at: item.at, what, link: None }
    }

    /// Whether an older message on the same link has to arrive first.
    pub(super) fn is_behind_another(&self, all: &[InFlight<'_, P>], id: MessageId) -> bool {
        let Some(mine) = all.iter().find(|message| message.id == id) else { return false };
        let Some(link) = self.known_link(mine.from, mine.to).map(|index| &self.links[index]) else {
            return false;
        };
        link.is_in_order()
            && all.iter().any(|other| {
                (other.from, other.to) == (mine.from, mine.to)
                    && other.id < id
                    && (!link.is_stream() || other.epoch == mine.epoch)
            })
    }

    /// All items that go by a clock, in the order in which they happen. What can never have an
    /// effect is left out, and so is news that waits for messages to arrive.
    pub(super) fn clock_items<'a>(&self, entries: &[Entry<'a, Due<P>>]) -> Vec<ClockItem<'a, P>> {
        let mut items = Vec::new();
        for entry in entries {
            let due = entry.item;
            if matches!(due.what, What::Arrive { .. })
                || self.is_without_effect(due)
                || self.waits_for(entry, entries) > 0
            {
                continue;
            }
            let is_due = match due.what {
                What::ConnectionLost { .. } => true,
                _ => {
                    let is_now = entry.at == self.now && entry.stamp == self.moment.label;
                    is_now || entry.at < self.now
                }
            };
            let was_due = entry.at != self.now;
            let at = if is_due { self.now } else { entry.at };
            let order = if is_due { 1 - u8::from(was_due) } else { 2 };
            items.push((
                order,
                ClockItem { place: entry.place, at, stamp: entry.stamp, is_due, due },
            ));
        }
        // What is due comes first, in the order of scheduling; the rest is in order.
        items.sort_by_key(|(order, _)| *order);
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// Whether an item that goes by a clock will never have an effect: a timer that was cancelled,
    /// or something for an earlier life of its node.
    pub(super) fn is_without_effect(&self, due: &Due<P>) -> bool {
        if let What::Alarm(_) | What::Arrive { .. } = due.what {
            return false;
        }
        let node = &self.nodes[due.node.index()];
        due.life != node.life
            || matches!(due.what, What::Timer { id, .. } if !node.timers.has(id.0))
    }

    /// For how many messages an item waits: news that a peer closed a connection comes after the
    /// last message that the peer had sent on it.
    pub(super) fn waits_for(
        &self,
        entry: &Entry<'_, Due<P>>,
        entries: &[Entry<'_, Due<P>>],
    ) -> usize {
        let What::ConnectionLost { peer, epoch, end: End::Closed } = entry.item.what else {
            return 0;
        };
        let node = entry.item.node;
        let link = self.known_link(peer, node).map(|index| &self.links[index]);
        if !link.is_some_and(Link::notes_arrivals) {
            return 0;
        }
        let comes_first = |other: &&Entry<'_, Due<P>>| {
            other.as_message().is_some_and(|message| {
                (message.from, message.to, message.epoch) == (peer, node, epoch)
            })
        };
        entries.iter().filter(comes_first).count()
    }
}

/// A message in flight.
#[derive(Debug)]
pub(super) struct InFlight<'a, P: Process> {
    pub(super) place: Place,
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) life: u32,
    pub(super) epoch: u32,
    pub(super) id: MessageId,
    pub(super) message: &'a MessageOf<P>,
}

impl<'a, P: Process> Entry<'a, Due<P>> {
    pub(super) fn as_message(&self) -> Option<InFlight<'a, P>> {
        let &Due { node: to, life, ref what } = self.item;
        match what {
            &What::Arrive { from, epoch, id, ref message } => {
                Some(InFlight { place: self.place, from, to, life, epoch, id, message })
            }
            _ => None,
        }
    }
}
