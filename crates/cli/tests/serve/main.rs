//! `rumormill serve` as its clients meet it.

mod account;
mod attacks;
mod client;
mod clients;
mod faults;
mod hostile;
mod innocent;
mod lifecycle;
mod neighbours;
mod process;
mod scripts;
mod server;
