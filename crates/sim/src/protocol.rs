//! The types of what the processes of a system exchange.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use history::{Data, Object, Register};
use serde::{Deserialize, Serialize};

/// What the processes of a system send, what their clients operate on, and what they claim. The
/// implementing type is only a name and has no values.
///
/// Usually that is [`Types`]:
///
/// ```
/// # type Message = u64;
/// # type Timer = ();
/// type Protocol = sim::Types<Message, Timer>;
/// ```
pub trait Protocol: Clone + Debug + PartialEq + Hash + 'static {
    /// What a process sends to another process.
    type Message: Data;
    /// What a process hands to itself when a timer runs out.
    type Timer: Data;
    /// What clients operate on.
    type Object: Object;
    /// What a process can claim about itself, such as "I hold lock L until T" or "my cached value
    /// is v7". A [checker](crate::Observer) can hold it against what is true.
    type Claim: Data;
}

/// A protocol, by its parts: messages, timers, the kind of object that clients operate on, claims.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Types<Message, Timer = (), O = Register, Claim = NoClaim>(
    PhantomData<fn(Message, Timer, O, Claim)>,
);

impl<Message, Timer, O, Claim> Protocol for Types<Message, Timer, O, Claim>
where
    Message: Data + 'static,
    Timer: Data + 'static,
    O: Object,
    Claim: Data + 'static,
{
    type Message = Message;
    type Timer = Timer;
    type Object = O;
    type Claim = Claim;
}

/// The claim of a process that claims nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NoClaim {}
