//! `rumormill serve` as its clients meet it.

mod clients;
mod faults;
mod hostile;
mod lifecycle;
mod server;
