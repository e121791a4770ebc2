//! Scripts: programs that run atomically on the server.
//!
//! A client sends a script's text once (`SCRIPT LOAD`) and then calls it by the SHA-1 of the text
//! (`EVALSHA`). Or it sends the text each time (`EVAL`). Scripts run in Lua. A [`ScriptLibrary`]
//! holds scripts that run often. Each [`Script`] is a Lua text for real servers, and a native
//! function that does the same. The native function runs in place of the text, unless the library
//! disables that. The loaded scripts are a part of the server's state and may be lost. The library
//! is not a part of it.
//!
//! The time does not change while a script runs. A script sees its own writes. An error that it
//! does not handle ends it, but its earlier writes stay.

mod context;
mod library;
mod loaded;
mod sha1;

pub use self::context::ScriptContext;
pub use self::library::{NativeScript, Script, ScriptLibrary};
pub(crate) use self::loaded::{LoadedScripts, Loader};
pub use self::sha1::{NotASha1, Sha1};
