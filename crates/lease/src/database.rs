//! The database: rows with versions, and an outbox. All executed transactions are durable.
//!
//! A transaction is executed at one moment. An update makes the row's next version. If there is an
//! outbox, the same transaction also writes the invalidation into it. So the outbox has a row if
//! and only if the update has taken effect.

use history::{Key, NodeId, Observation, Span};
use im::OrdMap;
use sim::{Context, Input, Keep};

use crate::{Message, OutboxRow, Protocol, Query, QueryResult, Ticket};

type Cx<'a> = Context<'a, Protocol>;

/// The maximum number of outbox rows that one query reads.
const OUTBOX_ROWS_MAX: usize = 100;

/// The database.
#[derive(Clone, Debug, Hash)]
pub struct Database {
    rows: OrdMap<Key, Observation>,
    outbox: Option<Outbox>,
    /// The time of a transaction.
    service_time: Span,
}

#[derive(Clone, Debug, Default, Hash)]
struct Outbox {
    next: u64,
    rows: OrdMap<u64, OutboxRow>,
}

impl sim::Process for Database {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        if let Input::Message { from, message: Message::Query { ticket, query } } = input {
            let result = self.execute(query);
            self.reply(cx, from, ticket, result);
        }
    }

    fn crash(self, keep: Keep) -> Database {
        match keep {
            Keep::Durable | Keep::Replica => self,
            Keep::Nothing => Database {
                rows: OrdMap::new(),
                outbox: self.outbox.map(|_| Outbox::default()),
                ..self
            },
        }
    }
}

impl Database {
    /// An empty database, with or without an outbox.
    #[must_use]
    pub fn new(has_outbox: bool, service_time: Span) -> Database {
        let outbox = has_outbox.then(Outbox::default);
        Database { rows: OrdMap::new(), outbox, service_time }
    }

    /// Returns a row. A row that was never written is empty.
    #[must_use]
    pub fn row(&self, key: Key) -> Observation {
        self.rows.get(&key).copied().unwrap_or(Observation::EMPTY)
    }

    fn execute(&mut self, query: Query) -> QueryResult {
        match query {
            Query::Select(key) => QueryResult::Row { key, state: self.row(key) },
            Query::SelectMany(keys) => {
                QueryResult::Rows(keys.into_iter().map(|key| (key, self.row(key))).collect())
            }
            Query::Update { key, value } => {
                let state = Observation { version: self.row(key).version.next(), value };
                self.rows.insert(key, state);
                if let Some(outbox) = &mut self.outbox {
                    outbox.push(key, state);
                }
                QueryResult::Updated { key, state }
            }
            Query::SelectOutbox => {
                let rows = self.outbox.iter().flat_map(|outbox| outbox.rows.values());
                QueryResult::Outbox(rows.take(OUTBOX_ROWS_MAX).copied().collect())
            }
            Query::DeleteOutbox(ids) => {
                if let Some(outbox) = &mut self.outbox {
                    ids.iter().for_each(|id| {
                        outbox.rows.remove(id);
                    });
                }
                QueryResult::Deleted
            }
        }
    }

    fn reply(&self, cx: &mut Cx<'_>, to: NodeId, ticket: Ticket, result: QueryResult) {
        if self.service_time > Span::ZERO {
            cx.busy(self.service_time);
        }
        cx.send(to, Message::Result { ticket, result });
    }
}

impl Outbox {
    fn push(&mut self, key: Key, state: Observation) {
        let id = self.next;
        self.next += 1;
        self.rows.insert(id, OutboxRow { id, key, version: state.version });
    }
}
