//! Redis in memory: the replies and the effects of commands, without I/O.
//!
//! A [`Database`] is a value. Its entry point [`Database::call`] takes a command line and the time,
//! and returns a [`Reply`]. Its state is a [`Keyspace`] for each numbered database, the loaded
//! scripts, the configuration, and a random number generator. This crate uses no sockets, files,
//! other servers or threads.
//!
//! A [`Connection`] is also a value: the database that a client has selected, its queued commands,
//! and its watched keys. Call [`Connection::call`] for clients that do more than send single
//! commands. Implement [`Clients`] to let them see each other.
//!
//! Four rules always hold:
//!
//! 1. *A reply is a function of state, command line and time.* The time is a parameter: the
//!    server's wall clock ([`UnixTime`]), which may jump. Commands that are random in Redis, such
//!    as `RANDOMKEY`, draw from the state.
//! 2. *No command sees a key that has expired*, even if the key is still in memory ([`Keyspace`]).
//! 3. *A command that is refused changes nothing*. Scripts are an exception: their writes before
//!    the error stay.
//! 4. *No command line makes it panic.*
//!
//! Replies and errors are exactly those of Redis 7.0. Tests compare each command with a real
//! `redis-server`. A copy of a database is cheap: it shares the data that neither side changes. So
//! a simulator can keep many copies.
//!
//! Scripts run unchanged in Lua 5.1 (the crate `lua`). The engine is not part of a database: each
//! thread has its own, and a script leaves no state in it.
//!
//! A command is one row of the table in `command/table.rs` and one function. Each file next to that
//! table holds one group of commands, as in the Redis documentation.
//!
//! ```
//! use redis::{Blob, Database, Reply, UnixTime};
//!
//! let mut database = Database::default();
//! let line = |text: &str| text.split(' ').map(Blob::from).collect::<Vec<Blob>>();
//!
//! let noon = UnixTime::from_millis(43_200_000);
//! assert_eq!(database.call(noon, &line("SET lock me NX PX 500")), Reply::ok());
//! assert_eq!(database.call(noon, &line("SET lock you NX PX 500")), Reply::Nil);
//!
//! let later = UnixTime::from_millis(43_200_501);
//! assert_eq!(database.call(later, &line("SET lock you NX PX 500")), Reply::ok());
//! ```

#![deny(clippy::float_arithmetic)]

mod chance;
mod clients;
mod command;
mod config;
mod connection;
mod database;
mod error_reply;
mod eviction;
mod extended;
mod glob;
mod integer;
mod keyspace;
mod lua;
mod reply;
pub mod resp;
mod script;
mod time;
mod value;

pub use blob::Blob;
pub use clients::{Client, Clients, Traffic};
pub use command::{CommandInfo, Flags, command_name, commands};
pub use config::{Config, EvictionPolicy, Fsync};
pub use connection::Connection;
pub use database::Database;
pub use error_reply::ErrorReply;
pub use keyspace::{Entry, HashSecret, Keyspace};
pub use lua::{RunningScript, Verdict, end_scripts_when};
pub use reply::Reply;
pub use script::{NativeScript, NotASha1, Script, ScriptContext, ScriptLibrary, Sha1};
pub use time::{UnixMillis, UnixTime};
pub use value::{Fields, List, Score, Set, SortedSet, Value};
