//! A `redis-server` of its own for a test, which can be killed and started again.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use crate::client::Client;
use crate::proxy::until;

/// It ends with this value.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Upstream {
    /// `None`, which is said, if there is no `redis-server` on this machine.
    #[expect(clippy::print_stdout, reason = "a skipped test must say so")]
    pub(crate) fn start() -> Option<Upstream> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            println!("skipped: there is no redis-server on this machine");
            return None;
        }
        // The port is free when it is chosen, but may be taken before the server gets to it.
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            if let Some(process) = spawn(address) {
                return Some(Upstream { address, process });
            }
        }
        panic!("redis-server does not come up");
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address).expect("it listens")
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it is ours");
    }

    /// It does nothing until it is resumed, or killed.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-s", signal, &pid]).status().expect("there is a kill");
    }

    /// Where it was, with nothing in it.
    pub(crate) fn restart(&mut self) {
        self.process = spawn(self.address).expect("its port is free again");
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A server that listens; `None` if it has ended by itself.
fn spawn(address: SocketAddr) -> Option<Child> {
    let mut process = Command::new("redis-server")
        .args(["--port", &address.port().to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--dir", env!("CARGO_TARGET_TMPDIR")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server starts");
    let mut has_ended = false;
    until("the server listens", || {
        has_ended = process.try_wait().expect("it is ours").is_some();
        let answers = |mut client: Client| client.try_call("PING").is_ok_and(|it| it.is_some());
        has_ended || Client::connect(address).is_ok_and(answers)
    });
    (!has_ended).then_some(process)
}
