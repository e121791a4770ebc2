//! A server that says what the test wants it to.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use redis::Blob;
use redis::resp::{CommandDecoder, Limits};

/// It listens as long as the tests run.
pub(crate) struct Imposter {
    pub(crate) address: SocketAddr,
}

impl Imposter {
    /// One that answers command lines so; commands that come through one connection wait for each
    /// other. `PING` is answered as it should be: the proxy asks whether it is there.
    #[expect(clippy::disallowed_methods, reason = "a server beside the test")]
    pub(crate) fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Imposter {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || serve(stream, &*answer));
            }
        });
        Imposter { address }
    }
}

/// Until the other side has enough.
fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> Vec<u8>) {
    let mut decoder = CommandDecoder::new(Limits::default());
    let mut buffer = [0; 1 << 12];
    while let Ok(len @ 1..) = stream.read(&mut buffer) {
        let mut input = &buffer[..len];
        while let Ok(Some(line)) = decoder.decode(&mut input) {
            let line = line.iter().map(Blob::to_string).collect::<Vec<_>>().join(" ");
            let said = if line == "PING" { b"+PONG\r\n".to_vec() } else { answer(&line) };
            if stream.write_all(&said).is_err() {
                return;
            }
        }
    }
}
