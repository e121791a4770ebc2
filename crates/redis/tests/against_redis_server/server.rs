//! A `redis-server` for one test, and a minimal RESP2 client.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::{Blob, ErrorReply, Reply};
use tempfile::TempDir;

/// A server on a free port of the loopback interface, in its own directory. It persists nothing,
/// and stops when this value is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
    connection: Client,
    _directory: TempDir,
}

impl Server {
    /// `None` if there is no `redis-server` on this machine.
    pub(crate) fn start() -> Option<Server> {
        Server::start_with(&[])
    }

    /// As [`Server::start`], with more arguments on its command line.
    pub(crate) fn start_with(arguments: &[&str]) -> Option<Server> {
        // Another process may take the free port before the server binds it.
        for _ in 0..5 {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let port = free_port();
            let spawned = Command::new("redis-server")
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
                .args(["--save", "", "--appendonly", "no"])
                .args(["--enable-debug-command", "yes"])
                .args(arguments)
                .arg("--dir")
                .arg(directory.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn();
            let mut process = match spawned {
                Err(error) if error.kind() == ErrorKind::NotFound => return None,
                spawned => spawned.expect("redis-server starts"),
            };
            if let Some(connection) = connect(&mut process, port) {
                return Some(Server {
                    process,
                    port,
                    connection: Client(BufReader::new(connection)),
                    _directory: directory,
                });
            }
            end(&mut process);
        }
        panic!("redis-server does not come up");
    }

    /// Sends one command line through the first connection and waits for its reply.
    pub(crate) fn call(&mut self, line: &[Blob]) -> Reply {
        self.connection.call(line)
    }

    /// Opens another connection, as bytes.
    pub(crate) fn open(&self) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the server listens")
    }

    /// Opens another connection.
    pub(crate) fn connect(&mut self) -> Client {
        Client(BufReader::new(connect(&mut self.process, self.port).expect("the server listens")))
    }
}

/// One connection to the server.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// Sends one command line and waits for its reply.
    pub(crate) fn call(&mut self, line: &[Blob]) -> Reply {
        let mut request = format!("*{}\r\n", line.len()).into_bytes();
        for word in line {
            request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            request.extend_from_slice(word);
            request.extend_from_slice(b"\r\n");
        }
        let stream = self.0.get_mut();
        stream.write_all(&request).expect("the server listens");
        self.read_reply()
    }

    fn read_reply(&mut self) -> Reply {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).expect("the server answers");
        let (kind, rest) = line.split_first().expect("a reply");
        let rest = rest.strip_suffix(b"\r\n").expect("a whole line");
        let number = || -> i64 {
            let text = std::str::from_utf8(rest).expect("a number");
            text.parse().expect("a number")
        };
        match kind {
            b'+' => Reply::Status(Blob::copy_from_slice(rest)),
            b'-' => Reply::Error(ErrorReply::new(rest)),
            b':' => Reply::Integer(number()),
            b'$' | b'*' if number() == -1 => Reply::Nil,
            b'$' => {
                let len = usize::try_from(number()).expect("a length");
                let mut bytes = vec![0; len + 2];
                self.0.read_exact(&mut bytes).expect("a string");
                bytes.truncate(len);
                Reply::Bulk(Blob::from(bytes))
            }
            b'*' => Reply::Array((0..number()).map(|_| self.read_reply()).collect()),
            _ => panic!("not RESP2: {line:?}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// Connects once the server listens. `None` if the server has ended, or does not listen within some
/// seconds.
#[expect(clippy::disallowed_methods, reason = "a real server takes real time to start")]
fn connect(process: &mut Child, port: u16) -> Option<TcpStream> {
    for _ in 0..500 {
        if process.try_wait().is_ok_and(|ended| ended.is_some()) {
            return None;
        }
        if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            stream.set_nodelay(true).ok()?;
            return Some(stream);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// Both fail only if the process has ended by itself.
fn end(process: &mut Child) {
    process.kill().ok();
    process.wait().ok();
}
