//! `rumormill serve` as its clients meet it.

#[path = "../spawned/client.rs"]
mod client;
mod clients;
mod faults;
mod hostile;
mod lifecycle;
#[path = "../spawned/process.rs"]
mod process;
mod server;
