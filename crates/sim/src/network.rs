//! The network: what can happen to a message between two nodes.
//!
//! A link goes one way, from one node to another, and has a [`LinkRule`]. On a *datagram* link each
//! message fares for itself: lost, delivered, delivered twice, overtaken. On a *stream* link, which
//! is what a TCP connection gives, messages arrive in order and once; loss breaks the connection,
//! which kills what is in flight both ways, and both ends are told. Requests and replies are links
//! of their own, so a reply can be lost after the server has applied the command.
//!
//! The n-th message of a link always takes the n-th answer for each purpose that the rule has a use
//! for, whether or not it gets lost: switching loss off leaves every delay as it was. (A message
//! that meets a partition does not get as far as that, and takes none.)

use history::{NodeId, Span, Time};
use serde::{Deserialize, Serialize};

use crate::{Choices, StreamId};

/// A probability in parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chance(u32);

impl Chance {
    /// Never.
    pub const NEVER: Chance = Chance(0);
    const CERTAIN_PPM: u32 = 1_000_000;

    /// So many parts per million; `None` above a million.
    #[must_use]
    pub fn from_ppm(ppm: u32) -> Option<Chance> {
        (ppm <= Self::CERTAIN_PPM).then_some(Chance(ppm))
    }

    /// In parts per million.
    #[must_use]
    pub fn ppm(self) -> u32 {
        self.0
    }

    /// Whether it happens this time: the next answer of the stream, or no question at all if it
    /// never does.
    #[inline]
    pub fn strikes<C: Choices>(self, choices: &mut C, stream: StreamId) -> bool {
        self.0 > 0 && choices.draw(stream, u64::from(Self::CERTAIN_PPM)) < u64::from(self.0)
    }
}

/// How long a message is under way: at least `min`, less than `max`; exactly `min` if they are
/// equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Delay {
    /// The shortest.
    pub min: Span,
    /// The first that is too long.
    pub max: Span,
}

impl Delay {
    /// How long it is this time: the next answer of the stream, or no question at all if there is
    /// only one length.
    #[inline]
    pub fn draw<C: Choices>(self, choices: &mut C, stream: StreamId) -> Span {
        match self.max.0.saturating_sub(self.min.0) {
            0 => self.min,
            width => Span(self.min.0 + choices.draw(stream, width)),
        }
    }
}

/// What a link carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Messages, each for itself.
    #[default]
    Datagram,
    /// A connection: in order, once, or broken.
    Stream,
}

/// Whether the sender of a lost datagram is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// It has to find out by a timeout.
    #[default]
    Silent,
    /// It learns at once, as from a refused connection.
    Reported,
}

/// Whether datagrams can overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A message with a short delay overtakes one with a long delay.
    #[default]
    Free,
    /// First in, first out.
    Fifo,
}

/// How a link treats messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkRule {
    /// Datagrams or a stream.
    pub transport: Transport,
    /// How long a message takes.
    pub delay: Delay,
    /// How often a datagram is lost, or a stream breaks, per message.
    pub loss: Chance,
    /// Who hears of a lost datagram.
    pub report: Report,
    /// How often a datagram arrives twice. The copy has a delay of its own.
    pub duplicate: Chance,
    /// Whether datagrams keep their order.
    pub order: Order,
}

impl LinkRule {
    /// From now on nothing is lost, or arrives twice.
    pub(crate) fn mend(&mut self) {
        self.loss = Chance::NEVER;
        self.duplicate = Chance::NEVER;
    }

    /// Whether nothing can happen to a message but a delay.
    fn only_delays(&self) -> bool {
        self.loss == Chance::NEVER
            && self.duplicate == Chance::NEVER
            && self.transport == Transport::Datagram
            && self.order == Order::Free
    }
}

/// What kind of node this is, as a number of the scenario's choosing; rules can speak of all nodes
/// of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Role(pub u16);

/// One end, or many, of the links that a rule or a partition speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// Every node.
    Any,
    /// Every node of this role.
    Role(Role),
    /// This node.
    Node(NodeId),
}

impl Endpoint {
    #[inline]
    pub(crate) fn includes(self, node: NodeId, role: Role) -> bool {
        match self {
            Endpoint::Any => true,
            Endpoint::Role(r) => r == role,
            Endpoint::Node(n) => n == node,
        }
    }
}

/// Why a message does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The network lost it.
    Network,
    /// A partition is in the way.
    Partition,
    /// Its connection broke.
    Connection,
    /// The node that it was for crashed meanwhile, or is down.
    NodeDown,
}

/// What the network does with a message, decided when it is sent.
//
// The tag is as wide as the fields, here and in the other enums that every event passes through:
// with a narrow one the compiler copies the fields from odd addresses, across the stores that wrote
// them, and the processor stalls on each copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u64)]
pub enum Fate {
    /// It will never arrive.
    Dropped(Loss),
    /// It arrives at this time.
    Delivered(Time),
    /// It arrives twice, at these times, in either order.
    Duplicated(Time, Time),
    /// It is kept back until it is released, and its fate decided then.
    Held,
}

