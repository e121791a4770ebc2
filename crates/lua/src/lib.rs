//! Lua 5.1 for scripts from strangers, in safe Rust.
//!
//! Four rules hold for each run of a script:
//!
//! 1. *Its result is a function of its text, its arguments, and what the host answers.* There are
//!    no addresses, no clock, and no collector that shows.
//! 2. *It ends.* Every instruction and every loop of the machine, the compiler, the collector and
//!    the libraries is charged for, and nothing in a script can catch the end of its means.
//! 3. *Its memory is bounded*, and so is its depth: nothing recurses deeper than a thread's stack
//!    of 2 MiB allows.
//! 4. *It leaves nothing behind.* The heap of a run is dropped at its end.

#![expect(clippy::float_arithmetic, reason = "Lua's numbers are doubles")]

mod c_string;
mod compiler;
mod coroutine;
mod error;
mod heap;
mod library;
mod machine;
mod metamethod;
mod meter;
pub mod number;
mod opcode;
mod prototype;
mod strings;
mod table;
mod value;

pub use c_string::c_string;
pub use error::{End, Error, Result};
pub use library::{Buffer, STACK_MAX};
pub use machine::{Args, Chunk, Level, Lua, NativeId, Place};
pub use value::{FunctionRef, StringRef, TableRef, ThreadRef, Value};
