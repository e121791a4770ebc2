//! The relay: repeats the invalidations in the outbox.
//!
//! An update and its outbox row are one transaction, so the relay learns of each update even if the
//! client crashes. It deletes a row of the outbox once *all* caches have replied to the
//! invalidation, including those that clients avoid. A second invalidation does no harm.

use history::{NodeId, Span};
use sim::{Context, Input, Keep};

use crate::{Answer, Call, Message, OutboxRow, Protocol, Query, QueryResult, Ticket, Timer};

type Cx<'a> = Context<'a, Protocol>;

/// The relay.
#[derive(Clone, Debug, Hash)]
pub struct Relay {
    database: NodeId,
    caches: Vec<NodeId>,
    /// The time between two reads of the outbox.
    every: Span,
    stopping: bool,
    /// The number of reads so far. Replies to earlier requests are ignored.
    looks: u32,
    /// The open invalidations: the caches and their rows.
    pending: Vec<(NodeId, OutboxRow)>,
    rows: Vec<OutboxRow>,
}

impl sim::Process for Relay {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Start => {
                cx.set_timer(self.every, Timer::Look);
            }
            Input::Message { message: Message::Stop, .. } => self.stopping = true,
            Input::Timer(Timer::Look) if !self.stopping => self.look(cx),
            Input::Message {
                message: Message::Result { ticket, result: QueryResult::Outbox(rows) },
                ..
            } if ticket.op == self.looks => self.invalidate(cx, rows),
            Input::Message { from, message: Message::Answer { ticket, key, answer } }
                if ticket.op == self.looks =>
            {
                let is_done = |row: &OutboxRow| match answer {
                    Answer::Deleted(version) => row.version == version,
                    Answer::Moved(_) => true,
                    _ => false,
                };
                let is_it = |(cache, row): &(NodeId, OutboxRow)| {
                    (*cache, row.key) == (from, key) && is_done(row)
                };
                self.pending.retain(|pending| !is_it(pending));
                self.forget(cx);
            }
            _ => (),
        }
    }

    fn crash(self, _: Keep) -> Relay {
        Relay { pending: Vec::new(), rows: Vec::new(), ..self }
    }
}

impl Relay {
    /// A relay that reads the outbox this often.
    #[must_use]
    pub fn new(database: NodeId, caches: Vec<NodeId>, every: Span) -> Relay {
        let (pending, rows) = (Vec::new(), Vec::new());
        Relay { database, caches, every, stopping: false, looks: 0, pending, rows }
    }

    fn look(&mut self, cx: &mut Cx<'_>) {
        self.looks += 1;
        let ticket = Ticket { op: self.looks, step: 1 };
        cx.send(self.database, Message::Query { ticket, query: Query::SelectOutbox });
        cx.set_timer(self.every, Timer::Look);
    }

    fn invalidate(&mut self, cx: &mut Cx<'_>, rows: Vec<OutboxRow>) {
        let ticket = Ticket { op: self.looks, step: 2 };
        self.pending.clear();
        for row in &rows {
            for cache in &self.caches {
                self.pending.push((*cache, *row));
                let call = Call::Delete { version: row.version };
                cx.send(*cache, Message::Call { ticket, key: row.key, call });
            }
        }
        self.rows = rows;
    }

    /// Deletes the outbox rows that all caches have invalidated.
    fn forget(&mut self, cx: &mut Cx<'_>) {
        let is_pending = |row: &OutboxRow| self.pending.iter().any(|(_, other)| other.id == row.id);
        let (rows, done): (Vec<_>, Vec<_>) = self.rows.iter().partition(|row| is_pending(row));
        if done.is_empty() {
            return;
        }
        self.rows = rows;
        cx.mark("relayed");
        let ids = done.iter().map(|row| row.id).collect();
        let ticket = Ticket { op: self.looks, step: 3 };
        cx.send(self.database, Message::Query { ticket, query: Query::DeleteOutbox(ids) });
    }
}
