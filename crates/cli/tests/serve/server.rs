//! A running `rumormill serve`, and a client that sees every byte.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use redis::resp::{Incoming, Limits, ReplyDecoder, encode_command};
use redis::{Blob, Reply};

/// It ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Server {
    /// One on free ports.
    pub(crate) fn start(args: &[&str]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rumormill"))
            .args(["serve", "--port", "0"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built for this test");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("it says where it listens");
        let addresses = line.trim_end().strip_prefix("listening on ").expect("it says so");
        let addresses = addresses.split(' ').map(|text| text.parse().expect("an address"));
        Server { addresses: addresses.collect(), child }
    }

    pub(crate) fn port(&self) -> String {
        self.addresses[0].port().to_string()
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.addresses[0]).expect("it listens")
    }

    /// How much memory it has, in bytes; `None` where the system does not say.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib << 10)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_none()
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

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A client, for what well-behaved ones would not do.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    decoder: ReplyDecoder,
    unread: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> std::io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let decoder = ReplyDecoder::new(Limits::default());
        Ok(Client { stream, decoder, unread: Vec::new() })
    }

    /// Sends a command line of words without blanks.
    pub(crate) fn send(&mut self, line: &str) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        encode_command(&line.split(' ').map(Blob::from).collect::<Vec<_>>(), &mut bytes);
        self.stream.write_all(&bytes)
    }

    /// The next reply; `None` if the server hung up.
    pub(crate) fn receive(&mut self) -> std::io::Result<Option<Reply>> {
        loop {
            let mut input = &self.unread[..];
            let reply = self.decoder.decode(&mut input).expect("it speaks RESP");
            self.unread = input.to_vec();
            match reply {
                Some(Incoming::Reply(reply)) => return Ok(Some(reply)),
                Some(Incoming::Push(push)) => panic!("nobody asked for {push:?}"),
                None => {}
            }
            let mut bytes = [0; 1 << 12];
            match self.stream.read(&mut bytes)? {
                0 => return Ok(None),
                len => self.unread.extend_from_slice(&bytes[..len]),
            }
        }
    }

    /// Sends a command line and waits for its reply.
    pub(crate) fn try_call(&mut self, line: &str) -> std::io::Result<Option<Reply>> {
        self.send(line)?;
        self.receive()
    }

    pub(crate) fn call(&mut self, line: &str) -> Reply {
        let reply = self.try_call(line).expect("the connection holds");
        reply.expect("the server does not hang up")
    }
}

pub(crate) fn bulk(text: &str) -> Reply {
    Reply::Bulk(Blob::from(text))
}
