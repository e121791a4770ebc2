//! Scripts: programs that run on the server, one at a time, with nothing in between.
//!
//! A client sends a script's text once (`SCRIPT LOAD`) and then calls it by the SHA-1 of that text
//! (`EVALSHA`). A [`ScriptLibrary`] holds the scripts that a simulated world knows, each as a pair:
//! the Lua text that real servers run, and a native function that does the same ([`Script`]). What
//! a server has been told to load is part of its state and may be lost; the library is not.
//!
//! While a script runs, time stands still, and it sees its own writes. An error that it does not
//! handle ends it; what it had written by then stays written.

mod context;
mod library;
mod sha1;

pub use self::context::ScriptContext;
pub use self::library::{NativeScript, Script, ScriptLibrary};
pub use self::sha1::{NotASha1, Sha1};
