//! From a script's text to instructions, in one pass.

use std::rc::Rc;

use blob::Blob;

use crate::error::Error;
use crate::heap::Heap;
use crate::meter::Meter;
use crate::prototype::Prototype;

/// Why a text does not compile.
#[derive(Debug)]
pub(crate) enum CompileError {
    /// It is no chunk: the message, after the place, as Lua words it.
    Syntax(Blob),
    /// The means of the script are used up.
    Ended(Error),
}

/// Compiles a chunk. `name` is as `loadstring` takes it: `@file`, `=name`, or the text itself.
///
/// # Errors
/// If it is no chunk, or too large for what is left of `meter` and `heap`.
pub(crate) fn compile(
    heap: &mut Heap,
    meter: &mut Meter,
    text: &[u8],
    name: &Blob,
) -> Result<Rc<Prototype>, CompileError> {
    let _ = (heap, meter, text, name);
    todo!()
}

/// The name of a chunk as messages show it.
pub(crate) fn chunk_id(name: &Blob) -> Blob {
    name.clone()
}
