//! The fields of a metatable that have a meaning.

use blob::Blob;

use crate::error::Result;
use crate::heap::Heap;
use crate::value::StringRef;

/// The events that metamethods handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metamethod {
    // These are looked up most. A table remembers which of them it lacks.
    Index,
    NewIndex,
    Equal,
    Call,
    // The rest.
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Negate,
    Length,
    Less,
    LessOrEqual,
    Concat,
    ToString,
    Metatable,
}

/// The names of all metamethods.
pub(crate) type Metamethods = [StringRef; NAMES.len()];

const NAMES: [&str; 17] = [
    "__index",
    "__newindex",
    "__eq",
    "__call",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__mod",
    "__pow",
    "__unm",
    "__len",
    "__lt",
    "__le",
    "__concat",
    "__tostring",
    "__metatable",
];

pub(crate) fn names(heap: &mut Heap) -> Result<Metamethods> {
    let mut names = [StringRef(0); NAMES.len()];
    for (place, name) in names.iter_mut().zip(NAMES) {
        *place = heap.new_string(Blob::from_static(name))?;
    }
    Ok(names)
}

impl Metamethod {
    /// The bit by which a table remembers that it lacks this metamethod. `None` if it does not
    /// remember it.
    pub(crate) const fn bit(self) -> Option<u8> {
        let number = self as u8;
        if number < 4 { Some(1 << number) } else { None }
    }
}
