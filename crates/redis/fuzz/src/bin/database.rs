//! The command parser: any command lines get a reply, and a command that is refused changes
//! nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redis::resp::{CommandDecoder, Limits, Protocol, encode_reply};
use redis::{Connection, Database, UnixTime};

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = CommandDecoder::new(Limits::default());
    let mut database = Database::default();
    let mut connection = Connection::new(1);
    let mut now = UnixTime::from_millis(1_700_000_000_000);
    let mut input = bytes;
    while let Ok(Some(line)) = decoder.decode(&mut input) {
        // Half a gigabyte in one go is allowed, but not what this is about.
        let long = |word: &redis::Blob| word.len() > 5 && word.iter().all(u8::is_ascii_digit);
        if line[0].eq_ignore_ascii_case(b"setrange") && line.iter().any(long) {
            continue;
        }
        let before = database.clone();
        let reply = connection.call(&mut database, now, &line);
        if reply.as_error().is_some() {
            let (before, after) = (before.keyspace().iter(now), database.keyspace().iter(now));
            assert!(before.eq(after), "{line:?} was refused, and changed something");
        }
        let mut out = Vec::new();
        encode_reply(&reply, Protocol::Resp3, &mut out);
        // Time goes on, and now and then it goes back.
        let step = u64::from(line[0].first().copied().unwrap_or(0)) * 1_000_000;
        now = UnixTime(if out.len() % 7 == 0 { now.0 - step } else { now.0 + step });
    }
});
