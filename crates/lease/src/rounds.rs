//! Rounds: all clients work, then the auditor compares, and the next round begins.
//!
//! redis_lease's test for Jepsen has the same shape: many workers on one key, a quiet time, one
//! comparison, repeated.

use std::collections::BTreeSet;

use history::NodeId;
use sim::{Command, Event, Identifier, Identity, Kind, Nemesis, NemesisContext};

use crate::{Message, Protocol};

/// The operator, who starts and ends rounds.
#[derive(Clone, Debug)]
pub struct Rounds {
    clients: Vec<NodeId>,
    auditor: NodeId,
    relay: Option<NodeId>,
    rounds: u32,
    round: u32,
    done: BTreeSet<NodeId>,
}

impl Rounds {
    /// Creates an operator for this many rounds.
    #[must_use]
    pub fn new(
        clients: Vec<NodeId>,
        auditor: NodeId,
        relay: Option<NodeId>,
        rounds: u32,
    ) -> Rounds {
        Rounds { clients, auditor, relay, rounds, round: 1, done: BTreeSet::new() }
    }

    fn next(&mut self, cx: &mut NemesisContext<'_, Message>) {
        if self.round == self.rounds {
            if let Some(node) = self.relay {
                cx.command(Command::Tell { node, message: Message::Stop });
            }
            return;
        }
        self.round += 1;
        self.done.clear();
        for client in &self.clients {
            let message = Message::Work(self.round);
            cx.command(Command::Tell { node: *client, message });
        }
    }
}

impl Identity for Rounds {
    fn identify(&self, into: &mut Identifier<'_>) {
        into.as_it_stands(&format!("{self:?}"));
    }
}

impl Nemesis<Protocol> for Rounds {
    fn on_event(&mut self, event: &Event<Protocol>, cx: &mut NemesisContext<'_, Message>) {
        let node = event.node;
        match &event.kind {
            Kind::Start if self.clients.contains(&node) => {
                let message = Message::Work(self.round);
                cx.command(Command::Tell { node, message });
            }
            Kind::Mark(name) if name == "client-done" => {
                let is_news = self.done.insert(node);
                if is_news && self.done.len() == self.clients.len() {
                    let message = Message::Audit;
                    cx.command(Command::Tell { node: self.auditor, message });
                }
            }
            Kind::Mark(name) if name == "audited" => self.next(cx),
            _ => (),
        }
    }
}
