//! `rumormill serve` as its clients meet it.

mod client;
mod clients;
mod faults;
mod hostile;
mod lifecycle;
mod neighbours;
mod process;
mod server;
