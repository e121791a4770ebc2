//! One server: its data and its state.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use history::Span;
use redis::{Blob, Database, HashSecret, Reply, UnixTime, command_name};
use tcp::door::{accept_at_once, tune};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::connection::{Connection, refusal};
use crate::fate::ChanceRule;
use crate::metrics::NodeCounters;
use crate::plan::{FaultPlan, Keep, node_name};
use crate::roster::{Member, Roster, View};
use crate::service::{Options, Service};
use crate::wire::Wire;

/// A server, as its connections and its listener see it. All run on one thread, and none awaits
/// between checking a state and acting on it.
pub(crate) struct Node {
    pub(crate) name: String,
    /// Its zero-based number among the servers of the process.
    number: usize,
    pub(crate) port: u16,
    pub(crate) service: Rc<Service>,
    /// The rules that can strike a command of this server.
    pub(crate) rules: Rc<[ChanceRule]>,
    /// Whether there are any faults in the plan.
    pub(crate) can_fail: bool,
    database: RefCell<Database>,
    /// The data at the last sync, for crashes that lose later writes.
    synced: RefCell<Database>,
    pub(crate) counters: NodeCounters,
    /// The number of connected clients.
    pub(crate) clients: Cell<usize>,
    /// The connected clients.
    pub(crate) roster: Roster,
    busy_until: Cell<Option<Instant>>,
    crashed: Cell<bool>,
    /// Whether connections that are dropped now are reset.
    pub(crate) resets: Cell<bool>,
    /// The order for the listener, and its wake-up.
    order: Cell<Option<Order>>,
    ordered: Notify,
    /// The listening socket, while it is open.
    pub(crate) door: RefCell<Option<Rc<TcpListener>>>,
    /// Connections accepted while the listener could not run, and its wake-up.
    arrived: RefCell<Vec<Connection>>,
    has_arrived: Notify,
    /// The current `maxmemory`, or 0.
    maxmemory: Cell<u64>,
    maxclients: Cell<u32>,
}

/// An order for the listener. A later variant includes an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// Reset all connections.
    ResetAll,
    /// Drop all connections, stay down for this long, and listen again.
    Restart(Span),
}

impl Node {
    pub(crate) fn new(
        number: u16,
        port: u16,
        service: Rc<Service>,
        rules: Rc<[ChanceRule]>,
    ) -> Node {
        let database = started(empty(&service.options), &service.options);
        Node {
            name: node_name(number),
            number: number.into(),
            maxmemory: Cell::default(),
            maxclients: Cell::new(database.config().maxclients),
            port,
            counters: NodeCounters::default(),
            roster: Roster::default(),
            can_fail: service.options.faults != FaultPlan::default(),
            rules,
            synced: RefCell::new(database.clone()),
            database: RefCell::new(database),
            clients: Cell::new(0),
            busy_until: Cell::new(None),
            crashed: Cell::new(false),
            resets: Cell::new(false),
            order: Cell::new(None),
            ordered: Notify::new(),
            door: RefCell::default(),
            arrived: RefCell::default(),
            has_arrived: Notify::new(),
            service,
        }
    }

    /// Executes a command line of a connection. `most` limits the reply in bytes.
    pub(crate) fn answer(&self, caller: &Member, line: &[Blob], most: usize) -> Reply {
        let now = unix_time();
        self.counters.commands.add(1);
        self.service.called_on.set(self.number);
        caller.calls(now, command_name(line));
        let mut view = View { node: self, caller, now };
        let mut connection = caller.connection.borrow_mut();
        connection.limit_replies(most);
        let database = &mut *self.database.borrow_mut();
        let reply = connection.call_among(&mut view, database, now, line);
        self.maxmemory.set(database.config().maxmemory);
        self.maxclients.set(database.config().maxclients);
        reply
    }

    /// How many bytes all clients together may keep in memory. A server with a limit for its data
    /// has half of that for its clients, but for [`CLIENTS_MIN`]: while a command runs, its result
    /// may take as much again.
    pub(crate) fn client_memory_max(&self) -> usize {
        let most = self.service.options.client_memory;
        match usize::try_from(self.maxmemory.get()) {
            Ok(0) | Err(_) => most,
            Ok(maxmemory) => most.min((maxmemory / 2).max(CLIENTS_MIN)),
        }
    }

    /// How many bytes the reply to a command may take that itself takes `line` bytes, and whose
    /// client keeps `kept` and has not read `unread`.
    pub(crate) fn reply_max(&self, line: usize, kept: usize, unread: usize) -> usize {
        let room = self.client_memory_max().saturating_sub(line).saturating_sub(kept);
        room.min(self.unread_max().saturating_sub(unread))
    }

    /// How many bytes of replies wait for a client.
    pub(crate) fn unread_max(&self) -> usize {
        self.service.options.unread.min(self.client_memory_max())
    }

    /// Makes the connection of a new client.
    pub(crate) fn meet(&self, id: u64, stream: TcpStream, wire: Wire) -> Rc<Member> {
        self.roster.enter(id, stream, wire, unix_time())
    }

