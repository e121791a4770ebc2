//! The fingerprint of a world: worlds with equal fingerprints have the same future.
//!
//! The future is that of an explored run (see [`World::pending`]): worlds with equal fingerprints
//! can take the same choices, and if they are given the same answers, the same things happen in
//! both, but for the names of things. So an explorer that comes to a fingerprint for the second
//! time need not go on from there.
//!
//! The fingerprint covers
//! 1. each node: its process, what it is doing, how slow it is, what waits in its line, how far its
//!    clocks are ahead, and their rate;
//! 2. what goes by a clock, in the order in which it happens, by the time that is left, and which
//!    of these were scheduled in the same moment;
//! 3. the messages in flight, link by link: as a multiset, or in order on a link that keeps order;
//!    whether each is meant for the present life and the present connection;
//! 4. each link that was used: its rule, and how its connections are numbered in both directions;
//! 5. the network: rules, cuts, holds, and what is held;
//! 6. the nemesis, commands that have not been carried out, and whether an explorer can give one.
//!
//! It leaves out how far the run has come: the number of events, what the limits still allow, how
//! often each question was asked, and the choices. It leaves out the nominal delays of messages.
//! Times and numbers are as [`Identity`](crate::Identity) has them. As soon as one process, message
//! or timer is added as it stands (which is the default of [`Process::identify`]), the present
//! time and all numbers are part of the fingerprint.

use std::hash::Hash;

use history::NodeId;

use crate::network::Link;
use crate::queue::Entry;
use crate::{Choices, Clock, Effect, Identifier, Identity, MessageOf, Nemesis, Process};

use super::pending::InFlight;
use super::{Due, What, World};

impl<P: Process, C: Choices, N: Nemesis<P::Protocol> + Identity> World<P, C, N> {
    /// A number that worlds share exactly if they have the same future, as far as their processes
    /// [say what they are](Process::identify); but for a collision of hashes, which is improbable.
    /// Fingerprints can be compared between runs of the same build on the same machine.
    pub fn fingerprint(&self) -> u128 {
        let mut epochs: Vec<_> =
            self.known_links().map(|(ends, link)| (ends, link.epoch)).collect();
        epochs.sort_unstable();
        let mut into = Identifier::new(self.now, &epochs);
        let into_ref = &mut into;
        self.identify_nodes(into_ref);
        let entries = self.queue.entries();
        self.identify_clock_items(&entries, into_ref);
        self.identify_messages(&entries, into_ref);
        self.identify_links(into_ref);
        self.identify_network(into_ref);
        into_ref.at(NodeId::WORLD, Clock::default());
        self.nemesis.identify(into_ref);
        let mut commands = Vec::new();
        self.commands.iter().for_each(|command| history::canonical::encode(command, &mut commands));
        commands.hash(into_ref);
        if into.is_absolute() {
            // By these numbers future operations are named.
            let counters = self.nodes.iter().map(|node| node.counters.next_operation);
            counters.for_each(|counter| counter.hash(&mut into));
        }
        into.fingerprint()
    }

    fn identify_nodes(&self, into: &mut Identifier<'_>) {
        for (index, node) in self.nodes.iter().enumerate() {
            let id = NodeId(index as u16);
            into.at(id, node.clock);
            (node.role, node.activity as u8, node.slow).hash(into);
            let shown = node.clock.read(self.now);
            shown.wall.identify(into);
            (i128::from(shown.monotonic.0) - i128::from(self.now.0)).hash(into);
            (node.clock.drift_ppb, node.clock.phase(self.now)).hash(into);
            node.process.identify(into);
            for due in node.waiting.iter().filter(|due| !self.is_without_effect(due)) {
                true.hash(into);
                self.identify_due(due, into);
            }
            false.hash(into);
        }
    }

    fn at(&self, into: &mut Identifier<'_>, id: NodeId) {
        let clock = self.nodes.get(id.index()).map(|node| node.clock);
        into.at(id, clock.unwrap_or_default());
    }

    fn identify_clock_items(&self, entries: &[Entry<'_, Due<P>>], into: &mut Identifier<'_>) {
        let items = self.clock_items(entries);
        (items.len(), self.moment.is_silent).hash(into);
        // Labels by the order of their first appearance. The present one matters if the next step
        // stays in the present moment.
        let mut labels: Vec<u32> = Vec::new();
        if items.first().is_some_and(|item| item.is_due) {
            labels.push(self.moment.label);
        }
        for item in &items {
            item.at.since(self.now).hash(into);
            // What is due now happens in the present moment, wherever it comes from.
            let label = (!item.is_due).then(|| {
                let known = labels.iter().position(|label| *label == item.stamp);
                known.unwrap_or_else(|| {
                    labels.push(item.stamp);
                    labels.len() - 1
                })
            });
            label.hash(into);
            self.identify_due(item.due, into);
        }
        let waits = |entry: &&Entry<'_, Due<P>>| {
            !self.is_without_effect(entry.item) && self.waits_for(entry, entries) > 0
        };
        let waiting: Vec<_> = entries.iter().filter(waits).collect();
        into.unordered(&waiting, |into, entry| {
            self.waits_for(entry, entries).hash(into);
            self.identify_due(entry.item, into);
        });
    }

