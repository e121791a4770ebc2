//! A deterministic discrete-event simulator for message-passing protocols.
//!
//! A [`World`] holds nodes, the network between them, their clocks, and one queue of what is going
//! to happen, in a total order: by time, and among things of the same time in the order in which
//! they were scheduled. Nothing ticks; time jumps from one happening to the next.
//!
//! What runs on a node is a [`Process`]: a plain value that is handed an [`Input`] and pushes
//! effects into a [`Context`]. It sees no socket, no clock but the one in its context, and no
//! random numbers: where something is to be decided by chance it asks, and the answer comes through
//! the one door that all chance comes through ([`Choices`]). What goes wrong on purpose is ordered
//! by the [`Nemesis`], which is part of the world.
//!
//! Everything that happens is an [`Event`]. Observers ([`Observer`]) see the events and never talk
//! back, so a run is the same whether or not it is recorded, checked or counted.
//!
//! Invariants
//! 1. A run is a function of the world as built and of the answers of its [`Choices`].
//! 2. Every answer is an event, or the `fate` in a `send` event: the events alone suffice to run
//!    the world again.
//! 3. The answers on one link or node do not depend on how many others there are, nor on what is
//!    asked there for other purposes.
//! 4. An event costs the same however many nodes there are; only the queue grows, logarithmically,
//!    with what is in flight.

#![deny(clippy::float_arithmetic)]

pub mod choice;
mod clock;
mod context;
mod edit;
mod enumerated;
mod event;
mod identity;
mod nemesis;
pub mod network;
mod node;
mod observer;
mod path;
mod process;
mod protocol;
mod queue;
mod timers;
mod world;

pub use choice::{Choices, Seeded, StreamId};
pub use clock::{Clock, LocalTime, WallTime};
pub use context::{ActionOf, Context, Effect, ObservationOf, Question, Sandbox, TimerId};
pub use edit::{Address, Answer, Edit, Edited, ParseEditError};
pub use enumerated::{Enumerated, Faults, other_answers};
pub use event::{Event, Kind, MessageId};
pub use identity::{Identifier, Identity};
pub use nemesis::{Command, Nemesis, NemesisContext};
pub use network::{Chance, Delay, Endpoint, Fate, LinkRule, Loss, Order, Report, Role, Transport};
pub use node::NodeSpec;
pub use observer::{EventDigest, Observer};
pub use path::{Orders, Path, PathError, PathStep, Script, Scripted};
pub use process::{Input, Keep, MessageOf, ObjectOf, Process, TimerOf, Waiting};
pub use protocol::{NoClaim, Protocol, Types};
pub use world::{Branch, CannotTake, Choice, Ending, Holdings, Limits, Pending, Upcoming, World};