    /// Accepts a client if there is room. Otherwise, sends it an error.
    pub(crate) fn admit(self: &Rc<Node>, stream: TcpStream) -> Option<Connection> {
        tune(&stream);
        let number = self.counters.accepted.get();
        self.counters.accepted.add(1);
        if self.roster.len() >= self.maxclients.get() as usize {
            self.counters.refused.add(1);
            drop(stream.try_write(&refusal()));
            return None;
        }
        Some(Connection::new(Rc::clone(self), number, stream))
    }

    /// Accepts waiting clients while the listener cannot run. The listener serves them later.
    pub(crate) fn accept_waiting(self: &Rc<Node>) {
        let door = self.door.borrow();
        let Some(door) = &*door else { return };
        // A client without a socket keeps waiting.
        while let Ok(Some(stream)) = accept_at_once(door) {
            self.arrived.borrow_mut().extend(self.admit(stream));
            self.has_arrived.notify_one();
        }
    }

    /// Waits for connections that were accepted while the listener could not run.
    pub(crate) async fn accepted(&self) -> Vec<Connection> {
        self.has_arrived.notified().await;
        self.arrived.take()
    }

    /// Removes a client.
    pub(crate) fn forget(&self, client: &Member) {
        self.roster.leave(client).close(&mut self.database.borrow_mut());
    }

    /// The number of keys.
    pub(crate) fn keys(&self) -> usize {
        self.database.borrow().keyspace().len()
    }

    /// Waits until the server can execute a command. After a crash it never can: the waiting
    /// connections are dropped.
    pub(crate) async fn ready(&self) {
        while let Some(until) = self.busy_until.get().filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
        if self.crashed.get() {
            std::future::pending::<()>().await;
        }
    }

    /// Executes nothing for this long.
    pub(crate) fn stall(&self, lasts: Span) {
        let until = Instant::now() + duration(lasts);
        self.busy_until.set(self.busy_until.get().max(Some(until)));
    }

    /// Crashes, and restarts after `down`. Returns `false` if the server is down already.
    pub(crate) fn crash(&self, keep: Keep, down: Span) -> bool {
        if self.crashed.replace(true) {
            return false;
        }
        let mut database = self.database.borrow_mut();
        let options = &self.service.options;
        let left = match keep {
            Keep::Nothing => empty(options),
            Keep::Everything => database.clone().restarted(),
            Keep::AllButLastSecond => self.synced.borrow().clone().restarted(),
        };
        *database = started(left, options);
        *self.synced.borrow_mut() = database.clone();
        self.maxmemory.set(database.config().maxmemory);
        self.maxclients.set(database.config().maxclients);
        self.busy_until.set(None);
        self.order(Order::Restart(down));
        true
    }

    /// Records that the server is up again.
    pub(crate) fn restarted(&self) {
        self.crashed.set(false);
    }

    pub(crate) fn is_down(&self) -> bool {
        self.crashed.get()
    }

    /// Syncs all data to the simulated disk.
    pub(crate) fn sync(&self) {
        *self.synced.borrow_mut() = self.database.borrow().clone();
    }

    /// Gives the listener an order.
    pub(crate) fn order(&self, order: Order) {
        self.order.set(self.order.get().max(Some(order)));
        self.ordered.notify_one();
    }

    /// Waits for an order.
    pub(crate) async fn ordered(&self) -> Order {
        loop {
            self.ordered.notified().await;
            if let Some(order) = self.order.take() {
                return order;
            }
        }
    }
}

/// A server without data. Its hash secret is drawn from the operating system's random source, as
/// for the standard library's hash maps. So no client can choose keys with equal hashes. No reply
/// depends on the secret.
#[expect(clippy::disallowed_types, reason = "keys of hostile clients; no order is looked at")]
fn empty(options: &Options) -> Database {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new();
    let secret = HashSecret::new([0_u8, 1, 2, 3].map(|number| random.hash_one(number)));
    Database::new(options.library.clone()).with_hash_secret(secret)
}

/// The memory in bytes that clients may take even if `maxmemory` is lower.
const CLIENTS_MIN: usize = 64 << 20;

/// Starts a server with this data. It has the configuration of its options, and no loaded scripts.
fn started(mut database: Database, options: &Options) -> Database {
    let maxclients = u32::try_from(options.max_clients).unwrap_or(u32::MAX);
    database.configure(redis::Config { maxclients, ..redis::Config::default() });
    database.call(UnixTime::default(), &["SCRIPT", "FLUSH"].map(Blob::from_static));
    database
}

pub(crate) const fn duration(span: Span) -> Duration {
    Duration::from_nanos(span.0)
}

/// The time of the wall clock.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "real clients, real time")]
pub(crate) fn unix_time() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    // A time before 1970 counts as 1970.
    UnixTime(since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_draws_a_secret_for_its_hashes() {
        let options = Options::default();
        let secrets = [0; 3].map(|_| started(empty(&options), &options).hash_secret().clone());
        assert!(secrets.iter().all(|secret| *secret != HashSecret::default()));
        let [first, second, third] = secrets;
        assert!(first != second && second != third && third != first);
    }
}
