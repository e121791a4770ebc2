//! The auditor: compares each entry of each cache with its row, while no client is at work.
//!
//! It works like a client: it reads the row from the database, and then the entry from the cache,
//! as operations of the history. It fills in nothing: on a miss it gets a lease like any client,
//! and returns the lease.

use history::{Action, Completion, Key, NodeId, OpId, Span, Value, Version};
use sim::{Context, Input, Keep};

use crate::{Answer, Call, Message, Protocol, Query, QueryResult, Ticket, Timer, Token};

type Cx<'a> = Context<'a, Protocol>;

/// The time before it repeats a request without a reply.
const PAUSE: Span = Span::from_millis(100);

/// The auditor.
#[derive(Clone, Debug, Hash)]
pub struct Auditor {
    database: NodeId,
    caches: Vec<NodeId>,
    keys: Vec<Key>,
    /// The length of the quiet time before it begins.
    settle: Span,
    timeout: Span,
    /// The number of audits that are left.
    missing: u32,
    /// The remaining reads of this audit, the next one last.
    left: Vec<(NodeId, Key)>,
    open: Option<(OpId, NodeId)>,
}

impl sim::Process for Auditor {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Message { message: Message::Audit, .. } => self.prepare(cx),
            Input::Timer(Timer::Next) => self.begin(cx),
            Input::Message {
                message: Message::Result { ticket, result: QueryResult::Row { state, .. } },
                ..
            } => self.end(cx, ticket, Completion::Ok(state)),
            Input::Message { from, message: Message::Answer { ticket, key, answer } } => {
                match answer {
                    Answer::Found(state) => self.end(cx, ticket, Completion::Ok(state)),
                    Answer::Granted(_) | Answer::Outdated(_, Some(_)) => {
                        let call = Call::Delete { version: Version::default() };
                        cx.send(from, Message::Call { ticket, key, call });
                    }
                    _ => self.end(cx, ticket, Completion::Failed),
                }
            }
            Input::Timer(Timer::Timeout(ticket)) => self.end(cx, ticket, Completion::Unknown),
            _ => (),
        }
    }

    fn crash(self, _: Keep) -> Auditor {
        self
    }
}

impl Auditor {
    /// An auditor for this many audits.
    #[must_use]
    pub fn new(
        database: NodeId,
        caches: Vec<NodeId>,
        keys: Vec<Key>,
        (settle, timeout): (Span, Span),
        audits: u32,
    ) -> Auditor {
        let (left, open) = (Vec::new(), None);
        Auditor { database, caches, keys, settle, timeout, missing: audits, left, open }
    }

    /// The number of audits that are left.
    #[must_use]
    pub fn missing(&self) -> u32 {
        self.missing
    }

    fn prepare(&mut self, cx: &mut Cx<'_>) {
        self.left.clear();
        for key in self.keys.iter().rev() {
            self.left.extend(self.caches.iter().rev().map(|cache| (*cache, *key)));
            self.left.push((self.database, *key));
        }
        cx.set_timer(self.settle, Timer::Next);
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        let (None, Some((node, key))) = (self.open, self.left.last().copied()) else {
            return;
        };
        let op = cx.invoke(key, |_| Action::Read).op;
        let ticket = Ticket { op: op.ordinal, step: 1 };
        if node == self.database {
            cx.send(node, Message::Query { ticket, query: Query::Select(key) });
        } else {
            let call = Call::Get { token: Token(Value::of(op).0) };
            cx.send(node, Message::Call { ticket, key, call });
        }
        self.open = Some((op, node));
        cx.set_timer(self.timeout, Timer::Timeout(ticket));
    }

    fn end(&mut self, cx: &mut Cx<'_>, ticket: Ticket, completion: Completion) {
        let Some((op, _)) = self.open.filter(|(op, _)| op.ordinal == ticket.op) else {
            return;
        };
        self.open = None;
        cx.complete(op, completion);
        if completion == Completion::Unknown {
            cx.set_timer(PAUSE, Timer::Next);
            return;
        }
        self.left.pop();
        if self.left.is_empty() {
            self.missing = self.missing.saturating_sub(1);
            cx.mark("audited");
        } else {
            self.begin(cx);
        }
    }
}
