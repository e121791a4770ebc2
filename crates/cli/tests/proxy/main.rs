//! `rumormill proxy` as its clients meet it, before a real `redis-server`.
//!
//! Without a `redis-server` on the machine these tests say so and pass.

// There is one client that sees every byte; the tests of the server have it.
#[path = "../serve/server.rs"]
#[expect(dead_code, reason = "those tests need more of it")]
mod server;

mod hostile;
mod linearizable;
mod outage;
mod proxy;
mod stories;
mod twin;
mod upstream;
