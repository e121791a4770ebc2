//! A database: any command lines get a reply, and a command that is refused changes nothing.

use redis::resp::{CommandDecoder, Limits, Protocol, encode_reply};
use redis::{Blob, Connection, Database, HashSecret, Reply, UnixTime};

use crate::script;

/// Command lines as a client sends them, to two servers with different secrets, which answer the
/// same.
pub(crate) fn lines(bytes: &[u8]) {
    let mut decoder = CommandDecoder::new(Limits::default());
    let mut database = Database::default();
    let mut twin = Database::default().with_hash_secret(HashSecret::new([1, 2, 3, 4]));
    let mut clients = [Connection::new(1), Connection::new(1)];
    let mut now = UnixTime::from_millis(1_700_000_000_000);
    let mut input = bytes;
    while let Ok(Some(line)) = decoder.decode(&mut input) {
        if is_large(&line) {
            continue;
        }
        let before = database.clone();
        let reply = clients[0].call(&mut database, now, &line);
        assert_eq!(reply, clients[1].call(&mut twin, now, &line), "{line:?}");
        // What a script or a transaction has written before an error stays.
        let is_plain = !["eval", "evalsha", "exec"].iter().any(|name| is_called(&line[0], name));
        if reply.as_error().is_some() && is_plain {
            let (before, after) = (before.keyspace().iter(now), database.keyspace().iter(now));
            assert!(before.eq(after), "{line:?} was refused, and changed something");
        }
        let mut out = Vec::new();
        encode_reply(&reply, Protocol::Resp3, &mut out);
        // Time goes on, and now and then it goes back.
        let step = u64::from(line[0].first().copied().unwrap_or(0)) * 1_000_000;
        now = UnixTime(if out.len() % 7 == 0 { now.0 - step } else { now.0 + step });
    }
    assert_eq!(database, twin);
}

/// A string of half a gigabyte is allowed, but not what this is about.
fn is_large(line: &[Blob]) -> bool {
    let long = |word: &Blob| word.len() > 5 && word.iter().all(u8::is_ascii_digit);
    is_called(&line[0], "setrange") && line.iter().any(long)
}

fn is_called(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

/// A script that the bytes choose by a grammar: it ends, does the same again on a copy, and the
/// next script does not notice.
pub(crate) fn script(bytes: &[u8]) {
    let text = script::from_choices(bytes);
    let now = UnixTime::from_millis(1_700_000_000_000);
    let mut database = Database::default();
    for line in ["SET k v", "RPUSH l a b c", "HSET h f 1 g 2", "SADD s a b", "ZADD z 1 a 2 b"] {
        let line: Vec<Blob> = line.split(' ').map(Blob::from).collect();
        database.call(now, &line);
    }
    let mut twin = database.clone();
    let eval = |database: &mut Database, text: &str| {
        database.call(now, &["EVAL", text, "2", "k", "l", "argument", "7"].map(Blob::from))
    };
    let reply = eval(&mut database, &text);
    assert_eq!(reply, eval(&mut twin, &text), "the same script gives something else:\n{text}");
    assert_eq!(database, twin, "the same script leaves something else:\n{text}");
    let next = eval(&mut database, "return ARGV[1] .. tostring(rawget(_G, 'g'))");
    assert_eq!(next, Reply::Bulk(Blob::from("argumentnil")), "after:\n{text}");
    encode_reply(&reply, Protocol::Resp2, &mut Vec::new());
}
