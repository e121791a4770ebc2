//! What runs on a node.

use std::fmt::Debug;
use std::hash::Hash;

use history::{Key, NodeId};
use serde::Serialize;

use crate::{Context, Identifier, Protocol};

/// What a process sends.
pub type MessageOf<P> = <<P as Process>::Protocol as Protocol>::Message;
/// What a process hands to itself when a timer runs out.
pub type TimerOf<P> = <<P as Process>::Protocol as Protocol>::Timer;

/// What the clients of a process operate on.
pub type ObjectOf<P> = <<P as Process>::Protocol as Protocol>::Object;

/// A protocol participant: a value with one entry point.
///
/// It is *sans-IO*: it reaches the outside through its [`Context`] only, so the same code runs in
/// the simulator, under an explorer that tries every order of events, and over real sockets.
///
/// ```
/// use history::{NodeId, Span};
/// use sim::{Context, Input, Keep, Process, Types};
///
/// /// Answers every number with the next one.
/// #[derive(Clone, Debug, Hash)]
/// struct Successor;
///
/// impl Process for Successor {
///     type Protocol = Types<u64>;
///
///     fn handle(&mut self, cx: &mut Context<'_, Types<u64>>, input: Input<Types<u64>>) {
///         if let Input::Message { from, message } = input {
///             cx.send(from, message + 1);
///         }
///     }
///
///     fn crash(self, _: Keep) -> Self {
///         self
///     }
/// }
///
/// let mut sandbox = sim::Sandbox::default();
/// let from = NodeId(1);
/// Successor.handle(&mut sandbox.context(), Input::Message { from, message: 41 });
/// assert_eq!(sandbox.take_effects(), [sim::Effect::Send { to: from, message: 42 }]);
/// ```
pub trait Process: Clone + Debug + Hash {
    /// What it exchanges with other nodes and with itself.
    type Protocol: Protocol;

    /// Reacts to `input`. All effects go into `cx`, and apply in the order in which they are
    /// pushed.
    fn handle(&mut self, cx: &mut Context<'_, Self::Protocol>, input: Input<Self::Protocol>);

    /// What is left after a crash. Timers and connections are gone by themselves. The process is
    /// handed [`Input::Start`] when its node starts again.
    #[must_use]
    fn crash(self, keep: Keep) -> Self;

    /// How many bytes a message holds outside of itself, such as the items of a list: a world
    /// counts them, so that its [limit of memory](crate::Limits::memory) holds. Nothing, for
    /// messages that own no memory.
    #[must_use]
    fn payload(_: &MessageOf<Self>) -> usize {
        0
    }

    /// Tells what makes the state of the process differ from others, for
    /// [`World::fingerprint`](crate::World::fingerprint). By default everything that the process
    /// hashes, as it stands: that is right for every process, but then states at different times
    /// are never equal. A process whose state holds neither absolute times nor ids of operations,
    /// timers or connections can say `self.hash(into)`; one that does can name them by
    /// [`Identity`](crate::Identity).
    fn identify(&self, into: &mut Identifier<'_>) {
        into.as_it_stands(self);
    }

    /// As [`identify`](Self::identify), for a message.
    fn identify_message(message: &MessageOf<Self>, into: &mut Identifier<'_>) {
        into.as_it_stands(message);
    }

    /// As [`identify`](Self::identify), for a timer.
    fn identify_timer(timer: &TimerOf<Self>, into: &mut Identifier<'_>) {
        into.as_it_stands(timer);
    }
}

/// What survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// What the process had made durable.
    Durable,
    /// Nothing: the disk is gone too.
    Nothing,
    /// What another machine had of it, which takes its place: a failover.
    Replica,
}

/// What happens to a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<P: Protocol> {
    /// The node starts, for the first time or after a crash.
    Start,
    /// A message arrives. From [`NodeId::WORLD`] it is a word of the operator (the nemesis), which
    /// does not pass through the network.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: P::Message,
    },
    /// A timer that was set, and not cancelled, has run out.
    Timer(P::Timer),
    /// A message of this node was lost on a link that reports losses.
    Undelivered {
        /// For whom it was.
        to: NodeId,
        /// The message, as it was sent.
        message: P::Message,
    },
    /// A stream connection broke. What was in flight on it, both ways, is lost.
    ConnectionLost {
        /// The other end.
        peer: NodeId,
        /// The number of the connection that broke: the first between two nodes has number 0.
        epoch: u32,
    },
}

/// A process waits for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// For whom.
    pub on: NodeId,
    /// For what, such as "a promise".
    pub what: String,
    /// To do with which key, if with one.
    pub key: Option<Key>,
}
