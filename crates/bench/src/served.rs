//! Redis in memory behind TCP, beside `redis-server`: both are given the same by `redis-benchmark`.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::measure::median;
use crate::table::{Table, rate, ratio};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many rounds to take the median of.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many requests of each kind in each round.
    #[arg(long, default_value_t = 1_000_000)]
    requests: u32,
}

/// The ratio that was aimed at.
const AIM: f64 = 0.5;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    for program in ["redis-server", "redis-benchmark"] {
        if Command::new(program).arg("--version").output().is_err() {
            println!("there is no {program} here, so there is nothing to compare with");
            return Ok(());
        }
    }
    let servers = [Server::redis()?, Server::ours()?];
    let kinds = ["SET", "GET"];
    // By server and by kind, one figure a round.
    let mut rates = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
    for _ in 0..arguments.rounds {
        for (server, rates) in servers.iter().zip(&mut rates) {
            for (kind, rates) in kinds.iter().zip(rates) {
                rates.push(server.measure(kind, arguments.requests)?);
            }
        }
    }
    let mut table = Table::new(["requests", "redis-server", "serve", "ratio", "aimed at"]);
    let [theirs, ours] = rates.map(|rates| rates.map(|mut rates| median(&mut rates)));
    for ((kind, theirs), ours) in kinds.iter().zip(theirs).zip(ours) {
        let cells = [(*kind).to_owned(), rate(theirs), rate(ours), ratio(ours, theirs)];
        table.row([&cells[..], &[AIM.to_string()]].concat());
    }
    println!("{table}\nmedians of {} interleaved rounds, -P 16, 50 clients", arguments.rounds);
    Ok(())
}

/// Serves until it is killed, and says on which port.
pub(crate) fn serve() -> Result<()> {
    let options = serve::Options { port: 0, ..serve::Options::default() };
    let service = serve::Service::bind(options, None)?;
    println!("{}", service.addresses()[0].port());
    service.run(|| false, |_| {})?;
    Ok(())
}

/// A server in a process of its own, which ends with this value.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn redis() -> Result<Server> {
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

    fn ours() -> Result<Server> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve-in-memory")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("its output is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().parse().context("it says its port")?;
        Ok(Server { process, port })
    }

    /// Requests a second.
    fn measure(&self, kind: &str, requests: u32) -> Result<f64> {
        let output = Command::new("redis-benchmark")
            .args(["-p", &self.port.to_string(), "-n", &requests.to_string()])
            .args(["-t", &kind.to_lowercase(), "-P", "16", "--csv"])
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
