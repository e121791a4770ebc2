//! Scripts: programs that run on the server, one at a time, with nothing in between.
//!
//! A client sends a script's text once (`SCRIPT LOAD`) and then calls it by the SHA-1 of that text
//! (`EVALSHA`), or sends the text each time (`EVAL`). Any text that compiles is a script, and runs
//! in Lua. A [`ScriptLibrary`] holds scripts that run often, each as a pair: the Lua text that real
//! servers run, and a native function that does the same ([`Script`]) and runs in its place unless
//! the library says otherwise. What a server has been told to load is part of its state and may be
//! lost; the library is not.
//!
//! While a script runs, time stands still, and it sees its own writes. An error that it does not
//! handle ends it; what it had written by then stays written.

mod context;
mod library;
mod loaded;
mod sha1;

pub use self::context::ScriptContext;
pub use self::library::{NativeScript, Script, ScriptLibrary};
pub(crate) use self::loaded::{LoadedScripts, Loader};
pub use self::sha1::{NotASha1, Sha1};
