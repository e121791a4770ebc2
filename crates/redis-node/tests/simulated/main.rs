//! A Redis server in a small world: clients that send what they are told, when they are told, and a
//! nemesis that does the same.

mod connections;
mod durability;
mod eviction;
mod expiry;
mod scripts;
mod service_time;
mod stage;
