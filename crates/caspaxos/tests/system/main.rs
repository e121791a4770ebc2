//! CASPaxos as a system: whole runs of scenarios, and what can be said of all of them.

mod choices;
mod controls;
mod crashes;
mod explanations;
mod invariant;
mod membership;
mod orchestration;
mod reads;
mod replay;
mod scripts;
mod stage;
mod variants;
