//! One server: its data, and what has happened to it.

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

/// A server, as its connections and its listener see it. All of them run on one thread, and none
/// of them waits for anything between a look and the act on it.
pub(crate) struct Node {
    pub(crate) name: String,
    /// Its place among the servers of the process.
    number: usize,
    pub(crate) port: u16,
    pub(crate) service: Rc<Service>,
    /// What can strike a command here.
    pub(crate) rules: Rc<[ChanceRule]>,
    /// Whether there is a plan for what goes wrong.
    pub(crate) can_fail: bool,
    database: RefCell<Database>,
    /// What was on disk when it was last synced, for crashes that lose what came later.
    synced: RefCell<Database>,
    pub(crate) counters: NodeCounters,
    /// How many are connected.
    pub(crate) clients: Cell<usize>,
    /// Who they are.
    pub(crate) roster: Roster,
    busy_until: Cell<Option<Instant>>,
    crashed: Cell<bool>,
    /// Connections that are dropped now are reset.
    pub(crate) resets: Cell<bool>,
    /// What the listener is to do, and that it is to look.
    order: Cell<Option<Order>>,
    ordered: Notify,
    /// Where clients come in, while it is open.
    pub(crate) door: RefCell<Option<Rc<TcpListener>>>,
    /// Those who were let in while the listener could not look, and that it is to look.
    arrived: RefCell<Vec<Connection>>,
    has_arrived: Notify,
    /// What `CONFIG SET` was last told, or 0.
    maxmemory: Cell<u64>,
    maxclients: Cell<u32>,
}

/// What a listener is told to do. The later one includes the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// Reset all connections.
    ResetAll,
    /// Drop all connections, be down for so long, and listen again.
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

    /// Here a connection's command line meets the server. The reply may take so many bytes.
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

    /// A client comes.
    pub(crate) fn meet(&self, id: u64, stream: TcpStream, wire: Wire) -> Rc<Member> {
        self.roster.enter(id, stream, wire, unix_time())
    }

    /// Lets a client in, if there is room; otherwise it is told so.
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

    /// Lets in those who wait at the door, while the listener cannot look. It serves them later.
    pub(crate) fn let_in_at_once(self: &Rc<Node>) {
        let door = self.door.borrow();
        let Some(door) = &*door else { return };
        // Whom there is no socket for waits on.
        while let Ok(Some(stream)) = accept_at_once(door) {
            self.arrived.borrow_mut().extend(self.admit(stream));
            self.has_arrived.notify_one();
        }
    }

    /// Those who were let in while the listener could not look, once there are any.
    pub(crate) async fn arrivals(&self) -> Vec<Connection> {
        self.has_arrived.notified().await;
        self.arrived.take()
    }

    /// It goes.
    pub(crate) fn forget(&self, client: &Member) {
        self.roster.leave(client).close(&mut self.database.borrow_mut());
    }

    /// How many keys there are.
    pub(crate) fn keys(&self) -> usize {
        self.database.borrow().keyspace().len()
    }

    /// Waits until the server is free to execute a command. After a crash that never is: whoever
    /// waits goes down with it.
    pub(crate) async fn ready(&self) {
        while let Some(until) = self.busy_until.get().filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
        if self.crashed.get() {
            std::future::pending::<()>().await;
        }
    }

    /// Does nothing for so long.
    pub(crate) fn stall(&self, lasts: Span) {
        let until = Instant::now() + duration(lasts);
        self.busy_until.set(self.busy_until.get().max(Some(until)));
    }

    /// Ends without warning, and comes again after so long. `false` if it is down as it is.
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

    /// It is up again.
    pub(crate) fn restarted(&self) {
        self.crashed.set(false);
    }

    pub(crate) fn is_down(&self) -> bool {
        self.crashed.get()
    }

    /// All that has been written so far is on disk.
    pub(crate) fn sync(&self) {
        *self.synced.borrow_mut() = self.database.borrow().clone();
    }

    /// Tells the listener what to do.
    pub(crate) fn order(&self, order: Order) {
        self.order.set(self.order.get().max(Some(order)));
        self.ordered.notify_one();
    }

    /// What the listener is told, once it is.
    pub(crate) async fn ordered(&self) -> Order {
        loop {
            self.ordered.notified().await;
            if let Some(order) = self.order.take() {
                return order;
            }
        }
    }
}

/// A server without data. The secret of its hashes is drawn from the operating system's randomness,
/// which is what the standard library keys its own hash maps with: so no client can choose keys
/// that all have one hash. No reply depends on it.
#[expect(clippy::disallowed_types, reason = "keys of hostile clients; no order is looked at")]
fn empty(options: &Options) -> Database {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new();
    let secret = HashSecret::new([0_u8, 1, 2, 3].map(|number| random.hash_one(number)));
    Database::new(options.library.clone()).with_hash_secret(secret)
}

/// What clients may keep in memory, however little the data may take.
const CLIENTS_MIN: usize = 64 << 20;

/// A server that starts with these data: configured as its options say, and with no script loaded.
fn started(mut database: Database, options: &Options) -> Database {
    let maxclients = u32::try_from(options.max_clients).unwrap_or(u32::MAX);
    database.configure(redis::Config { maxclients, ..redis::Config::default() });
    database.call(UnixTime::default(), &["SCRIPT", "FLUSH"].map(Blob::from_static));
    database
}

pub(crate) const fn duration(span: Span) -> Duration {
    Duration::from_nanos(span.0)
}

/// What the wall clock shows.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "real clients, real time")]
pub(crate) fn unix_time() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    // A clock that stands before 1970 shows 1970.
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
