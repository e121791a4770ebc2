//! The clients of a server, as `CLIENT LIST` tells of them and `CLIENT KILL` ends them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use redis::{Client, Clients, Traffic, UnixTime};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use crate::node::Node;

/// Those who are connected, by the numbers of their connections.
#[derive(Default)]
pub(crate) struct Roster(RefCell<BTreeMap<u64, Rc<Member>>>);

/// One client.
pub(crate) struct Member {
    id: u64,
    /// What the server knows of it; what it knows is gone with the connection.
    pub(crate) connection: RefCell<redis::Connection>,
    address: Option<SocketAddr>,
    local_address: Option<SocketAddr>,
    since: UnixTime,
    /// When its last command came, and which it was.
    last: Cell<(UnixTime, Option<&'static str>)>,
    /// Who serves it.
    task: RefCell<Option<AbortHandle>>,
}

impl Roster {
    /// A client comes, with a number that no other of this server has, or had.
    pub(crate) fn enter(&self, id: u64, stream: &TcpStream, now: UnixTime) -> Rc<Member> {
        let member = Rc::new(Member {
            id,
            connection: RefCell::new(redis::Connection::new(id)),
            address: stream.peer_addr().ok(),
            local_address: stream.local_addr().ok(),
            since: now,
            last: Cell::new((now, None)),
            task: RefCell::new(None),
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

    fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

impl Member {
    /// A command of the client has come.
    pub(crate) fn calls(&self, now: UnixTime, command: Option<&'static str>) {
        self.last.set((now, command));
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

    /// It is off the roster at once, and off the line as soon as the caller is served.
    fn end(&mut self, id: u64) {
        if let Some(member) = self.node.roster.0.borrow_mut().remove(&id)
            && let Some(task) = &*member.task.borrow()
        {
            task.abort();
        }
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
