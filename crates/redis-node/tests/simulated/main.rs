//! A Redis server in a small world: clients and a nemesis that follow a script.

mod connections;
mod durability;
mod eviction;
mod expiry;
mod scripts;
mod service_time;
mod stage;
