//! Lua 5.1 as Redis 7.0 offers it to scripts, run verbatim.
//!
//! An [`Engine`](engine::Engine) stands outside every simulated world: there is one for each
//! thread, made when the first script needs it. It holds Lua itself and the scripts that have been
//! compiled, by their SHA-1; what a server knows of a script is its text. Four rules hold:
//!
//! 1. *A script leaves nothing behind* but its writes to the database. All that it can reach is
//!    made anew for it (`KEYS`, `ARGV`, the state of `math.random`) or protected against writing.
//! 2. *Its reply is a function of its text, its keys and arguments, the database and the time.*
//!    There are no addresses: `tostring` counts tables and functions, and walking through a table
//!    whose keys are tables, functions or coroutines is an error, for their order is that of
//!    addresses. Garbage is collected at points that do not depend on addresses either.
//! 3. *It ends.* Instructions are counted, and what takes long in one instruction is counted as
//!    many ([`budget`]); memory is limited. Nothing in a script can catch the error that ends it.
//! 4. *It cannot harm its host*: no files, no byte code, no way to the operating system.
//!
//! What a script sees is what Redis 7.0 shows it, errors included, which tests hold against a real
//! `redis-server`. What is different: the three libraries written in C for Redis (`cjson`,
//! `cmsgpack`, `struct`) forget their settings at the end of a script, `collectgarbage` does
//! nothing, `string.dump` refuses, and an infinite loop ends by itself.

mod arguments;
mod bits;
mod budget;
mod builtins;
mod cjson;
mod cmsgpack;
mod convert;
mod direct;
mod engine;
mod host;
mod number;
mod patience;
mod pattern;
mod raise;
mod random;
mod redis_functions;
mod shebang;
mod strings;
mod structs;
mod typed;

pub(crate) use self::engine::{Access, Call, compile, run};
pub use self::patience::{RunningScript, Verdict, end_scripts_when};
pub(crate) use self::patience::{begin_script, note_write};
