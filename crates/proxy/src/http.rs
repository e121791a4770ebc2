//! A minimal HTTP server for metrics, with one request per connection.

use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::Duration;

use tcp::door::pass_on;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::metrics::exposition;
use crate::shared::Shared;

/// The most bytes of a request.
const REQUEST_MAX: usize = 8 << 10;
/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The most concurrent requests. Others wait.
const CONCURRENT_MAX: usize = 16;

/// Serves requests forever.
pub(crate) async fn serve(shared: Rc<Shared>, door: TcpListener) {
    let mut asking = JoinSet::new();
    loop {
        tokio::select! {
            Some(ended) = asking.join_next() => pass_on(ended),
            accepted = door.accept(), if asking.len() < CONCURRENT_MAX => match accepted {
                Ok((stream, _)) => {
                    let shared = Rc::clone(&shared);
                    asking.spawn_local(async move {
                        // A client that hangs up, or is too slow, gets no answer.
                        let _ = timeout(REQUEST_TIMEOUT, answer(&shared, &stream)).await;
                    });
                }
                Err(_) => sleep(Duration::from_millis(20)).await,
            },
        }
    }
}

async fn answer(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    let request = read_request(stream).await?;
    let (status, body) = if request.starts_with(b"GET /metrics ") {
        ("200 OK", exposition(shared))
    } else {
        ("404 Not Found", "metrics are at /metrics\n".to_owned())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    write_all(stream, (head + &body).as_bytes()).await
}

/// Reads up to the empty line after the headers.
async fn read_request(stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 1 << 10];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(len) => request.extend_from_slice(&buffer[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if request.len() > REQUEST_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    Ok(request)
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(len) => bytes = &bytes[len..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
