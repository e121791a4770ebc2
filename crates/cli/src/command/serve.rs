//! `serve`: Redis in memory for real clients.

use std::io::Write;
use std::net::SocketAddr;

use scenario::Interrupt;
use serve::{FaultPlan, Options, Service};

use crate::args::Serve;
use crate::eprintln_quietly;
use crate::failure::{Code, Failure};
use crate::output::Output;

/// Serves until it is interrupted.
pub(crate) fn serve(what: Serve, interrupt: &Interrupt) -> Result<Code, Failure> {
    super::protect("--bind", what.bind, what.unprotected)?;
    let faults = match &what.faults {
        Some(file) => {
            let text = super::read_toml(file)?;
            FaultPlan::from_toml(&file.to_string_lossy(), &text, what.nodes)?
        }
        None => FaultPlan::default(),
    };
    let fault_log: Option<Box<dyn Write>> = match &what.fault_log {
        Some(file) => Some(Box::new(trace::file::stream(file).map_err(Failure::of_file(file))?)),
        None => None,
    };
    let options = Options {
        bind: what.bind,
        port: what.port,
        nodes: what.nodes,
        max_clients: what.maxclients,
        metrics: what.metrics,
        script_time: what.script_time,
        faults,
        seed: what.seed,
        ..Options::default()
    };
    let service = Service::bind(options, fault_log)?;
    tell_addresses(service.addresses())?;
    if !what.bind.is_loopback() {
        eprintln_quietly(
            "every client that can reach this address can use it: there is no password",
        );
    }
    let interrupt = interrupt.clone();
    service.run(move || interrupt.reason().is_some(), eprintln_quietly)?;
    Err(Failure::Interrupted("interrupted".to_owned()))
}

/// Prints the addresses on one line, for people and for scripts that wait for it.
fn tell_addresses(addresses: &[SocketAddr]) -> Result<(), Failure> {
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    let mut out = Output::new();
    out.line(format_args!("listening on {}", addresses.join(" ")))?;
    out.flush()
}
