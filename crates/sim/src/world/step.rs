//! Taking the next item off the queue and having its node handle it.

use std::collections::VecDeque;

use history::{NodeId, Time};

use crate::context::{Context, Now};
use crate::node::{Activity, NodeChooser};
use crate::queue::{Next, NoNext};
use crate::{
    Choices, Effect, Event, Input, Kind, Loss, MessageId, MessageOf, Nemesis, Observer, Process,
};

use super::{Due, Ending, Parcel, What, World};

impl<P: Process, C: Choices, N: Nemesis<P::Protocol>> World<P, C, N> {
    /// Lets the next thing happen.
    ///
    /// # Errors
    /// Why the run cannot go on.
    #[inline]
    pub fn step<O: Observer<P::Protocol>>(&mut self, observer: &mut O) -> Result<(), Ending> {
        let next = self.next()?;
        if next.at > self.now {
            self.now = next.at;
            self.events_before = self.events;
        }
        let due = self.queue.item(&next);
        if let What::Arrive { .. } = due.what
            && self.nodes[due.node.index()].can_handle(due.life)
        {
            // Nearly everything is this. It goes its own way, in pieces, so that a message is moved
            // from the queue to the process without a stop.
            let Due { node, what: What::Arrive { from, epoch, id, message }, .. } =
                self.queue.take(next)
            else {
                unreachable!("as seen")
            };
            self.let_go_of_message(&message);
            self.deliver(observer, node, from, epoch, id, message);
        } else {
            let due = self.queue.take(next);
            self.let_go(&due);
            self.arrive(observer, due);
        }
        if !self.commands.is_empty() {
            self.obey(observer);
        }
        Ok(())
    }

    /// What happens next, if the limits let it.
    #[inline(always)]
    fn next(&mut self) -> Result<Next, Ending> {
        self.check_limits()?;
        let limit = Time::ZERO + self.limits.time;
        self.queue.next(limit).map_err(|why| match why {
            NoNext::Empty => Ending::Quiescent,
            NoNext::TooLate => Ending::TooLong,
        })
    }

    /// Whether the limits allow another step; the limit of time aside.
    #[inline(always)]
    pub(super) fn check_limits(&self) -> Result<(), Ending> {
        let limits = &self.limits;
        if self.events >= limits.events {
            return Err(Ending::TooManyEvents);
        }
        if self.events_now() >= limits.events_at_once {
            return Err(Ending::TimeStandsStill);
        }
        if self.queue.len() > limits.in_flight {
            return Err(Ending::TooMuchInFlight);
        }
        if self.memory() > limits.memory {
            return Err(Ending::TooMuchMemory);
        }
        Ok(())
    }

    /// Something is due at a node: it is handled now if the node can, or else waits in line.
    #[inline(never)]
    pub(super) fn arrive<O: Observer<P::Protocol>>(&mut self, observer: &mut O, due: Due<P>) {
        if let What::Alarm(alarm) = due.what {
            return self.emit(observer, NodeId::WORLD, Kind::Alarm(alarm));
        }
        let node = &mut self.nodes[due.node.index()];
        if due.life != node.life || node.activity == Activity::Down {
            return self.arrive_in_vain(observer, due);
        }
        if let What::GoOn(_) = due.what {
            node.activity = node.activity.done();
            if !node.can_handle(due.life) {
                return self.wait_in_line(due, VecDeque::push_front);
            }
        } else if !node.can_handle(due.life) {
            return self.wait_in_line(due, VecDeque::push_back);
        }
        let id = due.node;
        self.happen(observer, due);
        self.catch_up(observer, id);
    }

    fn wait_in_line(&mut self, due: Due<P>, push: impl FnOnce(&mut VecDeque<Due<P>>, Due<P>)) {
        self.hold(&due);
        self.waiting += 1;
        push(&mut self.nodes[due.node.index()].waiting, due);
    }

