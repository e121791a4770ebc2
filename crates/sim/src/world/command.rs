//! Carrying out the commands of the nemesis.

use history::NodeId;

use crate::{
    Choices, Command, Endpoint, Event, Input, Keep, Kind, LinkRule, MessageOf, Nemesis, Observer,
    Process,
};

use crate::network::Link;
use crate::node::Activity;

use super::{Due, What, World};

impl<P: Process, C: Choices, N: Nemesis<P::Protocol>> World<P, C, N> {
    /// Carries out what the nemesis has ordered so far, and what it orders in answer to that. Stops
    /// when time stands still for too long, or too much is held, which the next step reports.
    pub(super) fn obey<O: Observer<P::Protocol>>(&mut self, observer: &mut O) {
        while self.events_now() < self.limits.events_at_once && self.memory() <= self.limits.memory
        {
            let Some(command) = self.commands.pop_front() else {
                return;
            };
            let (at, seq) = self.next_event();
            let event = Event { at, seq, node: command.node(), kind: Kind::Nemesis(command) };
            self.tell_apart(observer, &event);
            let Kind::Nemesis(command) = event.kind else { unreachable!("as emitted") };
            self.carry_out(observer, command);
        }
    }

    fn carry_out<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        command: Command<MessageOf<P>>,
    ) {
        match command {
            Command::Cut { from, to } => self.cuts.push((from, to)),
            Command::Heal { from, to } => take_back(&mut self.cuts, (from, to)),
            Command::Hold { from, to } => self.holds.push((from, to)),
            Command::Release { from, to } => {
                take_back(&mut self.holds, (from, to));
                self.release(observer);
            }
            Command::Start(node) => self.start(observer, node),
            Command::Crash { node, keep } => self.crash(observer, node, keep),
            Command::Pause(node) => {
                let node = &mut self.nodes[node.index()];
                node.activity = node.activity.paused();
            }
            Command::Resume(node) => {
                let resumed = &mut self.nodes[node.index()];
                resumed.activity = resumed.activity.resumed();
                self.catch_up(observer, node);
            }
            Command::Slow { node, by } => self.nodes[node.index()].slow = by,
            Command::StepClock { node, by_ns } => self.nodes[node.index()].clock.step(by_ns),
            Command::Tell { node, message } => {
                self.schedule(self.now, node, What::Told { message });
            }
            Command::Wake { at, alarm } => {
                let due = Due { node: NodeId::WORLD, life: 0, what: What::Alarm(alarm) };
                self.queue.push(at.max(self.now), due);
            }
            Command::Mend => self.mend(observer),
        }
    }

    pub(super) fn start<O: Observer<P::Protocol>>(&mut self, observer: &mut O, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        if node.activity != Activity::Down {
            return;
        }
        node.activity = Activity::Idle;
        self.emit(observer, id, Kind::Start);
        self.handle(observer, id, Input::Start);
    }

    fn mend<O: Observer<P::Protocol>>(&mut self, observer: &mut O) {
        let rules = self.rules.iter_mut().map(|(_, _, rule)| rule);
        rules.for_each(LinkRule::mend);
        self.links.iter_mut().for_each(Link::mend);
        self.cuts.clear();
        self.holds.clear();
        self.release(observer);
    }

    fn crash<O: Observer<P::Protocol>>(&mut self, observer: &mut O, id: NodeId, keep: Keep) {
        let node = &mut self.nodes[id.index()];
        if node.activity == Activity::Down {
            return;
        }
        let missed = node.die();
        self.waiting -= missed.len();
        node.process = node.process.clone().crash(keep);
        self.leave_connections(id);
        for due in missed {
            self.let_go(&due);
            self.arrive_in_vain(observer, due);
        }
    }
}

fn take_back(pairs: &mut Vec<(Endpoint, Endpoint)>, pair: (Endpoint, Endpoint)) {
    if let Some(index) = pairs.iter().position(|known| *known == pair) {
        pairs.remove(index);
    }
}
