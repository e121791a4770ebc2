//! Servers that `redis-benchmark` is let loose on, each in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A server in a process of its own, which ends with this value.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Whether the programs are here that this takes, which is said if they are not.
    pub(crate) fn can_be_compared() -> bool {
        for program in ["redis-server", "redis-benchmark"] {
            if Command::new(program).arg("--version").output().is_err() {
                println!("there is no {program} here, so there is nothing to compare with");
                return false;
            }
        }
        true
    }

    /// The real one.
    pub(crate) fn redis() -> Result<Server> {
        // Somebody else may take the port in between; then it says so and ends.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()?;
        let mut server = Server { process, port };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if server.process.try_wait()?.is_some() {
                bail!("redis-server has ended");
            }
            wait();
        }
        Ok(server)
    }

    /// One that a hidden subcommand of this program is, which says its port first.
    pub(crate) fn ours(subcommand: &[&str]) -> Result<Server> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(subcommand)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("its output is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().parse().context("it says its port")?;
        Ok(Server { process, port })
    }

    /// Requests a second, of so many that are sent `depth` at a time.
    pub(crate) fn measure(&self, kind: &str, depth: u32, requests: u32) -> Result<f64> {
        let output = Command::new("redis-benchmark")
            .args(["-p", &self.port.to_string(), "-n", &requests.to_string()])
            .args(["-t", &kind.to_lowercase(), "-P", &depth.to_string(), "--csv"])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let row = text.lines().find_map(|line| line.strip_prefix(&format!("\"{kind}\",\"")));
        let figure = row.and_then(|row| row.split('"').next());
        figure.context("redis-benchmark gives no figure")?.parse().context("it is a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it has ended already, so much the better.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a real server takes real time to start")]
fn wait() {
    std::thread::sleep(Duration::from_millis(20));
}
