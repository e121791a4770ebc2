//! Where clients come in.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinError;

/// A peer that says nothing for so long is asked whether it is still there: `tcp-keepalive`.
const KEEPALIVE: Duration = Duration::from_secs(300);

/// An address cannot be listened on.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {}", in_words(error))]
pub struct ListenError {
    /// Which.
    pub address: SocketAddr,
    /// Why not.
    pub error: io::Error,
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "somebody else does (port 0 takes a free port)".to_owned(),
        io::ErrorKind::PermissionDenied => "that is not allowed (try a port from 1024)".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => error.to_string(),
    }
}

/// Takes an address, and tells which it is: port 0 is any that is free.
///
/// # Errors
/// If it cannot be had.
pub async fn open(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let cannot = |error| ListenError { address, error };
    let door = TcpListener::bind(address).await.map_err(cannot)?;
    let address = door.local_addr().map_err(cannot)?;
    Ok((door, address))
}

/// A connection sends at once what is written, and asks now and then whether its peer is there.
pub fn tune(stream: &TcpStream) {
    // A socket that refuses these has broken already, which is found out when it is read.
    drop(stream.set_nodelay(true));
    drop(SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE)));
}

/// Lets a client in without waiting, and without asking whether there is one: `None` if there is
/// not. For whoever must not wait, while nobody else can look.
///
/// # Errors
/// If there are no more sockets.
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

/// Reads what has come without waiting, and without asking whether something has.
///
/// # Errors
/// Those of the socket: that it would block, among others.
pub fn read_at_once(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    (&*SockRef::from(stream)).read(buffer)
}

/// Sends what can be sent without waiting, and without asking whether something can.
///
/// # Errors
/// Those of the socket: that it would block, among others.
pub fn write_at_once(stream: &TcpStream, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
    (&*SockRef::from(stream)).write_vectored(slices)
}

/// A panic in a task is a bug, and is not to be overlooked.
pub fn pass_on(ended: Result<(), JoinError>) {
    if let Some(panic) = ended.err().and_then(|error| error.try_into_panic().ok()) {
        std::panic::resume_unwind(panic);
    }
}
