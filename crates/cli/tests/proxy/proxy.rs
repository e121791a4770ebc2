//! A running `rumormill proxy`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::server::Client;

/// It ends with this value.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) address: SocketAddr,
    metrics: SocketAddr,
}

impl Proxy {
    /// One on free ports.
    pub(crate) fn start(upstream: SocketAddr, args: &[&str]) -> Proxy {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rumormill"))
            .args(["proxy", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"])
            .args(["--upstream", &upstream.to_string(), "--log", "off"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built for this test");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut told = |start: &str, end: &str| -> SocketAddr {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("it says where it listens");
            let address = line.trim_end().strip_prefix(start).and_then(|it| it.strip_suffix(end));
            address.unwrap_or_else(|| panic!("{line:?}")).parse().expect("an address")
        };
        let metrics = told("metrics at http://", "/metrics");
        let address = told("listening on ", "");
        Proxy { child, address, metrics }
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

    /// How much memory it has, in bytes; `None` where the system does not say.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib << 10)
    }

    /// Sends it a signal, waits for its end, and returns what it had said on stderr.
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-s", signal, &pid]).status().expect("there is a kill");
        let mut said = String::new();
        let stderr = self.child.stderr.as_mut().expect("it is piped");
        stderr.read_to_string(&mut said).expect("it is text");
        (self.child.wait().expect("it is ours"), said)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
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
