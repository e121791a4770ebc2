//! The process of a node, of one of five kinds.

use sim::{Context, Input, Keep};

use crate::acceptor::Acceptor;
use crate::client::Client;
use crate::orchestrator::Orchestrator;
use crate::proposer::Proposer;
use crate::sweeper::Sweeper;
use crate::variants::VariantProposer;
use crate::{Message, Protocol};

/// The process of a node.
#[derive(Clone, Debug, Hash)]
pub struct Process(pub(crate) Part);

#[derive(Clone, Debug, Hash)]
pub(crate) enum Part {
    Client(Client),
    Sweeper(Sweeper),
    Proposer(Proposer),
    Acceptor(Acceptor),
    Variant(Box<VariantProposer>),
    /// Boxed, because it is larger than the others.
    Orchestrator(Box<Orchestrator>),
}

impl sim::Process for Process {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Context<'_, Protocol>, input: Input<Protocol>) {
        match &mut self.0 {
            Part::Client(client) => client.handle(cx, input),
            Part::Sweeper(sweeper) => sweeper.handle(cx, input),
            Part::Proposer(proposer) => proposer.handle(cx, input),
            Part::Acceptor(acceptor) => acceptor.handle(cx, input),
            Part::Variant(proposer) => proposer.handle(cx, input),
            Part::Orchestrator(orchestrator) => orchestrator.handle(cx, input),
        }
    }

    fn crash(self, keep: Keep) -> Process {
        Process(match self.0 {
            Part::Client(client) => Part::Client(client.crash(keep)),
            Part::Sweeper(sweeper) => Part::Sweeper(sweeper.crash(keep)),
            Part::Proposer(proposer) => Part::Proposer(proposer.crash(keep)),
            Part::Acceptor(acceptor) => Part::Acceptor(acceptor.crash(keep)),
            Part::Variant(proposer) => Part::Variant(Box::new(proposer.crash(keep))),
            Part::Orchestrator(orchestrator) => {
                Part::Orchestrator(Box::new(orchestrator.crash(keep)))
            }
        })
    }

    #[inline]
    fn payload(message: &Message) -> usize {
        message.payload()
    }
}
