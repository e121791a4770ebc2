//! Fuzz targets: what must hold whatever the input is.
//!
//! A [`Target`] is a function of bytes that panics if something does not hold, and the files of the
//! repository that its first inputs come from. Two drivers make inputs up:
//!
//! - `crates/fuzz/libfuzzer` is a workspace of its own for `cargo fuzz`. It needs libFuzzer, sees
//!   which code an input reaches, and finds the most (`bin/fuzz`).
//! - The binary of this crate changes inputs at random ([`Mutations`]). It needs nothing, and an
//!   input depends on nothing but a seed and its number (`bin/fuzz --quick`).
//!
//! ```
//! let target = fuzz::target("commands").unwrap();
//! let mutations = fuzz::Mutations::of(target, 1);
//! for number in 0..10 {
//!     target.run(&mutations.input(number));
//! }
//! ```

mod database;
mod mutation;
mod protocol;
mod recordings;
mod scenarios;
mod script;
mod seeds;
mod sockets;

pub use mutation::Mutations;

/// Something that takes input from strangers.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
}

impl Target {
    /// Tries one input.
    ///
    /// # Panics
    /// If something does not hold.
    pub fn run(&self, input: &[u8]) {
        (self.run)(input);
    }

    /// Inputs to begin with, from the repository's own files, in an order that is always the same.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)()
    }
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target {
        name: "commands",
        about: "the decoder of what clients send",
        run: protocol::commands,
        seeds: seeds::commands,
    },
    Target {
        name: "replies",
        about: "the decoder of what servers answer",
        run: protocol::replies,
        seeds: seeds::replies,
    },
    Target {
        name: "database",
        about: "command lines, EVAL among them",
        run: database::lines,
        seeds: seeds::commands,
    },
    Target {
        name: "scripts",
        about: "scripts that are made up by a grammar",
        run: database::script,
        seeds: seeds::choices,
    },
    Target {
        name: "recordings",
        about: "recordings, those with a right hash too: read, checked, compared",
        run: recordings::recordings,
        seeds: seeds::recordings,
    },
    Target {
        name: "scenarios",
        about: "scenario files: read, and run for a few events",
        run: scenarios::scenarios,
        seeds: seeds::scenarios,
    },
    Target {
        name: "serve",
        about: "a server on a socket, with another client beside",
        run: sockets::serve,
        seeds: seeds::commands,
    },
    Target {
        name: "proxy",
        about: "the proxy on a socket, with another client beside",
        run: sockets::proxy,
        seeds: seeds::commands,
    },
];

/// Tries one input in the target of that name.
///
/// # Panics
/// If something does not hold, or there is no such target.
pub fn run(name: &str, input: &[u8]) {
    target(name).expect("a target of that name").run(input);
}

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