    /// Handles what has been waiting, until the line is empty or the node is held up again.
    pub(super) fn catch_up<O: Observer<P::Protocol>>(&mut self, observer: &mut O, id: NodeId) {
        loop {
            let node = &mut self.nodes[id.index()];
            if !node.can_handle(node.life) {
                return;
            }
            let Some(due) = node.waiting.pop_front() else {
                return;
            };
            self.waiting -= 1;
            self.let_go(&due);
            self.happen(observer, due);
        }
    }

    /// The node is down, or what comes was meant for an earlier life. Only messages leave a trace.
    pub(super) fn arrive_in_vain<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        due: Due<P>,
    ) {
        let (to, life) = (due.node, due.life);
        if let What::Arrive { from, epoch, id, message } = due.what {
            let why = Loss::NodeDown;
            self.emit(observer, to, Kind::Lose { from, id, why });
            self.tell_of_loss(Parcel { from, to, life, epoch, id, message });
        }
    }

    /// Something happens at a node that is there to handle it.
    fn happen<O: Observer<P::Protocol>>(&mut self, observer: &mut O, due: Due<P>) {
        let node = due.node;
        let input = match due.what {
            What::Arrive { from, epoch, id, message } => {
                return self.deliver(observer, node, from, epoch, id, message);
            }
            What::Timer { id, timer } => {
                if !self.nodes[node.index()].timers.take(id.0) {
                    return;
                }
                let (at, seq) = self.next_event();
                let event = Event { at, seq, node, kind: Kind::Timer { id, timer } };
                self.tell_apart(observer, &event);
                let Kind::Timer { timer, .. } = event.kind else { unreachable!("as emitted") };
                Input::Timer(timer)
            }
            What::Undelivered { to, id, message } => {
                self.emit(observer, node, Kind::Undelivered { to, id });
                Input::Undelivered { to, message }
            }
            What::ConnectionLost { peer, epoch, .. } => {
                self.emit(observer, node, Kind::ConnectionLost { peer, epoch });
                Input::ConnectionLost { peer, epoch }
            }
            What::Told { message } => {
                let from = NodeId::WORLD;
                Input::Message { from, message }
            }
            What::Alarm(_) => unreachable!("an alarm belongs to no node"),
            What::GoOn(effects) => {
                self.effects = effects;
                return self.apply(observer, node);
            }
        };
        self.handle(observer, node, input);
    }

    /// A message reaches a node that is there to handle it.
    #[inline(always)]
    fn deliver<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        node: NodeId,
        from: NodeId,
        epoch: u32,
        id: MessageId,
        message: MessageOf<P>,
    ) {
        if self.connections_broke && epoch < self.link(from, node).void_below {
            let why = Loss::Connection;
            self.emit(observer, node, Kind::Lose { from, id, why });
        } else {
            let (at, seq) = self.next_event();
            let event = std::mem::ManuallyDrop::new(Event {
                at,
                seq,
                node,
                kind: Kind::Deliver { from, id },
            });
            self.tell(observer, &event);
            self.handle(observer, node, Input::Message { from, message });
        }
    }

    /// Has the process handle an input, and applies what it wants to happen.
    #[inline(always)]
    pub(super) fn handle<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        id: NodeId,
        input: Input<P::Protocol>,
    ) {
        let node = &mut self.nodes[id.index()];
        if node.slow.0 > 0 {
            self.effects.push_back(Effect::Busy(node.slow));
        }
        let mut cx = Context {
            me: id,
            now: Now::Of(&node.clock, self.now),
            effects: &mut self.effects,
            chooser: &mut NodeChooser {
                choices: &mut self.choices,
                asking: &mut node.asking,
                answers: &mut self.answers,
            },
            counters: &mut node.counters,
        };
        node.process.handle(&mut cx, input);
        if !self.answers.is_empty() {
            self.emit_answers(observer, id);
        }
        if !self.effects.is_empty() {
            self.apply(observer, id);
        }
    }
}
