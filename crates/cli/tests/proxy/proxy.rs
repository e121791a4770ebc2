//! A running `rumormill proxy`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::client::Client;
use crate::process::Process;

/// It ends with this value.
pub(crate) struct Proxy {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    metrics: SocketAddr,
}

impl Proxy {
    /// A proxy on free ports, which logs nothing by default.
    pub(crate) fn start(upstream: SocketAddr, args: &[&str]) -> Proxy {
        let upstream = upstream.to_string();
        let free = "127.0.0.1:0";
        let first = ["proxy", "--listen", free, "--metrics", free, "--upstream", &upstream];
        let log: &[&str] = if args.contains(&"--log") { &[] } else { &["--log", "off"] };
        let mut process = Process::start(&[&first, log, args].concat());
        let metrics = process.told("metrics at http://").replace("/metrics", "");
        let address = process.told("listening on ").parse().expect("an address");
        Proxy { process, address, metrics: metrics.parse().expect("an address") }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address).expect("it listens")
    }

    /// What it says of itself.
    pub(crate) fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.metrics).expect("it listens");
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: proxy\r\n\r\n").unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
        said
    }

    /// One of its metrics.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let said = self.metrics();
        let start = format!("rumormill_proxy_{name} ");
        let value = said.lines().find_map(|line| line.strip_prefix(&start));
        value.unwrap_or_else(|| panic!("no {name} in {said}")).parse().expect("a number")
    }
}

/// Waits until something is so.
#[expect(clippy::disallowed_methods, reason = "a real server takes real time")]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it never came about that {what}");
}
