//! The command line of rumormill, for its own systems and yours.
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
mod closed;
mod command;
mod failure;
mod output;
mod plain;
mod progress;
mod size;
mod words;

use std::panic;
use std::process::ExitCode;

use clap::Parser;
use scenario::{Interrupt, Registry};
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};

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

/// Parses and executes the command line, and returns the exit code.
pub fn main(registry: Registry) -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if error.use_stderr() => {
            let text = tamed(error).render().to_string();
            text.lines().for_each(eprintln_quietly);
            return Code::Usage.into();
        }
        Err(help) => {
            return print_help(&help).map_or_else(|failure| report(&failure), ExitCode::from);
        }
    };
    let interrupt = listen();
    if closed::stdout() {
        return report(&Failure::closed());
    }
    let done = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        command::execute(&registry, args, &interrupt)
    }));
    match done {
        Ok(Ok(code)) => code.into(),
        Ok(Err(Failure::Interrupted(why))) => {
            eprintln_quietly(&format!("rumormill: {why}"));
            ExitCode::from(128 + interrupt.reason().unwrap_or_default() as u8)
        }
        Ok(Err(failure)) => match interrupt.reason() {
            None => report(&failure),
            Some(signal) => {
                report(&failure);
                ExitCode::from(128 + signal as u8)
            }
        },
        Err(_) => {
            eprintln_quietly("rumormill: this is a bug of rumormill's; the command above shows it");
            Code::Internal.into()
        }
    }
}

/// Handles Ctrl-C: the first one requests an end, and the second one forces it.
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
    // With any handler, a write past the limit on the size of files fails, and the failure is
    // reported.
    // Without one the signal ends the process. If there can be no handler, that is all that is
    // lost.
    let _ = flag::register(SIGXFSZ, std::sync::Arc::default());
    trace::pipe::end_when(interrupt.flag());
    interrupt
}

/// Removes foreign line ends from an error.
fn tamed(mut error: clap::Error) -> clap::Error {
    use clap::error::ContextValue;
    let one = |text: &String| plain::line(text).into_owned();
    let contexts: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in contexts {
        let tame = match value {
            ContextValue::String(text) => ContextValue::String(one(&text)),
            ContextValue::Strings(texts) => ContextValue::Strings(texts.iter().map(one).collect()),
            // Suggestions contain the typed text.
            ContextValue::StyledStrs(texts) => {
                let texts = texts.iter().map(|text| one(&text.to_string()).into());
                ContextValue::StyledStrs(texts.collect())
            }
            other => other,
        };
        error.insert(kind, tame);
    }
    error
}

/// Help goes to stdout, and is not a failure. It has no foreign text, so it may have colours.
fn print_help(help: &clap::Error) -> Result<Code, Failure> {
    use std::io::{ErrorKind, Write as _};
    if closed::stdout() {
        return Err(Failure::closed());
    }
    match help.print().and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(Code::AsExpected),
    }
}

fn report(failure: &Failure) -> ExitCode {
    eprintln_quietly(&format!("rumormill: {failure}"));
    failure.code().into()
}

/// Writes a line to stderr, and ignores a failure to write it.
pub(crate) fn eprintln_quietly(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{}", plain::line(line));
}
