//! The proxy in a simulated world: many clients, one connection to the server.
//!
//! The real proxy of `rumormill proxy` works the same way, with the same [`Cache`] and [`Command`].
//! It also gives clients their own connections for commands that need them. Here such commands are
//! refused.

use std::collections::BTreeMap;

use history::{NodeId, Span, Time};
use redis::{Blob, ErrorReply, Reply};
use redis_node::{Request, Response};
use serde::{Deserialize, Serialize};
use sim::{Context, Input};

use crate::{
    Cache, Capacity, Command, Expiry, Fills, Keys, Message, Protocol, Standing, Ticket, Timer,
};

/// What happens to a command that the proxy does not answer itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// The proxy passes it on, and invalidates the keys that it may write.
    #[default]
    PassedOn,
    /// The proxy ignores it and never replies, as in the original.
    Unanswered,
}

/// The reply to a client while the server is unreachable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outage {
    /// That.
    #[default]
    Reported,
    /// The key is missing, as in the original.
    LooksMissing,
}

/// The settings of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// The capacity of the cache.
    pub capacity: Capacity,
    /// The time to live of an entry.
    pub ttl: Span,
    /// The time between two sweeps.
    pub period: Span,
    /// The timeout of the server's replies.
    pub timeout: Span,
    /// When an expired entry is no longer served.
    pub expiry: Expiry,
    /// What happens to the reply of a read.
    pub fills: Fills,
    /// What happens to a command that the proxy does not answer itself.
    pub unknown: Unknown,
    /// The reply to a client while the server is unreachable.
    pub outage: Outage,
}

type Cx<'a> = Context<'a, Protocol>;

/// The proxy.
#[derive(Clone, Debug, Hash)]
pub struct Proxy {
    server: NodeId,
    rules: Rules,
    cache: Cache,
    next_request: u64,
    /// The open requests to the server.
    asked: BTreeMap<u64, Asked>,
    /// Whether the server has failed to reply in time.
    is_lost: bool,
    /// Whether the next sweep is scheduled.
    is_redeeming: bool,
}

/// A request to the server for a client.
#[derive(Clone, Debug, Hash)]
struct Asked {
    client: NodeId,
    /// The client's number of the request.
    id: u64,
    purpose: Purpose,
}

#[derive(Clone, Debug, Hash)]
enum Purpose {
    Read(Ticket),
    /// Another command, and the keys that it may write. `None` means any keys.
    PassOn(Option<Vec<Blob>>),
}

impl Proxy {
    /// A proxy in front of this server, with an empty cache.
    #[must_use]
    pub fn new(server: NodeId, rules: Rules) -> Proxy {
        Proxy {
            server,
            rules,
            cache: Cache::new(rules.capacity, rules.ttl).in_the_way_of(rules.expiry, rules.fills),
            next_request: 0,
            asked: BTreeMap::new(),
            is_lost: false,
            is_redeeming: false,
        }
    }

    /// The proxy after a crash.
    #[must_use]
    pub fn crash(self) -> Proxy {
        Proxy { next_request: self.next_request, ..Proxy::new(self.server, self.rules) }
    }