    /// Anything that is going to happen at a node, whenever that is.
    fn identify_due(&self, due: &Due<P>, into: &mut Identifier<'_>) {
        self.at(into, due.node);
        due.node.hash(into);
        std::mem::discriminant(&due.what).hash(into);
        match &due.what {
            What::Arrive { from, epoch, message, .. } => {
                self.identify_delivery((*from, due.node), due.life, *epoch, message, into);
            }
            What::Timer { id, timer } => {
                id.identify(into);
                P::identify_timer(timer, into);
            }
            What::Undelivered { to, message, .. } => {
                to.hash(into);
                P::identify_message(message, into);
            }
            What::ConnectionLost { peer, epoch, .. } => {
                peer.hash(into);
                into.connection(*peer, *epoch);
            }
            What::Told { message } => P::identify_message(message, into),
            What::Alarm(alarm) => alarm.hash(into),
            What::GoOn(effects) => {
                effects.len().hash(into);
                effects.iter().for_each(|effect| identify_effect::<P>(effect, into));
            }
        }
    }

    fn identify_delivery(
        &self,
        (from, to): (NodeId, NodeId),
        life: u32,
        epoch: u32,
        message: &MessageOf<P>,
        into: &mut Identifier<'_>,
    ) {
        self.at(into, to);
        (from, to, life == self.nodes[to.index()].life).hash(into);
        if let Some(index) = self.known_link(from, to) {
            let link = &self.links[index];
            (epoch < link.void_below, link.epoch.wrapping_sub(epoch)).hash(into);
        }
        P::identify_message(message, into);
    }

    fn identify_messages(&self, entries: &[Entry<'_, Due<P>>], into: &mut Identifier<'_>) {
        let mut messages: Vec<_> = entries.iter().filter_map(|entry| entry.as_message()).collect();
        messages.sort_by_key(|message| (message.from, message.to, message.epoch, message.id));
        let is_same = |a: &InFlight<'_, P>, b: &InFlight<'_, P>| (a.from, a.to) == (b.from, b.to);
        for messages in messages.chunk_by_mut(is_same) {
            let ends = (messages[0].from, messages[0].to);
            let identify = |into: &mut Identifier<'_>, message: &InFlight<'_, P>| {
                self.identify_delivery(ends, message.life, message.epoch, message.message, into);
            };
            let link = self.known_link(ends.0, ends.1).map(|index| &self.links[index]);
            if link.is_some_and(|link| link.is_in_order()) {
                if link.is_some_and(|link| !link.is_stream()) {
                    messages.sort_by_key(|message| message.id);
                }
                messages.len().hash(into);
                messages.iter().for_each(|message| identify(into, message));
            } else {
                into.unordered(messages, identify);
            }
        }
    }

    fn known_links(&self) -> impl Iterator<Item = ((NodeId, NodeId), &Link)> {
        let ends = (0..self.nodes.len()).flat_map(|from| {
            let to = (0..self.nodes.len()).map(|to| NodeId(to as u16));
            to.map(move |to| (NodeId(from as u16), to))
        });
        ends.filter_map(|(from, to)| {
            self.known_link(from, to).map(|index| ((from, to), &self.links[index]))
        })
    }

    fn identify_links(&self, into: &mut Identifier<'_>) {
        for ((from, to), link) in self.known_links() {
            (from, to, link.rule, link.life == self.nodes[to.index()].life).hash(into);
            let back = self.known_link(to, from).map(|index| &self.links[index]);
            back.map(|back| link.epoch.wrapping_sub(back.epoch)).hash(into);
        }
    }

    fn identify_network(&self, into: &mut Identifier<'_>) {
        self.rules.hash(into);
        for pairs in [&self.cuts, &self.holds] {
            into.unordered(pairs, |into, pair| pair.hash(into));
        }
        self.held.len().hash(into);
        for parcel in &self.held {
            let ends = (parcel.from, parcel.to);
            self.identify_delivery(ends, parcel.life, parcel.epoch, &parcel.message, into);
        }
    }
}

fn identify_effect<P: Process>(effect: &Effect<P::Protocol>, into: &mut Identifier<'_>) {
    std::mem::discriminant(effect).hash(into);
    match effect {
        Effect::Send { to, message } => {
            to.hash(into);
            P::identify_message(message, into);
        }
        Effect::SetTimer { id, after, timer } => {
            id.identify(into);
            after.hash(into);
            P::identify_timer(timer, into);
        }
        Effect::CancelTimer(id) => id.identify(into),
        Effect::Busy(span) => span.hash(into),
        Effect::Mark(name) => name.hash(into),
        // These name operations, or may hold times.
        Effect::Invoke(_) | Effect::Return(_) | Effect::Claim(_) => into.as_it_stands(effect),
    }
}
