//! Clients: readers, which read through the proxy, and writers, which write and then read their own
//! write.
//!
//! A key has one writer, so that versions are known: the writer writes `version:value`, and the
//! next version only once the last is acknowledged. Until then it repeats the same write, and the
//! operation stays open. A read without a reply has observed nothing, so it has failed.

use std::collections::BTreeMap;

use history::{Action, Completion, Key, NodeId, Observation, OpId, Span, Value, Version};
use redis::{Blob, Reply};
use redis_node::{Request, Response, register};
use sim::{Context, Delay, Input};

use crate::{Message, Protocol, Timer};

type Cx<'a> = Context<'a, Protocol>;

/// A client.
#[derive(Clone, Debug, Hash)]
pub struct Client {
    /// The node for its reads.
    pub proxy: NodeId,
    /// The node for its writes. `None` for a reader.
    pub writes_to: Option<NodeId>,
    /// The keys that it uses. A writer has its own keys.
    pub keys: Vec<Key>,
    /// The number of reads or writes that must still succeed.
    pub missing: u64,
    /// The upper bound of its pause before each operation, exclusive.
    pub pause: Span,
    /// The timeout of a reply. `None` means no timeout.
    pub client_timeout: Option<Span>,
    /// The versions that a writer has written.
    pub written: BTreeMap<Key, Version>,
    /// The key that a writer has written, and not read yet.
    pub to_look_at: Option<Key>,
    /// The number of the last request.
    pub request: u64,
    /// The open operation.
    pub waiting: Option<Operation>,
}

/// An open operation.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Operation {
    op: OpId,
    key: Key,
    /// The written state, if it is a write.
    makes: Option<Observation>,
}

impl Client {
    /// Handles an input.
    pub fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Start => self.pause(cx),
            Input::Timer(Timer::Next) => match self.waiting {
                Some(operation) => self.ask(cx, operation),
                None => self.begin(cx),
            },
            Input::Message { message: Message::Response(Response { id, reply }), .. }
                if id == self.request =>
            {
                self.on_reply(cx, Some(&reply));
            }
            Input::Timer(Timer::ClientTimeout(id)) if id == self.request => self.on_reply(cx, None),
            Input::ConnectionLost { .. } | Input::Undelivered { .. } => self.on_reply(cx, None),
            _ => (),
        }
    }

    fn pause(&mut self, cx: &mut Cx<'_>) {
        if self.missing > 0 || self.to_look_at.is_some() || self.waiting.is_some() {
            // At least a nanosecond, so that time advances.
            let least = Span(1);
            let pause = cx.draw("pause", Delay { min: least, max: self.pause + least });
            cx.set_timer(pause, Timer::Next);
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        let any = self.keys[cx.choose("key", self.keys.len() as u64) as usize];
        let operation = match (self.writes_to, self.to_look_at.take()) {
            (Some(_), None) => {
                let action = |op| Action::Write { value: Value::of(op) };
                let op = cx.invoke(any, action).op;
                let version = self.written.entry(any).or_default();
                *version = version.next();
                let makes = Observation { version: *version, value: Value::of(op) };
                Operation { op, key: any, makes: Some(makes) }
            }
            (_, to_look_at) => {
                let key = to_look_at.unwrap_or(any);
                Operation { op: cx.invoke(key, |_| Action::Read).op, key, makes: None }
            }
        };
        self.ask(cx, operation);
    }

    fn ask(&mut self, cx: &mut Cx<'_>, operation: Operation) {
        self.waiting = Some(operation);
        self.request += 1;
        let key = Blob::format(format_args!("key{}", operation.key.0 + 1));
        let (to, request) = match (operation.makes, self.writes_to) {
            (Some(made), Some(server)) => (server, Request::set_register(self.request, key, made)),
            _ => (self.proxy, Request::get_register(self.request, key)),
        };
        if let Some(client_timeout) = self.client_timeout {
            cx.set_timer(client_timeout, Timer::ClientTimeout(self.request));
        }
        cx.send(to, request.into());
    }

    /// Handles a reply, or a timeout.
    fn on_reply(&mut self, cx: &mut Cx<'_>, reply: Option<&Reply>) {
        let Some(operation) = self.waiting else { return };
        // A later reply to this request is ignored.
        self.request += 1;
        let completion = match (operation.makes, reply) {
            (Some(made), Some(Reply::Status(_))) => {
                self.to_look_at = Some(operation.key);
                Completion::Ok(made)
            }
            // Repeats the same write.
            (Some(_), _) => return self.pause(cx),
            (None, Some(reply)) => {
                register::of_reply(reply).map_or(Completion::Failed, Completion::Ok)
            }
            (None, None) => Completion::Failed,
        };
        self.waiting = None;
        let is_writer = self.writes_to.is_some();
        if matches!(completion, Completion::Ok(_)) && is_writer == operation.makes.is_some() {
            self.missing -= 1;
        }
        cx.complete(operation.op, completion);
        self.pause(cx);
    }
}
