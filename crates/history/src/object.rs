//! Operations on shared objects of any kind, and their outcomes.
//!
//! An object is named by a [`Key`]. A client *invokes* an operation on it once and the operation
//! *returns* at most once. The kind of [`Object`] defines the actions and observations:
//! [`Register`], [`Lock`](crate::lock::Lock) and [`Queue`](crate::queue::Queue) are here, and a
//! system can define its own.

use std::fmt::Debug;
use std::hash::Hash;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Key, NodeId, Observation, OpId, Register, Time};

/// A type that an event can carry. It can be copied, compared, hashed, written to a recording and
/// read back. Every type with these traits implements this trait.
pub trait Data: Clone + Debug + PartialEq + Hash + Serialize + DeserializeOwned {}

impl<T: Clone + Debug + PartialEq + Hash + Serialize + DeserializeOwned> Data for T {}

/// A kind of shared object. The implementing type is a marker without values.
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
    /// The actions that a client can invoke.
    type Action: Data;
    /// The result that an operation returns.
    type Observation: Data;

    /// Whether an action counts as a write when it succeeds. Scenario files time faults by writes.
    fn is_write(action: &Self::Action) -> bool;
}

/// A kind of object that includes the objects of kind `O`.
///
/// A system whose clients use locks and registers defines one kind of object for both, and
/// implements this trait for each of them. A checker of locks then sees only the operations on
/// locks.
pub trait Includes<O: Object>: Object {
    /// Whether every operation is on an `O`.
    const IS_ALL: bool = false;

    /// The action, if it is on an `O`.
    fn action(action: &Self::Action) -> Option<O::Action>;

    /// The observation, if it is of an `O`.
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

/// Defines a kind of object that combines several kinds, for a system whose clients use more than
/// one. The first name is that of the kind. The names in brackets are those of its actions and
/// observations. Each kind is one variant.
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

/// The outcome of an operation, as its client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completion<S = Observation> {
    /// The operation took effect. A read observed this. A write or a deletion made this.
    Ok(S),
    /// The operation changed nothing, because the object was not in the state that the operation
    /// needs. It observed this state. For example, a compare-and-set found this state instead of
    /// the expected one.
    Refused(S),
    /// The operation had no effect, and observed nothing.
    Failed,
    /// The outcome is unknown to the client. The operation may have taken effect, may take effect
    /// at any later time, or may never take effect.
    Unknown,
}

impl<S> Completion<S> {
    /// Maps the observation. Returns `None` if `change` does.
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
    /// The operation.
    pub op: OpId,
    /// The object.
    pub key: Key,
    /// The action.
    pub action: O::Action,
}

/// An operation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Return<O: Object = Register> {
    /// The operation.
    pub op: OpId,
    /// The outcome.
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
    /// A client crashed. The outcome of its open operation stays unknown.
    Gone(NodeId),
}

/// A step and its time. A history is a list of entries in the order in which they happened. Entries
/// with the same time are in that order too.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Entry<O: Object = Register> {
    /// The time of the step.
    pub at: Time,
    /// The step.
    pub step: Step<O>,
}

// A derive would put these bounds on `O` alone.
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
