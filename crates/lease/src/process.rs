//! The process of a node, of one of six kinds.

use sim::{Context, Input, Keep};

use crate::auditor::Auditor;
use crate::batch_reader::BatchReader;
use crate::cache::Cache;
use crate::client::Client;
use crate::database::Database;
use crate::relay::Relay;
use crate::{Message, Protocol};

/// The process of a node.
#[derive(Clone, Debug, Hash)]
pub struct Process(pub(crate) Part);

#[derive(Clone, Debug, Hash)]
pub(crate) enum Part {
    Client(Client),
    BatchReader(BatchReader),
    Auditor(Auditor),
    Relay(Relay),
    Cache(Cache),
    Database(Database),
}

impl sim::Process for Process {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Context<'_, Protocol>, input: Input<Protocol>) {
        match &mut self.0 {
            Part::Client(client) => client.handle(cx, input),
            Part::BatchReader(reader) => reader.handle(cx, input),
            Part::Auditor(auditor) => auditor.handle(cx, input),
            Part::Relay(relay) => relay.handle(cx, input),
            Part::Cache(cache) => cache.handle(cx, input),
            Part::Database(database) => database.handle(cx, input),
        }
    }

    fn crash(self, keep: Keep) -> Process {
        Process(match self.0 {
            Part::Client(client) => Part::Client(client.crash(keep)),
            Part::BatchReader(reader) => Part::BatchReader(reader.crash(keep)),
            Part::Auditor(auditor) => Part::Auditor(auditor.crash(keep)),
            Part::Relay(relay) => Part::Relay(relay.crash(keep)),
            Part::Cache(cache) => Part::Cache(cache.crash(keep)),
            Part::Database(database) => Part::Database(database.crash(keep)),
        })
    }

    #[inline]
    fn payload(message: &Message) -> usize {
        message.payload()
    }
}
