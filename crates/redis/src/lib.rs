//! Redis in memory: what a server answers to each command, and what the command leaves behind.
//!
//! A [`Database`] is a value. It has one entry point, [`Database::call`]: a command line and the
//! time in, a [`Reply`] out. What it knows is a [`Keyspace`] for each numbered database, which
//! scripts have been loaded, how it is configured, and what the next random pick will be. Nothing
//! here knows of sockets, files, other servers or threads.
//!
//! A [`Connection`] is a value too: what one client has selected, queued and watched. Whoever has
//! clients that do more than send single commands calls [`Connection::call`] instead, and lets them
//! see each other by [`Clients`].
//!
//! Four rules hold throughout:
//!
//! 1. *A reply is a function of state, command line and time.* The time is a parameter, the wall
//!    clock of the server ([`UnixTime`]), and it may jump; what is random in Redis
//!    (`RANDOMKEY`, `SPOP` and their like) is drawn from the state.
//! 2. *No command sees a key that has expired*, though it stays in memory until one looks at it
//!    ([`keyspace`](Keyspace)).
//! 3. *A command that is refused changes nothing*, apart from a script, whose writes before the
//!    error stay.
//! 4. *No command line, however hostile, makes it panic.*
//!
//! Replies and errors are those of Redis 7.0 to the letter, which tests hold against a real
//! `redis-server` command by command. A copy of a database costs next to nothing and shares what
//! neither side changes, so that a simulator can keep many.
//!
//! Scripts run verbatim in Lua 5.1 (`lua`), which is no part of a database: each thread has its own
//! engine, and no script leaves anything in it.
//!
//! A command is one row of the table in `command/table.rs` and one function; the files next to that
//! table hold one group of commands each, as the Redis documentation groups them.
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
