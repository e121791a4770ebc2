//! The protocol: a counter in Redis, and a reader that answers from what it last saw of it.
//!
//! Clients increment the counter with `INCR` at the Redis server. They read it from the *reader*,
//! which asks the server for the counter (`GET`) once per `poll` and answers each read with the
//! value that it saw last. So a read may be stale, but for no longer than a poll takes.

use history::{Completion, Key, NodeId, Object, OpId, Span};
use redis::Reply;
use redis_node::{Request, Response, Server};
use serde::{Deserialize, Serialize};
use sim::{Context, Input, Keep, Process, TimerId, Types};

/// The kind of object that clients share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {}

/// What clients ask of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Add one.
    Increment,
    /// What is the count?
    Read,
}

impl Object for Counter {
    type Action = Action;
    type Observation = u64;

    fn is_write(action: &Action) -> bool {
        *action == Action::Increment
    }
}

/// What the processes send each other: commands and replies of Redis, and reads.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A command for the server, or a reply of the server.
    Redis(redis_node::Message),
    /// A client asks the reader for the count.
    Read,
    /// The reader's answer.
    Count(u64),
}

impl From<Response> for Message {
    fn from(response: Response) -> Message {
        Message::Redis(redis_node::Message::Response(response))
    }
}

/// The timers of all processes.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// The reader asks the server again.
    Poll,
    /// A client begins its next operation.
    Next,
    /// A client's timeout.
    Timeout,
    /// The server's own.
    Server(redis_node::Timer),
}

impl From<redis_node::Timer> for Timer {
    fn from(timer: redis_node::Timer) -> Timer {
        Timer::Server(timer)
    }
}

/// What the processes exchange. A reader claims what it believes the count to be.
pub type Protocol = Types<Message, Timer, Counter, u64>;

/// The server is the first node, the reader the second.
pub const SERVER: NodeId = NodeId(0);
pub const READER: NodeId = NodeId(1);
const TIMEOUT: Span = Span::from_millis(50);
/// After this many polls without a read, the reader stops polling.
const IDLE: u32 = 100;

/// What runs on a node.
#[derive(Clone, Debug, Hash)]
pub enum Node {
    /// Redis.
    Server(Box<Server>),
    /// Answers reads with the count that it saw last. It polls until no client has asked it for a
    /// while.
    Reader { poll: Span, seen: u64, idle: u32 },
    /// Increments and reads in turn.
    Client { left: u64, open: Option<(OpId, TimerId)> },
}

impl Process for Node {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Context<'_, Protocol>, input: Input<Protocol>) {
        match self {
            Node::Server(server) => match input {
                Input::Message {
                    from,
                    message: Message::Redis(redis_node::Message::Request(request)),
                } => server.serve(cx, from, request),
                Input::Timer(Timer::Server(timer)) => server.renew(timer),
                Input::ConnectionLost { peer, .. } => server.disconnect(peer),
                _ => (),
            },
            Node::Reader { poll, seen, idle } => match input {
                Input::Start | Input::Timer(Timer::Poll) => {
                    *idle += 1;
                    if *idle < IDLE {
                        send(cx, "GET counter");
                        cx.set_timer(*poll, Timer::Poll);
                    }
                }
                Input::Message { from, message: Message::Read } => {
                    cx.send(from, Message::Count(*seen));
                    if *idle >= IDLE {
                        cx.set_timer(*poll, Timer::Poll);
                    }
                    *idle = 0;
                }
                Input::Message { message: Message::Redis(reply), .. } => {
                    if let Some(count) = count_of(&reply) {
                        *seen = count;
                        cx.claim(count);
                    }
                }
                _ => (),
            },
            Node::Client { left, open } => match input {
                Input::Start | Input::Timer(Timer::Next) if *left > 0 => {
                    let action = if *left % 2 == 0 { Action::Increment } else { Action::Read };
                    let op = cx.invoke(Key(0), |_| action).op;
                    match action {
                        Action::Increment => send(cx, "INCR counter"),
                        Action::Read => cx.send(READER, Message::Read),
                    }
                    *open = Some((op, cx.set_timer(TIMEOUT, Timer::Timeout)));
                }
                Input::Timer(Timer::Timeout) => ends(cx, left, open, None),
                Input::Message { message: Message::Count(count), .. } => {
                    ends(cx, left, open, Some(count));
                }
                Input::Message { message: Message::Redis(reply), .. } => {
                    ends(cx, left, open, count_of(&reply));
                }
                _ => (),
            },
        }
    }

    fn crash(self, keep: Keep) -> Node {
        match self {
            Node::Server(server) => Node::Server(Box::new(server.crash(keep))),
            Node::Reader { poll, .. } => Node::Reader { poll, seen: 0, idle: 0 },
            Node::Client { left, .. } => Node::Client { left, open: None },
        }
    }
}

fn send(cx: &mut Context<'_, Protocol>, line: &str) {
    let request = Request::words(0, line);
    cx.send(SERVER, Message::Redis(redis_node::Message::Request(request)));
}

/// The count in a reply of the server. A counter that does not exist is 0.
fn count_of(message: &redis_node::Message) -> Option<u64> {
    let redis_node::Message::Response(Response { reply, .. }) = message else { return None };
    match reply {
        Reply::Nil => Some(0),
        Reply::Integer(count) => u64::try_from(*count).ok(),
        Reply::Bulk(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

/// The client's operation ends, and it goes on after a while.
fn ends(
    cx: &mut Context<'_, Protocol>,
    left: &mut u64,
    open: &mut Option<(OpId, TimerId)>,
    count: Option<u64>,
) {
    let Some((op, timeout)) = open.take() else { return };
    cx.cancel_timer(timeout);
    cx.complete(op, count.map_or(Completion::Unknown, Completion::Ok));
    *left -= 1;
    let pause = Span(1_000_000 + cx.choose("pause", 4_000_000));
    cx.set_timer(pause, Timer::Next);
}
