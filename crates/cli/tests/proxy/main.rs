//! `rumormill proxy` as its clients meet it, before a real `redis-server`.
//!
//! Without a `redis-server` on the machine these tests say so and pass.

#[path = "../spawned/client.rs"]
mod client;
mod hostile;
mod imposter;
mod linearizable;
mod outage;
#[path = "../spawned/process.rs"]
mod process;
mod proxy;
mod stories;
mod twin;
mod upstream;
