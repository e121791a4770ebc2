//! A client that sees every byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use redis::resp::{Incoming, Limits, ReplyDecoder, encode_command};
use redis::{Blob, Reply};

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
                Some(Incoming::Push(push)) => panic!("unexpected push {push:?}"),
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
