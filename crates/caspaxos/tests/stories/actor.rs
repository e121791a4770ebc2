//! A process outside of any world, and its timers.

use std::collections::BTreeMap;

use caspaxos::{Protocol, Timer};
use history::{Key, NodeId};
use sim::{Effect, Input, Keep, Process, Sandbox, TimerId};

/// A process that is handed what the script says.
pub(crate) struct Actor<P> {
    pub(crate) process: P,
    sandbox: Sandbox<Protocol>,
    /// Those that have been set, and neither cancelled nor run out.
    timers: BTreeMap<TimerId, Timer>,
}

impl<P: Process<Protocol = Protocol>> Actor<P> {
    pub(crate) fn new(me: NodeId, process: P) -> Actor<P> {
        let mut sandbox = Sandbox::default();
        sandbox.me = me;
        Actor { process, sandbox, timers: BTreeMap::new() }
    }

    pub(crate) fn step(&mut self, input: Input<Protocol>) -> Vec<Effect<Protocol>> {
        self.process.handle(&mut self.sandbox.context(), input);
        let effects = self.sandbox.take_effects();
        for effect in &effects {
            match effect {
                Effect::SetTimer { id, timer, .. } => {
                    self.timers.insert(*id, timer.clone());
                }
                Effect::CancelTimer(id) => {
                    self.timers.remove(id);
                }
                _ => (),
            }
        }
        effects
    }

    /// The proposer's timer for answers about a key, which runs out.
    pub(crate) fn take_timer(&mut self, key: Key) -> Result<Timer, &'static str> {
        let set = self.timers.iter().find(|(_, timer)| **timer == Timer::RoundTimeout(key));
        let id = *set.ok_or("it does not wait for anything about that key")?.0;
        Ok(self.timers.remove(&id).expect("found there"))
    }

    /// It crashes and starts again.
    pub(crate) fn crash(&mut self, keep: Keep) -> Vec<Effect<Protocol>> {
        self.process = self.process.clone().crash(keep);
        self.timers.clear();
        self.step(Input::Start)
    }
}
