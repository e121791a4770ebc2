//! `proxy`: a cache in front of a real Redis.

use std::net::SocketAddr;

use lru_proxy::Capacity;
use proxy::{Options, Proxy};
use scenario::Interrupt;
use tracing_subscriber::filter::LevelFilter;

use crate::args::{self, LogLevel};
use crate::eprintln_quietly;
use crate::failure::{Code, Failure};
use crate::output::Output;

/// Proxies until it is interrupted.
pub(crate) fn proxy(what: args::Proxy, interrupt: &Interrupt) -> Result<Code, Failure> {
    super::protect("--listen", what.listen.ip(), what.unprotected)?;
    log(what.log);
    let options = Options {
        listen: what.listen,
        upstream: what.upstream,
        metrics: what.metrics,
        capacity: Capacity { keys: what.capacity, bytes: what.memory.0 },
        ttl: what.ttl,
        period: what.period,
        timeout: what.timeout,
        max_clients: what.maxclients,
        ..Options::default()
    };
    let proxy = Proxy::bind(options)?;
    let (address, metrics) = (proxy.address(), proxy.metrics_address());
    for open in [Some(address), metrics].into_iter().flatten() {
        if !open.ip().is_loopback() {
            eprintln_quietly(&format!(
                "every client that can reach {open} can use it: there is no password"
            ));
        }
    }
    let mut told = Ok(());
    let ready = || told = tell_addresses(address, metrics);
    proxy.run(ready, || interrupt.reason().is_some());
    told?;
    Err(Failure::Interrupted("interrupted".to_owned()))
}

/// Prints each address on a line, for people and for scripts that wait for them.
fn tell_addresses(address: SocketAddr, metrics: Option<SocketAddr>) -> Result<(), Failure> {
    let mut out = Output::new();
    if let Some(metrics) = metrics {
        out.line(format_args!("metrics at http://{metrics}/metrics"))?;
    }
    out.line(format_args!("listening on {address}"))?;
    out.flush()
}

/// Logs to stderr, one line for each event, with its fields.
fn log(level: LogLevel) {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_ansi(false);
    // A write to a closed stderr would panic.
    let subscriber = subscriber.log_internal_errors(false);
    // An existing subscriber stays.
    let _ = subscriber.with_writer(std::io::stderr).try_init();
}
