//! The decoder of what servers answer: any bytes, however they are cut, give the same replies or
//! the same failure, and what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redis::resp::{Incoming, InvalidReply, Limits, Protocol, ReplyDecoder, encode_reply};

fn read(mut bytes: &[u8], mut piece_len: usize) -> (Vec<Incoming>, Option<InvalidReply>) {
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

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let (all, failure) = read(bytes, bytes.len().max(1));
    let pieces = read(bytes, usize::from(*first) % 37 + 1);
    assert_eq!((&all, failure), (&pieces.0, pieces.1));
    for incoming in all {
        let Incoming::Reply(reply) = incoming else { continue };
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let mut bytes = Vec::new();
            encode_reply(&reply, protocol, &mut bytes);
            let (again, _) = read(&bytes, bytes.len());
            assert_eq!(again.first(), Some(&Incoming::Reply(reply.clone())));
        }
    }
});
