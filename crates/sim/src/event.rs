//! What happens in a world, as observers see it and recordings hold it.

use std::borrow::Cow;

use history::{Digest, Invoke, NodeId, Return, Span, Time};
use serde::{Deserialize, Serialize};

use crate::{Command, Fate, Loss, Protocol, TimerId};

/// A message: counted from 0 over the whole run, in the order of sending. Both copies of a
/// duplicated message are the same message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub u64);

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Event<P: Protocol> {
    /// When, in true time.
    pub at: Time,
    /// The zero-based index of the event in the run. In a recording it is the place in the file,
    /// so it is not written down.
    #[serde(skip)]
    pub seq: u64,
    /// At which node; [`NodeId::WORLD`] if at none in particular.
    pub node: NodeId,
    /// What.
    pub kind: Kind<P>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", bound = "")]
#[repr(u64)]
pub enum Kind<P: Protocol> {
    /// The run begins; the first event of every run.
    Begin,
    /// The node starts, or starts again.
    Start,
    /// The node sends a message.
    Send {
        /// To whom.
        to: NodeId,
        /// Which message it is.
        id: MessageId,
        /// What the network does with it.
        fate: Fate,
        /// How many messages of the link had their fate drawn before. With the name of the link it
        /// is the address of the fate, unless a partition or a hold decided it.
        ordinal: u32,
        /// What it says.
        message: P::Message,
    },
    /// A message that was held gets its fate.
    Release {
        /// Which message.
        id: MessageId,
        /// What the network does with it.
        fate: Fate,
        /// How many messages of the link had their fate drawn before.
        ordinal: u32,
    },
    /// A message reaches the node, which handles it.
    Deliver {
        /// From whom.
        from: NodeId,
        /// Which message.
        id: MessageId,
    },
    /// A message that was under way to the node does not reach it.
    Lose {
        /// From whom.
        from: NodeId,
        /// Which message.
        id: MessageId,
        /// Why.
        why: Loss,
    },
    /// The node learns that a message of its own was lost.
    Undelivered {
        /// For whom it was.
        to: NodeId,
        /// Which message.
        id: MessageId,
    },
    /// The node's connection to a peer broke, and it learns of it.
    ConnectionLost {
        /// The other end.
        peer: NodeId,
        /// Which connection.
        epoch: u32,
    },
    /// A timer of the node runs out.
    Timer {
        /// Which.
        id: TimerId,
        /// What the process is handed.
        timer: P::Timer,
    },
    /// A question was answered.
    Chose {
        /// What it was about.
        purpose: Cow<'static, str>,
        /// Who asked, if that was not the node: a track of the nemesis.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Cow<'static, str>>,
        /// How many questions of that purpose were asked before under that name.
        ordinal: u32,
        /// The answer is below this.
        bound: u64,
        /// The answer.
        answer: u64,
    },
    /// The node is at work for so long before it goes on.
    Busy(Span),
    /// A client operation begins.
    Invoke(Invoke<P::Object>),
    /// A client operation ends.
    Return(Return<P::Object>),
    /// Something worth counting was reached.
    Mark(Cow<'static, str>),
    /// The nemesis gives an order, which is carried out at once.
    Nemesis(Command<P::Message>),
    /// An alarm of the nemesis goes off.
    Alarm(u32),
    /// The node claims something about itself.
    Claim(P::Claim),
}

impl<P: Protocol> Event<P> {
    /// Adds the canonical encoding of the event to a digest.
    ///
    /// Nearly all events are of two kinds. Theirs is laid out by hand, as the derived `Serialize`
    /// has it: inlined where such an event is made, it takes the fields from registers, and the
    /// event itself need not be put together in memory.
    #[inline(always)]
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        match &self.kind {
            Kind::Send { to, id, fate: Fate::Delivered(after), ordinal, message } => {
                let room = digest.room::<{ HEAD + 13 }>();
                self.lay_out_head(room, 2, *to, *id);
                room[HEAD] = 1;
                room[HEAD + 1..HEAD + 9].copy_from_slice(&after.0.to_le_bytes());
                room[HEAD + 9..].copy_from_slice(&ordinal.to_le_bytes());
                digest.add(message);
            }
            Kind::Deliver { from, id } => {
                self.lay_out_head(digest.room::<HEAD>(), 4, *from, *id);
            }
            _ => self.digest_other(digest),
        }
    }

    #[inline(never)]
    fn digest_other(&self, digest: &mut Digest) {
        digest.add(self);
    }

    #[inline(always)]
    fn lay_out_head<const N: usize>(
        &self,
        room: &mut [u8; N],
        kind: u8,
        peer: NodeId,
        id: MessageId,
    ) {
        room[0..8].copy_from_slice(&self.at.0.to_le_bytes());
        room[8..10].copy_from_slice(&self.node.0.to_le_bytes());
        room[10] = kind;
        room[11..13].copy_from_slice(&peer.0.to_le_bytes());
        room[13..HEAD].copy_from_slice(&id.0.to_le_bytes());
    }
}

/// The bytes of time, node, kind, peer and message.
const HEAD: usize = 21;
