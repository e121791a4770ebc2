//! Lua 5.1 for untrusted scripts, in safe Rust.
//!
//! Four rules hold for each run of a script:
//!
//! 1. *Its result is a function of its text, its arguments, and what the host answers.* A script
//!    sees no addresses, no clock, and no effect of the collector.
//! 2. *It ends.* Every instruction and every loop of the machine, the compiler, the collector and
//!    the libraries costs units. A script cannot catch the error that ends it when its units are
//!    used up.
//! 3. *Its memory is bounded*, and so is its depth. A thread with a stack of 2 MiB is large enough.
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
