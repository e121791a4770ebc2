//! Applying what a process wants to happen.

use history::NodeId;

use crate::context::Effect;
use crate::{
    Choices, Event, Fate, Kind, Loss, MessageId, MessageOf, Nemesis, Observer, Process, Report,
    Transport,
};

use crate::network::Link;
use crate::node::Activity;

use super::{Due, End, Parcel, What, World};

impl<P: Process, C: Choices, N: Nemesis<P::Protocol>> World<P, C, N> {
    /// Applies effects in order. Those that come after the node is busy are put off until it has
    /// done its work.
    pub(super) fn apply<O: Observer<P::Protocol>>(&mut self, observer: &mut O, node: NodeId) {
        while let Some(effect) = self.effects.pop_front() {
            match effect {
                Effect::Send { to, message } => self.send(observer, node, to, message),
                Effect::Busy(span) => {
                    self.emit(observer, node, Kind::Busy(span));
                    self.nodes[node.index()].activity = Activity::Busy;
                    let at = self.now + span;
                    let rest = std::mem::take(&mut self.effects);
                    return self.schedule(at, node, What::GoOn(rest));
                }
                effect => self.apply_rare(observer, node, effect),
            }
        }
    }

    #[inline(never)]
    fn apply_rare<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        node: NodeId,
        effect: Effect<P::Protocol>,
    ) {
        match effect {
            Effect::Send { .. } | Effect::Busy(_) => unreachable!("handled above"),
            Effect::SetTimer { id, after, timer } => {
                let owner = &mut self.nodes[node.index()];
                owner.timers.set(id.0);
                let at = owner.clock.when(self.now, after);
                self.schedule(at, node, What::Timer { id, timer });
            }
            Effect::CancelTimer(id) => {
                self.nodes[node.index()].timers.take(id.0);
            }
            Effect::Invoke(invoke) => {
                self.emit(observer, node, Kind::Invoke(invoke));
            }
            Effect::Return(completion) => {
                self.emit(observer, node, Kind::Return(completion));
            }
            Effect::Mark(name) => {
                self.emit(observer, node, Kind::Mark(name));
            }
            Effect::Claim(claim) => {
                self.emit(observer, node, Kind::Claim(claim));
            }
        }
    }

    pub(super) fn schedule(&mut self, at: history::Time, node: NodeId, what: What<P>) {
        let life = self.nodes[node.index()].life;
        let due = Due { node, life, what };
        self.hold(&due);
        self.queue.push(at, due);
    }

    /// Sends a message on its way, or not.
    #[inline(always)]
    fn send<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        from: NodeId,
        to: NodeId,
        message: MessageOf<P>,
    ) {
        let id = MessageId(self.next_message);
        self.next_message += 1;
        let obstacle = self.obstacle(from, to);
        let index = self.link_index(from, to);
        let link = &mut self.links[index];
        let (life, epoch, ordinal) = (link.life, link.epoch, link.drawn());
        let fate = draw(&mut self.choices, link, obstacle, self.now);
        if let Fate::Delivered(after) = fate {
            let (at, seq) = self.next_event();
            let event = std::mem::ManuallyDrop::new(Event {
                at,
                seq,
                node: from,
                kind: Kind::Send { to, id, fate: Fate::Delivered(after), ordinal, message },
            });
            self.tell(observer, &event);
            let Kind::Send { message, .. } = std::mem::ManuallyDrop::into_inner(event).kind else {
                unreachable!("as told")
            };
            self.hold_message(&message);
            self.queue.push_with(self.now + after, || Due {
                node: to,
                life,
                what: What::Arrive { from, epoch, id, message },
            });
        } else {
            let parcel = Parcel { from, to, life, epoch, id, message };
            self.send_badly(observer, fate, ordinal, parcel);
        }
    }

    /// Sends a message that does not simply arrive.
    #[inline(never)]
    fn send_badly<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        fate: Fate,
        ordinal: u32,
        mut parcel: Parcel<P>,
    ) {
        let (at, seq) = self.next_event();
        let event = Event {
            at,
            seq,
            node: parcel.from,
            kind: Kind::Send {
                to: parcel.to,
                id: parcel.id,
                fate,
                ordinal,
                message: parcel.message,
            },
        };
        self.tell_apart(observer, &event);
        let Kind::Send { message, .. } = event.kind else { unreachable!("as told") };
        parcel.message = message;
        self.dispatch(fate, parcel);
    }

    /// The fate of a message that does not get into the network, because something is in the way.
    #[inline(always)]
    fn obstacle(&self, from: NodeId, to: NodeId) -> Option<Fate> {
        if !self.cuts.is_empty() && self.lies_between(&self.cuts, from, to) {
            Some(Fate::Dropped(Loss::Partition))
        } else if !self.holds.is_empty() && self.lies_between(&self.holds, from, to) {
            Some(Fate::Held)
        } else {
            None
        }
    }

    /// Sends on their way the messages that nothing holds any more, in the order in which they
    /// were sent.
    pub(super) fn release<O: Observer<P::Protocol>>(&mut self, observer: &mut O) {
        for parcel in std::mem::take(&mut self.held) {
            if self.lies_between(&self.holds, parcel.from, parcel.to) {
                self.held.push(parcel);
                continue;
            }
            self.let_go_of_message(&parcel.message);
            let obstacle = self.obstacle(parcel.from, parcel.to);
            let index = self.link_index(parcel.from, parcel.to);
            let link = &mut self.links[index];
            let (ordinal, last_arrival) = (link.drawn(), link.last_arrival);
            let fate = draw(&mut self.choices, link, obstacle, self.now);
            if link.is_stream() && link.epoch != parcel.epoch {
                // Its connection is history: on the present one nothing waits for it.
                link.last_arrival = last_arrival;
            }
            self.emit(observer, parcel.from, Kind::Release { id: parcel.id, fate, ordinal });
            self.dispatch(fate, parcel);
        }
    }

    /// Lets a message meet its fate.
    #[inline(never)]
    pub(super) fn dispatch(&mut self, fate: Fate, parcel: Parcel<P>) {
        let Parcel { from, to: node, life, epoch, id, .. } = parcel;
        let arrive = |message| Due { node, life, what: What::Arrive { from, epoch, id, message } };
        match fate {
            Fate::Delivered(after) => {
                self.hold_message(&parcel.message);
                self.queue.push(self.now + after, arrive(parcel.message));
            }
            Fate::Duplicated(first, second) => {
                self.hold_message(&parcel.message);
                self.hold_message(&parcel.message);
                self.queue.push(self.now + first, arrive(parcel.message.clone()));
                self.queue.push(self.now + second, arrive(parcel.message));
            }
            Fate::Held => {
                self.hold_message(&parcel.message);
                self.held.push(parcel);
            }
            Fate::Dropped(_) => self.tell_of_loss(parcel),
        }
    }

    /// A message is lost. On a stream nothing is lost without the connection breaking; on a
    /// datagram link the sender is informed if losses are reported. No node is informed of a
    /// message whose connection is history, or its sender.
    pub(super) fn tell_of_loss(&mut self, parcel: Parcel<P>) {
        let Parcel { from, to, epoch, id, message, .. } = parcel;
        let link = self.link(from, to);
        if link.epoch != epoch {
            return;
        }
        match (link.rule.transport, link.rule.report) {
            (Transport::Stream, _) => self.break_connection(from, to),
            (Transport::Datagram, Report::Silent) => {}
            (Transport::Datagram, Report::Reported) => {
                self.schedule(self.now, from, What::Undelivered { to, id, message });
            }
        }
    }

    /// The connection between two nodes breaks: what is in flight is lost, both ends are informed.
    fn break_connection(&mut self, a: NodeId, b: NodeId) {
        self.connections_broke = true;
        for (node, peer) in [(a, b), (b, a)] {
            let link = self.link(node, peer);
            let epoch = link.epoch;
            link.break_connection();
            if self.nodes[node.index()].activity != Activity::Down {
                let what = What::ConnectionLost { peer, epoch, end: End::Broken };
                self.schedule(self.now, node, what);
            }
        }
    }

    /// A node that crashed leaves its connections. What it had sent still arrives, and then its
    /// peers are informed.
    pub(super) fn leave_connections(&mut self, node: NodeId) {
        let life = self.nodes[node.index()].life;
        for peer in (0..self.nodes.len()).map(|index| NodeId(index as u16)) {
            if let Some(link) = self.known_link(peer, node) {
                self.links[link].life = life;
            }
            if !self.is_connected(node, peer) {
                if let Some(link) = self.known_link(node, peer) {
                    self.links[link].epoch += 1;
                }
                continue;
            }
            let outward = self.link(node, peer);
            let (epoch, told_at) = (outward.epoch, outward.last_arrival);
            outward.end_connection();
            self.link(peer, node).break_connection();
            self.connections_broke = true;
            let what = What::ConnectionLost { peer: node, epoch, end: End::Closed };
            self.schedule(told_at.max(self.now), peer, what);
        }
    }

    fn is_connected(&self, a: NodeId, b: NodeId) -> bool {
        [(a, b), (b, a)].into_iter().any(|(from, to)| {
            let link = self.known_link(from, to);
            link.is_some_and(|link| self.links[link].rule.transport == Transport::Stream)
        })
    }
}

/// The fate of a message on a link: what is in its way decides, or chance.
#[inline(always)]
fn draw<C: Choices>(
    choices: &mut C,
    link: &mut Link,
    obstacle: Option<Fate>,
    now: history::Time,
) -> Fate {
    if let Some(fate) = obstacle {
        return fate;
    }
    let fate = choices.fate(link, now);
    link.note(fate, now);
    fate
}
