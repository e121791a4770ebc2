//! Compiles a script's text to instructions, in one pass.
//!
//! The compiler emits the same instructions, lines and names of local variables as Lua 5.1.5.
//! Run-time errors find the names of variables by walking through the instructions, so another
//! order of instructions would change the messages. The compiler's own error messages and limits
//! are those of Lua 5.1.5, too.
//!
//! - [`lexer`] turns bytes into tokens ([`token`]).
//! - [`parser`] reads the grammar by recursive descent, at most 200 levels deep.
//! - [`scope`] keeps local variables, upvalues and blocks of the functions that are being compiled.
//! - [`code`] emits instructions. The code of an [`expression`] is emitted only once the parser
//!   knows where its value should go.
//!
//! Each token costs a unit of the meter, and so does each step of a loop whose length the text
//! chooses.

mod chunk_id;
mod code;
mod expression;
mod function;
mod lexer;
mod parser;
mod scope;
#[cfg(test)]
mod tests;
mod token;

use std::rc::Rc;

use blob::Blob;

pub(crate) use self::chunk_id::{chunk_id, kept_name};
use self::function::Function;
use self::lexer::Lexer;
use crate::error::Error;
use crate::heap::Heap;
use crate::meter::Meter;
use crate::prototype::Prototype;

/// Why a text does not compile.
#[derive(Debug)]
pub(crate) enum CompileError {
    /// The text is not a chunk. Holds Lua's message, with the place.
    Syntax(Blob),
    /// The script's units or memory are used up.
    Ended(Error),
}

impl From<Error> for CompileError {
    fn from(error: Error) -> CompileError {
        CompileError::Ended(error)
    }
}

type Result<T, E = CompileError> = std::result::Result<T, E>;

/// Compiles a chunk. `name` is as `loadstring` takes it: `@file`, `=name`, or the text itself.
///
/// # Errors
/// If the text is not a chunk, or too large for what is left of `meter` and `heap`.
pub(crate) fn compile(
    heap: &mut Heap,
    meter: &mut Meter,
    text: &[u8],
    name: &Blob,
) -> Result<Rc<Prototype>, CompileError> {
    compile_at(heap, meter, text, name, 0)
}

/// Compiles a chunk when `levels` of the 200 levels are in use already. A call from Rust into Lua
/// takes one level, so `loadstring` in a script has 199 or fewer.
///
/// # Errors
/// As [`compile`].
pub(crate) fn compile_at(
    heap: &mut Heap,
    meter: &mut Meter,
    text: &[u8],
    name: &Blob,
    levels: u32,
) -> Result<Rc<Prototype>, CompileError> {
    let lexer = Lexer::new(heap, meter, text, name)?;
    Compiler { lexer, functions: Vec::new(), levels }.chunk()
}

/// The state of a compilation.
struct Compiler<'a> {
    lexer: Lexer<'a>,
    /// The functions that are being compiled, the innermost last.
    functions: Vec<Function>,
    /// How deep the parser has recursed.
    levels: u32,
}
