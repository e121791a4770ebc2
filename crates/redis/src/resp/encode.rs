//! Encoders for replies and commands.

use std::io::Write as _;

use super::Protocol;
use crate::{Blob, Reply};

/// Appends a reply to `out`.
///
/// ```
/// use redis::{Blob, Reply};
/// use redis::resp::{Protocol, encode_reply};
///
/// let mut out = Vec::new();
/// let reply = Reply::Array(vec![Reply::Integer(2), Reply::Bulk(Blob::from("a")), Reply::Nil]);
/// encode_reply(&reply, Protocol::Resp2, &mut out);
/// assert_eq!(out, b"*3\r\n:2\r\n$1\r\na\r\n$-1\r\n");
/// ```
pub fn encode_reply(reply: &Reply, protocol: Protocol, out: &mut Vec<u8>) {
    match reply {
        Reply::Nil => out.extend_from_slice(match protocol {
            Protocol::Resp2 => b"$-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        }),
        Reply::Status(text) => line(b'+', text, out),
        Reply::Error(error) => line(b'-', error.text(), out),
        Reply::Integer(number) => announce(b':', *number, out),
        Reply::Bulk(bytes) => bulk(bytes, out),
        Reply::Array(replies) => {
            announce(b'*', replies.len(), out);
            for reply in replies {
                encode_reply(reply, protocol, out);
            }
        }
    }
}

/// Appends a command line to `out`.
///
/// ```
/// use redis::Blob;
/// use redis::resp::encode_command;
///
/// let mut out = Vec::new();
/// encode_command(&["GET", "k"].map(Blob::from), &mut out);
/// assert_eq!(out, b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
/// ```
pub fn encode_command(words: &[Blob], out: &mut Vec<u8>) {
    announce(b'*', words.len(), out);
    for word in words {
        bulk(word, out);
    }
}

/// A line break in the text would end the reply, and the rest would be read as another reply.
fn line(kind: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(text.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    out.extend_from_slice(b"\r\n");
}

fn bulk(bytes: &[u8], out: &mut Vec<u8>) {
    announce(b'$', bytes.len(), out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn announce(kind: u8, number: impl std::fmt::Display, out: &mut Vec<u8>) {
    out.push(kind);
    // Writing to a vector cannot fail.
    let _ = write!(out, "{number}\r\n");
}