    /// Handles an input.
    pub fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Message { from, message: Message::Request(request) } => {
                self.request(cx, from, request);
            }
            Input::Message { message: Message::Response(response), .. } => {
                self.is_lost = false;
                self.answer(cx, response.id, Ok(response.reply));
            }
            Input::ConnectionLost { peer, .. } if peer == self.server => {
                for id in self.asked.keys().copied().collect::<Vec<_>>() {
                    self.lose(cx, id);
                }
            }
            Input::Timer(Timer::Timeout(id)) if self.asked.contains_key(&id) => self.lose(cx, id),
            Input::Undelivered { message: Message::Request(request), .. } => {
                self.lose(cx, request.id);
            }
            Input::Timer(Timer::Redeem) => self.redeem(cx),
            _ => (),
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, client: NodeId, Request { id, line }: Request) {
        let reply = |reply| Message::Response(Response { id, reply });
        let Command { standing, writes } = Command::of(&line);
        let purpose = match standing {
            Standing::Get => match self.cache.get(&line[1], now(cx)) {
                Some(value) => {
                    let value = value.clone();
                    cx.mark("hit");
                    if self.is_lost {
                        cx.mark("hit-while-lost");
                    }
                    return cx.send(client, reply(Reply::Bulk(value)));
                }
                None => {
                    cx.mark("miss");
                    Purpose::Read(self.cache.miss(line[1].clone(), now(cx)))
                }
            },
            Standing::Ping => {
                return cx.send(client, reply(Reply::Bulk(Blob::from_static("PONG"))));
            }
            _ if self.rules.unknown == Unknown::Unanswered => return cx.mark("unanswered"),
            Standing::Shared if writes == Keys::Any => Purpose::PassOn(None),
            Standing::Shared => Purpose::PassOn(Some(writes.of(&line).cloned().collect())),
            _ => {
                const ALONE: &str = "ERR this needs a connection of its own";
                return cx.send(client, reply(Reply::Error(ErrorReply::from_static(ALONE))));
            }
        };
        match &purpose {
            Purpose::Read(_) => (),
            Purpose::PassOn(None) => self.cache.begin_write_all(),
            Purpose::PassOn(Some(keys)) => keys.iter().for_each(|key| self.cache.begin_write(key)),
        }
        let request = Request { id: self.next_request, line };
        self.asked.insert(request.id, Asked { client, id, purpose });
        self.next_request += 1;
        cx.set_timer(self.rules.timeout, Timer::Timeout(request.id));
        cx.send(self.server, Message::Request(request));
    }

    /// A request failed or timed out.
    fn lose(&mut self, cx: &mut Cx<'_>, id: u64) {
        self.is_lost = true;
        self.answer(cx, id, Err(ErrorReply::from_static("ERR the server does not answer")));
    }

    fn answer(&mut self, cx: &mut Cx<'_>, id: u64, reply: Result<Reply, ErrorReply>) {
        // A late reply is ignored: the client has its reply.
        let Some(Asked { client, id, purpose }) = self.asked.remove(&id) else { return };
        match (purpose, &reply) {
            (Purpose::Read(ticket), Ok(Reply::Bulk(value))) => self.fill(cx, ticket, value.clone()),
            (Purpose::Read(ticket), _) => self.cache.give_up(ticket),
            (Purpose::PassOn(Some(written)), _) => {
                for key in &written {
                    self.cache.end_write(key);
                    self.cache.invalidate(key);
                }
            }
            (Purpose::PassOn(None), _) => {
                self.cache.end_write_all();
                self.cache.invalidate_all();
            }
        }
        let reply = match (reply, self.rules.outage) {
            (Ok(reply), _) => reply,
            (Err(_), Outage::LooksMissing) => {
                cx.mark("looks-missing");
                Reply::Nil
            }
            (Err(error), Outage::Reported) => {
                cx.mark("outage-told");
                Reply::Error(error)
            }
        };
        cx.send(client, Message::Response(Response { id, reply }));
    }

    fn fill(&mut self, cx: &mut Cx<'_>, ticket: Ticket, value: Blob) {
        let evicted = self.cache.evicted();
        if !self.cache.fill(ticket, value, now(cx)) {
            cx.mark("void-ticket");
        }
        if self.cache.evicted() > evicted {
            cx.mark("evicted");
        }
        self.call_redeemer(cx);
    }

    fn redeem(&mut self, cx: &mut Cx<'_>) {
        self.is_redeeming = false;
        if self.cache.redeem(now(cx)) > 0 {
            cx.mark("redeemed");
        }
        self.call_redeemer(cx);
    }

    /// Schedules a sweep at the end of each period, as long as there are entries. So a world comes
    /// to rest.
    fn call_redeemer(&mut self, cx: &mut Cx<'_>) {
        if !self.cache.is_empty() && !self.is_redeeming {
            self.is_redeeming = true;
            let period = self.rules.period.0;
            cx.set_timer(Span(period - now(cx).0 % period), Timer::Redeem);
        }
    }
}

/// The proxy's monotonic clock, because a wall clock may be set back.
fn now(cx: &Cx<'_>) -> Time {
    cx.now().monotonic
}
