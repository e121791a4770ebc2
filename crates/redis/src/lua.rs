//! Lua 5.1 with the libraries that Redis 7.0 gives to scripts.
//!
//! An [`Engine`](engine::Engine) is not part of a simulated world. Each thread has one, which is
//! made for the first script. It holds a machine of the crate `lua`, and compiled scripts by their
//! SHA-1. A server knows only the texts of scripts. Four rules hold:
//!
//! 1. *A script leaves nothing behind* except its writes to the database. All objects that it makes
//!    are dropped at its end, and all older objects are read-only ([`sandbox`]).
//! 2. *Its reply is a function of its text, its keys and arguments, the database and the time*, and
//!    so is its cost. Neither depends on what the engine ran before.
//! 3. *It ends.* Instructions, commands and library functions cost units, and memory is counted in
//!    bytes. A script cannot catch the error that ends it.
//! 4. *It cannot harm its host*: no files, no byte code, no way to the operating system, and no
//!    recursion deeper than a small stack allows.
//!
//! Scripts behave as in Redis 7.0, errors included. Tests compare them with a real `redis-server`.
//! There are four differences: `cjson` resets its settings at the end of a script, `collectgarbage`
//! does nothing, `string.dump` is refused, and an infinite loop ends by itself.

mod bits;
mod cjson;
mod cmsgpack;
mod convert;
mod engine;
mod host;
mod interrupt;
mod redis_functions;
mod sandbox;
mod shebang;
mod structs;
#[cfg(test)]
mod tests;
mod typed;

pub(crate) use self::engine::{Access, Call, compile, run};
pub use self::interrupt::{RunningScript, Verdict, end_scripts_when};
pub(crate) use self::interrupt::{begin_script, note_write};
