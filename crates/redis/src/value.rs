//! The values of keys, which have one of five types.
//!
//! Each type is a persistent collection: a copy shares the data that neither side changes. No key
//! has an empty collection: [`Keyspace`](crate::Keyspace) removes a key with the last element of
//! its value.

mod fields;
mod list;
pub(crate) mod memory;
mod score;
mod set;
mod sorted_set;

pub use self::fields::Fields;
pub(crate) use self::list::End;
pub use self::list::List;
pub use self::score::Score;
pub(crate) use self::score::strtod;
pub use self::set::Set;
pub use self::sorted_set::SortedSet;

use crate::{Blob, ErrorReply};

/// A value, by its type.
///
/// ```
/// use redis::{Blob, Value};
///
/// let value = Value::from(Blob::from("owner"));
/// assert_eq!(value.type_name(), "string");
/// assert_eq!(value.as_string(), Some(&Blob::from("owner")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A binary-safe string.
    String(Blob),
    /// Strings in an order that clients choose.
    List(List),
    /// Fields, each with a string.
    Hash(Fields),
    /// Unique strings.
    Set(Set),
    /// Unique strings, ordered by a score.
    SortedSet(SortedSet),
}

impl Value {
    /// The name of its type, as in `TYPE`.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Value::String(_) => "string",
            Value::List(_) => "list",
            Value::Hash(_) => "hash",
            Value::Set(_) => "set",
            Value::SortedSet(_) => "zset",
        }
    }

    /// The string, if the value is one.
    #[must_use]
    pub fn as_string(&self) -> Option<&Blob> {
        Blob::of(self)
    }

    /// How many bytes of memory it takes, besides its place: see [`memory`].
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Value::String(string) => memory::text(string),
            Value::List(list) => list.bytes(),
            Value::Hash(fields) => fields.bytes(),
            Value::Set(set) => set.bytes(),
            Value::SortedSet(set) => set.bytes(),
        }
    }

    /// Whether it is a collection without elements, which no key may have.
    pub(crate) fn is_empty_collection(&self) -> bool {
        match self {
            Value::String(_) => false,
            Value::List(list) => list.is_empty(),
            Value::Hash(fields) => fields.is_empty(),
            Value::Set(set) => set.is_empty(),
            Value::SortedSet(set) => set.is_empty(),
        }
    }

    /// The value as type `K`.
    ///
    /// # Errors
    /// "WRONGTYPE" if it is of another type.
    #[inline]
    pub(crate) fn expect<K: Kind>(&self) -> Result<&K, ErrorReply> {
        K::of(self).ok_or(ErrorReply::wrong_type())
    }

    /// As [`Value::expect`], but mutable.
    #[inline]
    pub(crate) fn expect_mut<K: Kind>(&mut self) -> Result<&mut K, ErrorReply> {
        K::of_mut(self).ok_or(ErrorReply::wrong_type())
    }
}

/// The contents of a [`Value`] of one type. Commands for one type use it with `Keyspace::read_as`,
/// which refuses all other types.
pub(crate) trait Kind: Sized + Default + Into<Value> {
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
}

macro_rules! kinds {
    ($($variant:ident($kind:ty)),* $(,)?) => {$(
        impl Kind for $kind {
            #[inline]
            fn of(value: &Value) -> Option<&$kind> {
                match value {
                    Value::$variant(kind) => Some(kind),
                    _ => None,
                }
            }

            #[inline]
            fn of_mut(value: &mut Value) -> Option<&mut $kind> {
                match value {
                    Value::$variant(kind) => Some(kind),
                    _ => None,
                }
            }
        }

        impl From<$kind> for Value {
            fn from(kind: $kind) -> Value {
                Value::$variant(kind)
            }
        }
    )*};
}

kinds!(String(Blob), List(List), Hash(Fields), Set(Set), SortedSet(SortedSet));
