//! Listening sockets, and non-blocking operations on sockets.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinError;

/// The idle time before keepalive probes: Redis's `tcp-keepalive`.
const KEEPALIVE: Duration = Duration::from_secs(300);

/// It is impossible to listen on an address.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {}", in_words(error))]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// The cause.
    pub error: io::Error,
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another process does (port 0 takes a free port)".to_owned(),
        io::ErrorKind::PermissionDenied => "that is not allowed (try a port from 1024)".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => error.to_string(),
    }
}

/// Listens on an address. Returns the actual address: port 0 means any free port.
///
/// # Errors
/// If the address cannot be bound.
pub async fn open(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let cannot = |error| ListenError { address, error };
    let door = TcpListener::bind(address).await.map_err(cannot)?;
    let address = door.local_addr().map_err(cannot)?;
    Ok((door, address))
}

/// Sets `TCP_NODELAY` and keepalive on a connection.
pub fn tune(stream: &TcpStream) {
    // An error here means that the socket is broken. The next read reports that.
    drop(stream.set_nodelay(true));
    drop(SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE)));
}

/// Accepts a client without waiting for readiness. `None` if there is none. For code that runs
/// while the runtime cannot poll.
///
/// # Errors
/// If no sockets are left.
pub fn accept_at_once(door: &TcpListener) -> io::Result<Option<TcpStream>> {
    match SockRef::from(door).accept() {
        Ok((socket, _)) => {
            socket.set_nonblocking(true)?;
            TcpStream::from_std(socket.into()).map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads without waiting for readiness.
///
/// # Errors
/// Those of the socket, including [`io::ErrorKind::WouldBlock`].
pub fn read_at_once(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    (&*SockRef::from(stream)).read(buffer)
}

/// Writes without waiting for readiness.
///
/// # Errors
/// Those of the socket, including [`io::ErrorKind::WouldBlock`].
pub fn write_at_once(stream: &TcpStream, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
    (&*SockRef::from(stream)).write_vectored(slices)
}

/// Resumes the panic of a task, so that it is not lost.
pub fn pass_on(ended: Result<(), JoinError>) {
    if let Some(panic) = ended.err().and_then(|error| error.try_into_panic().ok()) {
        std::panic::resume_unwind(panic);
    }
}
