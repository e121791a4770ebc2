//! The decoder of what clients send: any bytes, however they are cut, give the same command lines
//! or the same refusal, and never take much more memory than they are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redis::Blob;
use redis::resp::{CommandDecoder, Limits, ProtocolError, encode_command};

type Read = (Vec<Vec<Blob>>, Option<ProtocolError>);

fn read(mut bytes: &[u8], mut piece_len: usize) -> Read {
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

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let whole = read(bytes, bytes.len().max(1));
    assert_eq!(whole, read(bytes, usize::from(*first) % 37 + 1));
    let mut again = Vec::new();
    for line in &whole.0 {
        assert!(!line.is_empty());
        encode_command(line, &mut again);
    }
    assert_eq!(read(&again, again.len().max(1)), (whole.0, None));
});
