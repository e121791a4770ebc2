//! The network: what can happen to a message between two nodes.
//!
//! A link goes one way, from one node to another, and has a [`LinkRule`]. On a *datagram* link each
//! message fares for itself: lost, delivered, delivered twice, reordered. On a *stream* link, which
//! is what a TCP connection gives, messages arrive in order and once; loss breaks the connection,
//! which kills what is in flight both ways, and both ends are informed. Requests and replies are
//! links of their own, so a reply can be lost after the server has applied the command.
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

/// Whether the sender of a lost datagram is informed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// It has to find out by a timeout.
    #[default]
    Silent,
    /// It learns at once, as from a refused connection.
    Reported,
}

/// Whether datagrams can be reordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A message with a short delay arrives before an older one with a long delay.
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
    /// Whether the sender of a lost datagram is informed.
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
    /// It arrives after this time.
    Delivered(#[serde(with = "nanoseconds")] Span),
    /// It arrives twice, after these times, in either order.
    Duplicated(#[serde(with = "nanoseconds")] Span, #[serde(with = "nanoseconds")] Span),
    /// It is held until it is released, and its fate is decided then.
    Held,
}

/// How a span stands in a recording, like all times there.
mod nanoseconds {
    use history::Span;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(span.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        u64::deserialize(from).map(Span)
    }
}

/// What is drawn for a message of a link: whether each fault happens to it, and how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// How long the message takes.
    pub(crate) after: Span,
    /// How long its copy takes, if there is one.
    pub(crate) copy_after: Span,
    pub(crate) lost: bool,
    pub(crate) duplicated: bool,
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
    /// How many messages of the link had their fate drawn.
    drawn: u32,
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
    /// All fates of the link, for a source that knows better than the rule.
    fates: StreamId,
}

impl Link {
    pub(crate) fn new<C: Choices>(
        choices: &mut C,
        rule: LinkRule,
        life: u32,
        (from, to): (&str, &str),
    ) -> Link {
        let name = format!("{from}->{to}");
        let fates = choices.fates_of(&name);
        let mut stream = |purpose, used| {
            if used { choices.stream(purpose, &name) } else { UNUSED }
        };
        let streams = Streams {
            fates,
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
            drawn: 0,
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
        if self.only_delays {
            return Fate::Delivered(self.rule.delay.draw(choices, self.streams.delay));
        }
        // Each fate in an arm of its own: handed on as a whole it would have to be copied.
        match self.draw_with_faults(choices, now) {
            Fate::Dropped(why) => Fate::Dropped(why),
            Fate::Delivered(after) => Fate::Delivered(after),
            Fate::Duplicated(one, other) => Fate::Duplicated(one, other),
            Fate::Held => Fate::Held,
        }
    }

    #[inline(never)]
    fn draw_with_faults<C: Choices>(&mut self, choices: &mut C, now: Time) -> Fate {
        let drawn = self.draw(choices);
        self.settle(drawn, now)
    }

    /// Takes the next answers to all questions that the rule has about a message.
    pub(crate) fn draw<C: Choices>(&self, choices: &mut C) -> Drawn {
        let LinkRule { delay, loss, duplicate, .. } = self.rule;
        let after = delay.draw(choices, self.streams.delay);
        let lost = loss.strikes(choices, self.streams.loss);
        let (duplicated, copy_after) = if duplicate > Chance::NEVER {
            let duplicated = duplicate.strikes(choices, self.streams.duplicate);
            (duplicated, delay.draw(choices, self.streams.second_delay))
        } else {
            (false, after)
        };
        Drawn { after, copy_after, lost, duplicated }
    }

    /// The fate that comes of what was drawn for a message that is sent `now`.
    pub(crate) fn settle(&self, drawn: Drawn, now: Time) -> Fate {
        let Drawn { after, copy_after, lost, duplicated } = drawn;
        if lost {
            return Fate::Dropped(match self.rule.transport {
                Transport::Datagram => Loss::Network,
                Transport::Stream => Loss::Connection,
            });
        }
        let in_order = self.is_in_order();
        let earliest = if in_order { self.last_arrival.since(now) } else { Span::ZERO };
        let after = after.max(earliest);
        if duplicated && !self.is_stream() {
            let copy_after = if in_order { copy_after.max(after) } else { copy_after };
            Fate::Duplicated(after, copy_after)
        } else {
            Fate::Delivered(after)
        }
    }

    /// Whether the link is a connection.
    pub(crate) fn is_stream(&self) -> bool {
        self.rule.transport == Transport::Stream
    }

    /// Whether messages arrive in the order in which they were sent.
    pub(crate) fn is_in_order(&self) -> bool {
        self.is_stream() || self.rule.order == Order::Fifo
    }

    /// Whether the link knows when the last of its messages arrives.
    pub(crate) fn notes_arrivals(&self) -> bool {
        !self.only_delays
    }

    /// The stream of the fates of this link.
    pub(crate) fn fates(&self) -> StreamId {
        self.streams.fates
    }

    /// How many messages of the link had their fate drawn before.
    #[inline(always)]
    pub(crate) fn drawn(&self) -> u32 {
        self.drawn
    }

    /// Notes that the fate of a message that is sent `now` was drawn, or taken from a recording. On
    /// a link that keeps the order, no message that is sent later arrives earlier.
    #[inline(always)]
    pub(crate) fn note(&mut self, fate: Fate, now: Time) {
        self.drawn = self.drawn.wrapping_add(1);
        if self.only_delays {
            return;
        }
        if let Fate::Delivered(last) | Fate::Duplicated(_, last) = fate {
            self.last_arrival = self.last_arrival.max(now + last);
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
pub(crate) const UNUSED: StreamId = StreamId(u32::MAX);
