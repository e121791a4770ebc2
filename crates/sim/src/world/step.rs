//! Taking the next item off the queue and having its node handle it.

use history::NodeId;

use crate::context::Context;
use crate::node::NodeChooser;
use crate::queue::EventQueue;
use crate::{Choices, Effect, Input, Kind, Loss, Nemesis, Observer, Process};

use super::{Due, Ending, What, World};

impl<P: Process, C: Choices, N: Nemesis<P::Message, P::Timer>> World<P, C, N> {
    /// Lets the next thing happen.
    ///
    /// # Errors
    /// Why the run cannot go on.
    #[inline]
    pub fn step<O: Observer<P::Message, P::Timer>>(
        &mut self,
        observer: &mut O,
    ) -> Result<(), Ending> {
        self.check_limits()?;
        let (at, due) = self.queue.pop().ok_or(Ending::Quiescent)?;
        if at > self.now {
            self.now = at;
            self.events_now = 0;
        }
        if let What::Alarm(alarm) = due.what {
            self.emit(observer, NodeId::WORLD, Kind::Alarm(alarm));
        } else {
            self.arrive(observer, due);
        }
        self.obey(observer);
        Ok(())
    }

    fn check_limits(&self) -> Result<(), Ending> {
        let limits = &self.limits;
        if self.events >= limits.events {
            return Err(Ending::TooManyEvents);
        }
        if self.events_now >= limits.events_at_once {
            return Err(Ending::TimeStandsStill);
        }
        if self.queue.len() > limits.in_flight.min(EventQueue::<Due<P>>::CAPACITY / 2) {
            return Err(Ending::TooMuchInFlight);
        }
        match self.queue.next_time() {
            Some(next) if next.0 > limits.time.0 => Err(Ending::TooLong),
            _ => Ok(()),
        }
    }

    /// Something is due at a node: it is handled now if the node can, or else waits in line.
    fn arrive<O: Observer<P::Message, P::Timer>>(&mut self, observer: &mut O, due: Due<P>) {
        let node = &mut self.nodes[due.node.index()];
        if due.life != node.life || !node.up {
            return self.arrive_in_vain(observer, due);
        }
        if let What::GoOn(_) = due.what {
            node.busy = false;
            if node.paused {
                node.waiting.push_front(due);
                return;
            }
        } else if !node.can_handle() {
            node.waiting.push_back(due);
            return;
        }
        let id = due.node;
        self.happen(observer, due);
        self.catch_up(observer, id);
    }

    /// Handles what has been waiting, until the line is empty or the node is held up again.
    pub(super) fn catch_up<O: Observer<P::Message, P::Timer>>(
        &mut self,
        observer: &mut O,
        id: NodeId,
    ) {
        while self.nodes[id.index()].can_handle() {
            let Some(due) = self.nodes[id.index()].waiting.pop_front() else {
                return;
            };
            self.happen(observer, due);
        }
    }

    /// The node is down, or what comes was meant for an earlier life. Only messages leave a trace.
    fn arrive_in_vain<O: Observer<P::Message, P::Timer>>(&mut self, observer: &mut O, due: Due<P>) {
        if let What::Arrive { from, id, .. } = due.what {
            self.emit(
                observer,
                due.node,
                Kind::Lose {
                    from,
                    id,
                    why: Loss::NodeDown,
                },
            );
        }
    }

    /// Something happens at a node that is there to handle it.
    #[inline]
    fn happen<O: Observer<P::Message, P::Timer>>(&mut self, observer: &mut O, due: Due<P>) {
        let node = due.node;
        match due.what {
            What::Arrive {
                from,
                epoch,
                id,
                message,
            } => {
                if epoch < self.link(from, node).void_below {
                    let why = Loss::Connection;
                    self.emit(observer, node, Kind::Lose { from, id, why });
                } else {
                    self.emit(observer, node, Kind::Deliver { from, id });
                    self.handle(observer, node, Input::Message { from, message });
                }
            }
            What::Timer { id, timer } => {
                if self.nodes[node.index()].timers.remove(&id.0) {
                    let kind = self.emit(observer, node, Kind::Timer { id, timer });
                    let Kind::Timer { timer, .. } = kind else {
                        unreachable!("as emitted")
                    };
                    self.handle(observer, node, Input::Timer(timer));
                }
            }
            What::Undelivered { to, id, message } => {
                self.emit(observer, node, Kind::Undelivered { to, id });
                self.handle(observer, node, Input::Undelivered { to, message });
            }
            What::ConnectionLost { peer, epoch } => {
                self.emit(observer, node, Kind::ConnectionLost { peer, epoch });
                self.handle(observer, node, Input::ConnectionLost { peer, epoch });
            }
            What::Told { message } => {
                self.handle(
                    observer,
                    node,
                    Input::Message {
                        from: NodeId::WORLD,
                        message,
                    },
                );
            }
            What::Alarm(_) => unreachable!("an alarm belongs to no node"),
            What::GoOn(mut effects) => self.apply(observer, node, &mut effects),
        }
    }

    /// Has the process handle an input, and applies what it wants to happen.
    #[inline]
    pub(super) fn handle<O: Observer<P::Message, P::Timer>>(
        &mut self,
        observer: &mut O,
        id: NodeId,
        input: Input<P::Message, P::Timer>,
    ) {
        let mut effects = std::mem::take(&mut self.effects);
        let node = &mut self.nodes[id.index()];
        if node.slow.0 > 0 {
            effects.push(Effect::Busy(node.slow));
        }
        let mut cx = Context {
            me: id,
            now: node.clock.read(self.now),
            effects: &mut effects,
            chooser: &mut NodeChooser {
                choices: &mut self.choices,
                name: &node.name,
                streams: &mut node.streams,
            },
            answers: &mut self.answers,
            next_timer: &mut node.next_timer,
            next_operation: &mut node.next_operation,
        };
        node.process.handle(&mut cx, input);
        if !self.answers.is_empty() {
            self.emit_answers(observer, id);
        }
        self.apply(observer, id, &mut effects);
        effects.clear();
        self.effects = effects;
    }
}
