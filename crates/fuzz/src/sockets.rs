//! `serve` and `proxy` over real sockets: whatever one client sends, the other is answered.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A server that takes longer than that hangs. A script may take 5 seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// The stranger waits so long for what the server does not send.
const STRANGER_WAITS: Duration = Duration::from_millis(50);
/// The stranger reads no more than that.
const STRANGER_READS: usize = 1 << 16;

/// What the other client does after each input: the next one finds the server as the first did.
const RESET: [(&str, &str); 4] = [
    ("CONFIG SET maxmemory 0 maxmemory-policy noeviction maxclients 10000\r\n", "+OK\r\n"),
    ("FLUSHALL\r\n", "+OK\r\n"),
    ("SCRIPT FLUSH\r\n", "+OK\r\n"),
    ("PING\r\n", "+PONG\r\n"),
];

thread_local! {
    static CLIENTS: RefCell<[Option<TcpStream>; 2]> = const { RefCell::new([None, None]) };
}

pub(crate) fn serve(bytes: &[u8]) {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    send(*SERVER.get_or_init(start_server), 0, bytes);
}

pub(crate) fn proxy(bytes: &[u8]) {
    static PROXY: OnceLock<SocketAddr> = OnceLock::new();
    send(*PROXY.get_or_init(start_proxy), 1, bytes);
}

fn start_server() -> SocketAddr {
    let (tell, told) = mpsc::channel();
    run_beside(move || {
        let options = serve::Options { port: 0, ..serve::Options::default() };
        let service = serve::Service::bind(options, None).expect("there is a free port");
        tell.send(service.addresses()[0]).expect("the address is awaited");
        service.run(|| false, |_| {}).expect("there is no log that could fail");
    });
    told.recv().expect("the server starts")
}

fn start_proxy() -> SocketAddr {
    let upstream = start_server().to_string();
    let (tell, told) = mpsc::channel();
    run_beside(move || {
        let listen = (Ipv4Addr::LOCALHOST, 0).into();
        let options = proxy::Options { listen, upstream, ..proxy::Options::default() };
        let proxy = proxy::Proxy::bind(options).expect("there is a free port");
        let address = proxy.address();
        proxy.run(|| tell.send(address).expect("the address is awaited"), || false);
    });
    told.recv().expect("the proxy starts")
}

/// Runs a server in a thread that has as much stack as the main thread of `rumormill serve`.
fn run_beside(server: impl FnOnce() + Send + 'static) {
    const STACK_LEN: usize = 8 << 20;
    thread::Builder::new().stack_size(STACK_LEN).spawn(server).expect("there is room for a thread");
}

/// A stranger sends the bytes, in pieces that the first of them chooses, and hangs up. Meanwhile
/// and after that the other client is answered.
fn send(address: SocketAddr, client: usize, bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    CLIENTS.with_borrow_mut(|clients| {
        let client = &mut clients[client];
        let mut stranger = connect(address);
        let piece_len = (usize::from(*first) % 8 * bytes.len() / 8).max(1 + bytes.len() / 8);
        for piece in bytes.chunks(piece_len) {
            // The server may hang up before it has read all.
            if stranger.write_all(piece).is_err() {
                break;
            }
        }
        ping(address, client, &RESET[3..]);
        let _ = stranger.shutdown(Shutdown::Write);
        read_some(&mut stranger);
        drop(stranger);
        ping(address, client, &RESET);
    });
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("it is a TCP stream");
    stream
}

fn read_some(stranger: &mut TcpStream) {
    let _ = stranger.set_read_timeout(Some(STRANGER_WAITS));
    let mut buffer = [0; 4096];
    let mut len = 0;
    while len < STRANGER_READS {
        match stranger.read(&mut buffer) {
            Ok(more @ 1..) => len += more,
            Ok(0) | Err(_) => break,
        }
    }
}

/// The other client. A stranger may have had its connection closed (`CLIENT KILL`): then it
/// connects again, once.
fn ping(address: SocketAddr, client: &mut Option<TcpStream>, lines: &[(&str, &str)]) {
    if client.as_mut().is_some_and(|client| ask(client, lines).is_ok()) {
        return;
    }
    let client = client.insert(connect(address));
    ask(client, lines).expect("the server answers a client that connects anew");
}

fn ask(client: &mut TcpStream, lines: &[(&str, &str)]) -> std::io::Result<()> {
    client.set_read_timeout(Some(ANSWER_WITHIN))?;
    for (line, expected) in lines {
        client.write_all(line.as_bytes())?;
        let mut reply = vec![0; expected.len()];
        match client.read_exact(&mut reply) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the server has not answered {line:?} in {ANSWER_WITHIN:?}")
            }
            other => other?,
        }
        let reply = String::from_utf8_lossy(&reply);
        assert_eq!(reply, *expected, "the reply to {line:?}");
    }
    Ok(())
}
