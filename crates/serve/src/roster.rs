//! The connected clients of a server, for `CLIENT LIST` and `CLIENT KILL`.

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

/// The connected clients, by the numbers of their connections.
#[derive(Default)]
pub(crate) struct Roster(RefCell<BTreeMap<u64, Rc<Member>>>);

/// One client.
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) stream: TcpStream,
    /// Its received and unsent bytes.
    pub(crate) wire: RefCell<Wire>,
    /// Its state in the database.
    pub(crate) connection: RefCell<redis::Connection>,
    address: Option<SocketAddr>,
    local_address: Option<SocketAddr>,
    since: UnixTime,
    /// The time and the name of its last command.
    last: Cell<(UnixTime, Option<&'static str>)>,
    /// The task that serves it.
    task: RefCell<Option<AbortHandle>>,
    /// The waker of that task, while it waits for the client.
    waiting: RefCell<Option<Waker>>,
    is_nudged: Cell<bool>,
}

impl Roster {
    /// Adds a client. Its number must be unique for this server, also among former clients.
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

    /// Sets the task that serves the client, so that other clients can end it.
    pub(crate) fn is_served_by(&self, id: u64, task: AbortHandle) {
        if let Some(member) = self.0.borrow().get(&id) {
            *member.task.borrow_mut() = Some(task);
        }
    }

    /// Removes a client, if it is still there.
    pub(crate) fn leave(&self, member: &Member) -> redis::Connection {
        self.0.borrow_mut().remove(&member.id);
        member.connection.replace(redis::Connection::new(0))
    }

    /// All connected clients.
    pub(crate) fn all(&self) -> Vec<Rc<Member>> {
        self.0.borrow().values().cloned().collect()
    }

    /// Disconnects a client. It leaves the roster immediately. Its socket is closed when its task
    /// runs next.
    pub(crate) fn end(&self, id: u64) {
        if let Some(member) = self.0.borrow_mut().remove(&id)
            && let Some(task) = &*member.task.borrow()
        {
            task.abort();
        }
    }

    /// The client that takes the most memory, and its size.
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
    /// Records a command of the client.
    pub(crate) fn calls(&self, now: UnixTime, command: Option<&'static str>) {
        self.last.set((now, command));
    }

    /// Stores the waker of the client's task, for [`Member::nudge`].
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

    /// Wakes the client's task, even if no bytes have arrived.
    pub(crate) fn nudge(&self) {
        self.is_nudged.set(true);
        if let Some(task) = &*self.waiting.borrow() {
            task.wake_by_ref();
        }
    }

    fn known(&self, now: UnixTime) -> Client {
        let (last, command) = self.last.get();
        // Redis writes an unknown address like this.
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

/// The clients of a server, from the view of one of them.
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
