//! Lua 5.1 as Redis 7.0 offers it to scripts, run verbatim.
//!
//! An [`Engine`](engine::Engine) stands outside every simulated world: there is one for each
//! thread, made when the first script needs it. It holds Lua itself (the crate `lua`) and the
//! scripts that have been compiled, by their SHA-1; what a server knows of a script is its text.
//! Four rules hold:
//!
//! 1. *A script leaves nothing behind* but its writes to the database. All that it makes is dropped
//!    at its end, and what there was before is protected against writing ([`sandbox`]).
//! 2. *Its reply is a function of its text, its keys and arguments, the database and the time*, and
//!    so is what it uses up, whatever the engine ran before.
//! 3. *It ends.* Instructions, commands and all that takes longer are counted in units, and memory
//!    in bytes. Nothing in a script can catch the error that ends it.
//! 4. *It cannot harm its host*: no files, no byte code, no way to the operating system, and no
//!    recursion deeper than a small stack allows.
//!
//! What a script sees is what Redis 7.0 shows it, errors included, which tests hold against a real
//! `redis-server`. What is different: the three libraries written in C for Redis (`cjson`,
//! `cmsgpack`, `struct`) forget their settings at the end of a script, `collectgarbage` does
//! nothing, `string.dump` refuses, and an infinite loop ends by itself.

mod bits;
mod cjson;
mod cmsgpack;
mod convert;
mod engine;
mod host;
mod patience;
mod redis_functions;
mod sandbox;
mod shebang;
mod structs;
#[cfg(test)]
mod tests;
mod typed;

pub(crate) use self::engine::{Access, Call, compile, run};
pub use self::patience::{RunningScript, Verdict, end_scripts_when};
pub(crate) use self::patience::{begin_script, note_write};
