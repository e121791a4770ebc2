//! The two decoders of the protocol: any bytes, however they are cut, give the same, and never take
//! much more memory than they are.

use redis::Blob;
use redis::resp::{
    CommandDecoder, Incoming, InvalidReply, Limits, Protocol, ProtocolError, ReplyDecoder,
    encode_command, encode_reply,
};

type Commands = (Vec<Vec<Blob>>, Option<ProtocolError>);
type Replies = (Vec<Incoming>, Option<InvalidReply>);

/// The first byte says how the others are cut. What was read can be written and read again.
pub(crate) fn commands(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let whole = read_commands(bytes, bytes.len().max(1));
    assert_eq!(whole, read_commands(bytes, usize::from(*first) % 37 + 1));
    let mut again = Vec::new();
    for line in &whole.0 {
        assert!(!line.is_empty());
        encode_command(line, &mut again);
    }
    assert_eq!(read_commands(&again, again.len().max(1)), (whole.0, None));
}

fn read_commands(mut bytes: &[u8], mut piece_len: usize) -> Commands {
    let mut decoder = CommandDecoder::new(Limits { line: 200, ..Limits::default() });
    let mut lines = Vec::new();
    let mut came = 0;
    while !bytes.is_empty() {
        let (mut piece, rest) = bytes.split_at(piece_len.min(bytes.len()));
        bytes = rest;
        came += piece.len();
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(line)) => lines.push(line),
                Ok(None) => break,
                Err(error) => return (lines, Some(error)),
            }
        }
        assert!(piece.is_empty(), "bytes were left");
        assert!(decoder.pending() <= 5 * came, "more is kept than came");
        piece_len = piece_len % 37 + 1;
    }
    (lines, None)
}

/// As [`commands`].
pub(crate) fn replies(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let (all, failure) = read_replies(bytes, bytes.len().max(1));
    let pieces = read_replies(bytes, usize::from(*first) % 37 + 1);
    assert_eq!((&all, failure), (&pieces.0, pieces.1));
    for incoming in all {
        let Incoming::Reply(reply) = incoming else { continue };
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let mut bytes = Vec::new();
            encode_reply(&reply, protocol, &mut bytes);
            let (again, _) = read_replies(&bytes, bytes.len());
            assert_eq!(again.first(), Some(&Incoming::Reply(reply.clone())));
        }
    }
}

fn read_replies(mut bytes: &[u8], mut piece_len: usize) -> Replies {
    let mut decoder = ReplyDecoder::new(Limits { line: 8 << 10, depth: 20, ..Limits::default() });
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (mut piece, rest) = bytes.split_at(piece_len.min(bytes.len()));
        bytes = rest;
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(incoming)) => all.push(incoming),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
        assert!(piece.is_empty(), "bytes were left");
        piece_len = piece_len % 37 + 1;
    }
    (all, None)
}
