//! The clients of a server, as `CLIENT LIST` tells of them and `CLIENT KILL` ends them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use redis::{Client, Clients, Traffic, UnixTime};
use tokio::io::Ready;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use crate::node::Node;
use crate::wire::Wire;

/// Those who are connected, by the numbers of their connections.
#[derive(Default)]
pub(crate) struct Roster(RefCell<BTreeMap<u64, Rc<Member>>>);

/// One client.
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) stream: TcpStream,
    /// What has come from it and what is to be sent to it.
    pub(crate) wire: RefCell<Wire>,
    /// What the server knows of it; what it knows is gone with the connection.
    pub(crate) connection: RefCell<redis::Connection>,
    address: Option<SocketAddr>,
    local_address: Option<SocketAddr>,
    since: UnixTime,
    /// When its last command came, and which it was.
    last: Cell<(UnixTime, Option<&'static str>)>,
    /// Who serves it.
    task: RefCell<Option<AbortHandle>>,
    /// That task, while it waits for the client.
    waiting: RefCell<Option<Waker>>,
    is_nudged: Cell<bool>,
}

impl Roster {
    /// A client comes, with a number that no other of this server has, or had.
    pub(crate) fn enter(
        &self,
        id: u64,
        stream: TcpStream,
        wire: Wire,
        now: UnixTime,
    ) -> Rc<Member> {
        let member = Rc::new(Member {
            id,
            connection: RefCell::new(redis::Connection::new(id)),
            address: stream.peer_addr().ok(),
            local_address: stream.local_addr().ok(),
            since: now,
            last: Cell::new((now, None)),
            task: RefCell::new(None),
            waiting: RefCell::new(None),
            is_nudged: Cell::new(false),
            stream,
            wire: RefCell::new(wire),
        });
        self.0.borrow_mut().insert(id, Rc::clone(&member));
        member
    }

    /// From now on the client can be ended by others.
    pub(crate) fn is_served_by(&self, id: u64, task: AbortHandle) {
        if let Some(member) = self.0.borrow().get(&id) {
            *member.task.borrow_mut() = Some(task);
        }
    }

    /// It goes, or has gone.
    pub(crate) fn leave(&self, member: &Member) -> redis::Connection {
        self.0.borrow_mut().remove(&member.id);
        member.connection.replace(redis::Connection::new(0))
    }

    /// All who are connected.
    pub(crate) fn all(&self) -> Vec<Rc<Member>> {
        self.0.borrow().values().cloned().collect()
    }

    /// Hangs up on a client: it is off the roster at once, and off the line as soon as its task is
    /// looked at.
    pub(crate) fn end(&self, id: u64) {
        if let Some(member) = self.0.borrow_mut().remove(&id)
            && let Some(task) = &*member.task.borrow()
        {
            task.abort();
        }
    }

    /// The client that takes most of the memory of all, and how much that is.
    pub(crate) fn largest(&self) -> Option<(usize, Rc<Member>)> {
        let members = self.0.borrow();
        let taken = |member: &Rc<Member>| member.wire.try_borrow().map_or(0, |wire| wire.memory());
        let largest = members.values().max_by_key(|member| taken(member))?;
        Some((taken(largest), Rc::clone(largest)))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

impl Member {
    /// A command of the client has come.
    pub(crate) fn calls(&self, now: UnixTime, command: Option<&'static str>) {
        self.last.set((now, command));
    }

    /// The task that serves the client waits for it, or for a nudge.
    pub(crate) fn wait(&self, context: &Context<'_>) -> Poll<Option<Ready>> {
        if self.is_nudged.take() {
            return Poll::Ready(Some(Ready::READABLE));
        }
        let waiting = &mut *self.waiting.borrow_mut();
        if !waiting.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waiting = Some(context.waker().clone());
        }
        Poll::Pending
    }

    /// The task that serves the client is to look after it, though nothing may have come.
    pub(crate) fn nudge(&self) {
        self.is_nudged.set(true);
        if let Some(task) = &*self.waiting.borrow() {
            task.wake_by_ref();
        }
    }

    fn known(&self, now: UnixTime) -> Client {
        let (last, command) = self.last.get();
        // As Redis writes an address that it cannot tell.
        let text = |address: Option<SocketAddr>| match address {
            Some(address) => address.to_string(),
            None => "?:0".to_owned(),
        };
        Client {
            address: text(self.address),
            local_address: text(self.local_address),
            age_s: now.seconds().saturating_sub(self.since.seconds()),
            idle_s: now.seconds().saturating_sub(last.seconds()),
            command,
        }
    }
}

/// The clients of a server as one of them sees them.
pub(crate) struct View<'a> {
    pub(crate) node: &'a Node,
    pub(crate) caller: &'a Member,
    pub(crate) now: UnixTime,
}

impl Clients for View<'_> {
    fn caller(&self) -> Option<Client> {
        Some(self.caller.known(self.now))
    }

    fn others(&self, tell: &mut dyn FnMut(&redis::Connection, &Client)) {
        let all = self.node.roster.0.borrow();
        for member in all.values().filter(|member| member.id != self.caller.id) {
            tell(&member.connection.borrow(), &member.known(self.now));
        }
    }

    fn end(&mut self, id: u64) {
        self.node.roster.end(id);
    }

    fn traffic(&self) -> Option<Traffic> {
        let Node { counters, port, service, .. } = self.node;
        Some(Traffic {
            port: *port,
            uptime_s: service.now().as_millis() / 1_000,
            connected: self.node.roster.len(),
            accepted: counters.accepted.get(),
            rejected: counters.refused.get(),
            commands: counters.commands.get(),
        })
    }
}
