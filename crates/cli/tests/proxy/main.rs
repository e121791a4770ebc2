//! `rumormill proxy` as its clients meet it, before a real `redis-server`.
//!
//! Without a `redis-server` on the machine these tests say so and pass.

#[path = "../serve/client.rs"]
mod client;
mod hostile;
mod imposter;
mod linearizable;
mod outage;
#[path = "../serve/process.rs"]
mod process;
mod proxy;
mod stories;
mod twin;
mod upstream;
