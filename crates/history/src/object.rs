//! Operations on shared objects, whatever their kind, and how they end.
//!
//! An object is named by a [`Key`]. A client *invokes* an operation on it once and the operation
//! *returns* at most once. What clients can ask, and what they learn from an answer, is up to the
//! kind of [`Object`]: [`Register`], [`Lock`](crate::lock::Lock) and [`Queue`](crate::queue::Queue)
//! are here, and a system can define its own.

use std::fmt::Debug;
use std::hash::Hash;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Key, NodeId, Observation, OpId, Register, Time};

/// What an event can carry: it can be copied, compared, hashed, and written to a recording and read
/// back. Every type with these traits has this one.
pub trait Data: Clone + Debug + PartialEq + Hash + Serialize + DeserializeOwned {}

impl<T: Clone + Debug + PartialEq + Hash + Serialize + DeserializeOwned> Data for T {}

/// A kind of shared object. The implementing type is only a name and has no values.
///
/// ```
/// use history::{Completion, Invoke, Key, NodeId, Object, OpId, Return};
///
/// /// A counter that clients increment and read.
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
/// enum Counter {}
///
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
/// enum Action {
///     Increment,
///     Read,
/// }
///
/// impl Object for Counter {
///     type Action = Action;
///     type Observation = u64;
///
///     fn is_write(action: &Action) -> bool {
///         *action == Action::Increment
///     }
/// }
///
/// let op = OpId { client: NodeId(0), ordinal: 0 };
/// let begun: Invoke<Counter> = Invoke { op, key: Key(0), action: Action::Read };
/// let ended: Return<Counter> = Return { op, completion: Completion::Ok(3) };
/// assert_eq!((begun.op, ended.completion), (op, Completion::Ok(3)));
/// ```
pub trait Object: Copy + Debug + PartialEq + Eq + Hash + 'static {
    /// What a client asks of the object.
    type Action: Data;
    /// What an operation learned of the object.
    type Observation: Data;

    /// Whether an action counts as a write when it succeeds. Scenario files time faults by writes.
    fn is_write(action: &Self::Action) -> bool;
}

/// A kind of object that has the objects of kind `O` among its own.
///
/// A system whose clients use locks and registers defines an object whose actions are one or the
/// other, and implements this for both. A checker of locks then sees the operations on locks.
pub trait Includes<O: Object>: Object {
    /// Whether every operation is one on an `O`.
    const IS_ALL: bool = false;

    /// The action, if it is one on an `O`.
    fn action(action: &Self::Action) -> Option<O::Action>;

    /// The observation, if it is one of an `O`.
    fn observation(observation: &Self::Observation) -> Option<O::Observation>;
}

impl<O: Object> Includes<O> for O {
    const IS_ALL: bool = true;

    #[inline]
    fn action(action: &O::Action) -> Option<O::Action> {
        Some(action.clone())
    }

    #[inline]
    fn observation(observation: &O::Observation) -> Option<O::Observation> {
        Some(observation.clone())
    }
}

/// Defines a kind of object that is one of several kinds, for a system whose clients use more than
/// one. The first name is that of the kind; in brackets are those of its actions and observations.
/// A variant stands for each kind.
///
/// ```
/// use history::lock::{self, Lock};
/// use history::{Includes, Register};
///
/// history::one_of! {
///     /// The locks and registers of a system.
///     pub enum Shared(SharedAction, SharedObservation) {
///         Lock(Lock),
///         Register(Register),
///     }
/// }
///
/// let action = SharedAction::Lock(lock::Action::Release);
/// assert_eq!(<Shared as Includes<Lock>>::action(&action), Some(lock::Action::Release));
/// assert_eq!(<Shared as Includes<Register>>::action(&action), None);
/// ```
#[macro_export]
macro_rules! one_of {
    (
        $(#[$about:meta])*
        $vis:vis enum $name:ident($action:ident, $observation:ident) {
            $($kind:ident($object:ty)),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name {}

        /// What a client asks of an object.
        #[derive(Clone, Debug, PartialEq, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        $vis enum $action {
            $(#[doc = concat!("Of a ", stringify!($kind), ".")]
            $kind(<$object as $crate::Object>::Action),)+
        }

        /// What an operation learned of an object.
        #[derive(Clone, Debug, PartialEq, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        $vis enum $observation {
            $(#[doc = concat!("Of a ", stringify!($kind), ".")]
            $kind(<$object as $crate::Object>::Observation),)+
        }

        impl $crate::Object for $name {
            type Action = $action;
            type Observation = $observation;

            fn is_write(action: &$action) -> bool {
                match action {
                    $($action::$kind(action) => <$object as $crate::Object>::is_write(action),)+
                }
            }
        }

        $(
            impl $crate::Includes<$object> for $name {
                fn action(action: &$action) -> Option<<$object as $crate::Object>::Action> {
                    match action {
                        $action::$kind(action) => Some(action.clone()),
                        _ => None,
                    }
                }

                fn observation(
                    observation: &$observation,
                ) -> Option<<$object as $crate::Object>::Observation> {
                    match observation {
                        $observation::$kind(observation) => Some(observation.clone()),
                        _ => None,
                    }
                }
            }
        )+
    };
}

/// How an operation ended, as its client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completion<S = Observation> {
    /// It took effect. A read observed this; a write or a deletion made this.
    Ok(S),
    /// It changed nothing, because the object was not in the state that the operation needs. It
    /// observed this: what a compare-and-set found instead of what it expected, for example.
    Refused(S),
    /// It certainly had no effect, and observed nothing.
    Failed,
    /// The client cannot know: the operation may have taken effect, may still do so at any later
    /// time, or never.
    Unknown,
}

impl<S> Completion<S> {
    /// The same ending with another kind of observation; `None` if `change` finds none.
    pub fn filter_map<R>(&self, change: impl FnOnce(&S) -> Option<R>) -> Option<Completion<R>> {
        Some(match self {
            Completion::Ok(seen) => Completion::Ok(change(seen)?),
            Completion::Refused(seen) => Completion::Refused(change(seen)?),
            Completion::Failed => Completion::Failed,
            Completion::Unknown => Completion::Unknown,
        })
    }
}

/// A client begins an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Invoke<O: Object = Register> {
    /// Its name.
    pub op: OpId,
    /// On which object.
    pub key: Key,
    /// What it asks.
    pub action: O::Action,
}

/// An operation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Return<O: Object = Register> {
    /// Which one.
    pub op: OpId,
    /// How.
    pub completion: Completion<O::Observation>,
}

/// One step of a history.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", bound = "")]
pub enum Step<O: Object = Register> {
    /// An operation begins.
    Invoke(Invoke<O>),
    /// An operation ends.
    Return(Return<O>),
    /// A client crashed: how its open operation ended will never be known.
    Gone(NodeId),
}

/// A step, and when it happened. A history is a list of entries in the order in which they
/// happened; entries of the same time are in that order too.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Entry<O: Object = Register> {
    /// When.
    pub at: Time,
    /// What.
    pub step: Step<O>,
}

// A derive would ask these of `O` alone.
impl<O: Object> Copy for Step<O>
where
    Invoke<O>: Copy,
    Return<O>: Copy,
{
}
impl<O: Object> Eq for Step<O>
where
    Invoke<O>: Eq,
    Return<O>: Eq,
{
}
impl<O: Object> Copy for Entry<O> where Step<O>: Copy {}
impl<O: Object> Eq for Entry<O> where Step<O>: Eq {}
