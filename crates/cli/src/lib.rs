//! The command line of rumormill, for its own systems and for yours.
//!
//! A program of your own that registers your [`System`](scenario::System) and calls [`main`] has
//! every command: list, show, run, record, replay, check, diff, reduce, bless, catalogue.
//!
//! ```no_run
//! # use std::process::ExitCode;
//! fn main() -> ExitCode {
//!     rumormill::main(rumormill::registry() /* .with_system::<Yours>().with_scenario(...) */)
//! }
//! ```

mod args;
mod command;
mod failure;
mod output;
mod progress;
mod size;
mod words;

use std::panic;
use std::process::ExitCode;

use clap::Parser;
use scenario::{Interrupt, Registry};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::args::Args;
use crate::failure::{Code, Failure};

/// The systems and scenarios of this project.
#[must_use]
pub fn registry() -> Registry {
    let scenarios: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));
    let known = Registry::new()
        .with_system::<caspaxos::CasPaxos>()
        .with_system::<lease::LeaseCache>()
        .with_system::<lru_proxy::LruProxy>();
    scenarios
        .iter()
        .fold(known, |known, (name, origin, text)| known.with_scenario(*name, *origin, *text))
}

/// Reads the command line, does what it says, and tells how it went.
pub fn main(registry: Registry) -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout and is no failure. If nobody reads it, so be it.
            let _ = error.print();
            return if error.use_stderr() { Code::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    let interrupt = listen();
    let done = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        command::execute(&registry, args, &interrupt)
    }));
    match done {
        Ok(Ok(code)) => code.into(),
        Ok(Err(failure)) => report(&failure, &interrupt),
        Err(_) => {
            eprintln_quietly("rumormill: this is a bug of rumormill's; the command above shows it");
            Code::Internal.into()
        }
    }
}

/// From now on the first Ctrl-C asks for an end, and the second one makes it.
fn listen() -> Interrupt {
    use signal_hook::flag;
    let interrupt = Interrupt::new();
    for signal in [SIGINT, SIGTERM] {
        let insists = std::sync::Arc::default();
        let listening = flag::register_conditional_shutdown(
            signal,
            128 + signal,
            std::sync::Arc::clone(&insists),
        )
        .and_then(|_| flag::register(signal, insists))
        .and_then(|_| flag::register_usize(signal, interrupt.flag(), signal as usize));
        if let Err(error) = listening {
            eprintln_quietly(&format!("rumormill: cannot listen for Ctrl-C: {error}"));
        }
    }
    interrupt
}

fn report(failure: &Failure, interrupt: &Interrupt) -> ExitCode {
    if let Failure::NobodyReads = failure {
        return ExitCode::SUCCESS;
    }
    eprintln_quietly(&format!("rumormill: {failure}"));
    match (failure, interrupt.reason()) {
        (Failure::Interrupted(_), Some(signal)) => ExitCode::from(128 + signal as u8),
        (failure, _) => failure.code().into(),
    }
}

/// To stderr. If that cannot be written to, there is nobody left to tell.
pub(crate) fn eprintln_quietly(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}