/// The way from one node to another.
#[derive(Clone, Debug)]
pub struct Link {
    pub(crate) rule: LinkRule,
    /// The present life of the receiver: a message that is sent now is meant for that.
    pub(crate) life: u32,
    /// The number of the present connection; on a datagram link, of the sender's present life.
    pub(crate) epoch: u32,
    /// What was sent on an earlier connection than this does not arrive.
    pub(crate) void_below: u32,
    /// When the last message that keeps its order arrives: none may arrive before.
    pub(crate) last_arrival: Time,
    streams: Streams,
    /// Whether nothing can happen to a message but a delay.
    only_delays: bool,
}

/// A stream of answers for each thing that can happen to a message of a link.
#[derive(Clone, Copy, Debug)]
struct Streams {
    delay: StreamId,
    loss: StreamId,
    duplicate: StreamId,
    second_delay: StreamId,
}

impl Link {
    pub(crate) fn new<C: Choices>(
        choices: &mut C,
        rule: LinkRule,
        life: u32,
        (from, to): (&str, &str),
    ) -> Link {
        let name = format!("{from}->{to}");
        let mut stream = |purpose, used| {
            if used { choices.stream(purpose, &name) } else { UNUSED }
        };
        let streams = Streams {
            delay: stream("delay", rule.delay.max > rule.delay.min),
            loss: stream("loss", rule.loss > Chance::NEVER),
            duplicate: stream("duplicate", rule.duplicate > Chance::NEVER),
            second_delay: stream("second-delay", rule.duplicate > Chance::NEVER),
        };
        Link {
            rule,
            life,
            epoch: 0,
            void_below: 0,
            last_arrival: Time::ZERO,
            streams,
            only_delays: rule.only_delays(),
        }
    }

    /// From now on nothing is lost, or arrives twice.
    pub(crate) fn mend(&mut self) {
        self.rule.mend();
        self.only_delays = self.rule.only_delays();
    }

    /// Draws what happens to the next message, by the rule of the link.
    #[inline(always)]
    pub(crate) fn draw_fate<C: Choices>(&mut self, choices: &mut C, now: Time) -> Fate {
        let arrival = now + self.rule.delay.draw(choices, self.streams.delay);
        if self.only_delays {
            return Fate::Delivered(arrival);
        }
        // Each fate in an arm of its own: handed on as a whole it would have to be copied.
        match self.draw_faults(choices, now, arrival) {
            Fate::Dropped(why) => Fate::Dropped(why),
            Fate::Delivered(at) => Fate::Delivered(at),
            Fate::Duplicated(one, other) => Fate::Duplicated(one, other),
            Fate::Held => Fate::Held,
        }
    }

    #[inline(never)]
    fn draw_faults<C: Choices>(&mut self, choices: &mut C, now: Time, arrival: Time) -> Fate {
        let LinkRule { transport, delay, loss, duplicate, order, .. } = self.rule;
        let lost = loss.strikes(choices, self.streams.loss);
        let second = (duplicate > Chance::NEVER).then(|| {
            let strikes = duplicate.strikes(choices, self.streams.duplicate);
            let arrival = now + delay.draw(choices, self.streams.second_delay);
            strikes.then_some(arrival)
        });
        if lost {
            return Fate::Dropped(match transport {
                Transport::Datagram => Loss::Network,
                Transport::Stream => Loss::Connection,
            });
        }
        let in_order = transport == Transport::Stream || order == Order::Fifo;
        let after = |last: Time, arrival| if in_order { last.max(arrival) } else { arrival };
        let arrival = after(self.last_arrival, arrival);
        match second.flatten() {
            Some(second) if transport == Transport::Datagram => {
                Fate::Duplicated(arrival, after(arrival, second))
            }
            _ => Fate::Delivered(arrival),
        }
    }

    /// Notes when a message arrives, which was drawn or stands in a recording: in order, none that
    /// is sent later arrives earlier.
    #[inline(always)]
    pub(crate) fn note(&mut self, fate: Fate) {
        if self.only_delays {
            return;
        }
        if let Fate::Delivered(last) | Fate::Duplicated(_, last) = fate {
            self.last_arrival = self.last_arrival.max(last);
        }
    }

    /// The connection ends; the next message travels on a new one. What is in flight arrives.
    pub(crate) fn end_connection(&mut self) {
        self.epoch += 1;
        self.last_arrival = Time::ZERO;
    }

    /// The connection breaks: it ends, and what is in flight is lost.
    pub(crate) fn break_connection(&mut self) {
        self.end_connection();
        self.void_below = self.epoch;
    }
}

/// A stream that the rule of the link has no use for, and so never reads.
const UNUSED: StreamId = StreamId(u32::MAX);
