//! Replies as bytes. The real server's RESP2 reply is encoded again with the shape of its command.
//! The bytes must equal the server's bytes, in RESP2 and in RESP3.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use redis::resp::{Incoming, Limits, Protocol, ReplyDecoder, Shapes, encode_command};
use redis::{Blob, Reply};

use crate::lines;
use crate::server::Server;

/// Lines to which two servers with the same state must give the same reply.
const LINES: &str = r#"
MSET a 1 b 2
GET a
GET none
MGET a none b
HSET h f 1 g 2
HGETALL h
HGETALL none
HGET h none
HKEYS h
HVALS h
HRANDFIELD none 2 WITHVALUES
HRANDFIELD h 2 WITHVALUES
HRANDFIELD h 2
HSCAN h 0
HINCRBYFLOAT h x 1.5
SADD s 1 2 3
SADD t 2
SMEMBERS s
smembers none
SINTER s t
SUNION s t
SDIFF s t
SDIFF a t
SISMEMBER s 1
SMISMEMBER s 1 9
SRANDMEMBER s 5
SRANDMEMBER none 5
SSCAN s 0
SPOP none
SPOP none 2
SPOP t 2
ZADD z 1 one 2.5 two inf many -inf few
ZADD y 1 withscores
ZADD z INCR 1.25 one
ZADD z NX INCR 1 one
ZSCORE z two
ZSCORE z many
ZSCORE z none
ZINCRBY z 0.1 two
ZMSCORE z one none two
ZRANGE z 0 -1
ZRANGE z 0 -1 WITHSCORES
ZRANGE z -inf +inf BYSCORE LIMIT 0 2 WITHSCORES
ZREVRANGE z 0 1 withscores
ZRANGEBYSCORE z -inf +inf WITHSCORES
ZREVRANGEBYSCORE z +inf -inf WITHSCORES LIMIT 1 1
ZRANGE none 0 -1 WITHSCORES
ZRANGEBYLEX y - +
ZUNION 2 z y WITHSCORES
ZUNION 1 withscores
ZUNION 2 withscores y
ZINTER 2 z z WITHSCORES
ZDIFF 1 z WITHSCORES
ZDIFF 1 z
ZRANDMEMBER y 1 WITHSCORES
ZRANDMEMBER y
ZRANK z one
ZSCAN z 0
ZPOPMIN z
ZPOPMAX z 2
ZPOPMIN none
ZPOPMIN none 2
ZPOPMIN y 1
RPUSH l a b
LRANGE l 0 -1
LPOP none
LPOP none 2
RPOP none 2
RPOP none 0
LPOS l b COUNT 0
INCRBYFLOAT f 1.5
CONFIG GET maxmemory
CONFIG GET none
CONFIG SET maxmemory 0
SCAN 0 MATCH none
KEYS none
TYPE z
OBJECT ENCODING a
OBJECT FREQ a
LCS a b
LCS a b LEN
LCS a b IDX
COMMAND INFO get set none eval sort zunionstore
COMMAND COUNT
CLIENT GETNAME
CLIENT SETNAME me
CLIENT GETNAME
SCRIPT EXISTS 0000000000000000000000000000000000000000
EVAL "return {1,false,true,{3.7},'x'}" 0
HGETALL
HGETALL a
MULTI
LPOP none 1
LPOP none
COMMAND INFO none
HGETALL h
ZSCORE z none
SMEMBERS s
ZADD z 1 one
ZSCORE z one
HGETALL a
EXEC
MULTI
HGETALL h
DISCARD
MULTI
SMEMBERS s
NONSENSE
EXEC
EXEC
HGETALL h
WATCH a
SET a 5
MULTI
HGETALL h
EXEC
"#;

/// A connection that returns the raw bytes of replies.
struct Raw(TcpStream);

impl Raw {
    fn call(&mut self, line: &[Blob]) -> (Vec<u8>, Reply) {
        let mut request = Vec::new();
        encode_command(line, &mut request);
        self.0.write_all(&request).expect("the server listens");
        let mut decoder = ReplyDecoder::new(Limits::default());
        let mut all = Vec::new();
        let mut some = vec![0; 1 << 16];
        loop {
            let len = self.0.read(&mut some).expect("the server answers");
            assert!(len > 0, "the server hung up");
            all.extend_from_slice(&some[..len]);
            if let Some(Incoming::Reply(reply)) = decoder.decode(&mut &some[..len]).expect("RESP") {
                return (all, reply);
            }
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the output shows that nothing was compared")]
fn replies_have_the_shapes_that_their_commands_give_them() {
    let (Some(two), Some(three)) = (Server::start(), Server::start()) else {
        println!("skipped: there is no redis-server on this machine");
        return;
    };
    let (mut two, mut three) = (Raw(two.open()), Raw(three.open()));
    let hello = |version: &str| ["HELLO", version].map(Blob::from);
    let (mut shapes, mut shapes_in_resp2) = (Shapes::default(), Shapes::default());
    let (_, map) = two.call(&hello("2"));
    let (expected, _) = three.call(&hello("3"));
    let mut got = Vec::new();
    shapes.next(&hello("3"), &map, Protocol::Resp3).encode(&map, Protocol::Resp3, &mut got);
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    assert_eq!(text(&got[..20]), text(&expected[..20]));
    let mut differences = Vec::new();
    for line in LINES.lines().filter(|line| !line.is_empty()) {
        let words = lines::split(line);
        let (expected_in_resp2, reply) = two.call(&words);
        let (expected, _) = three.call(&words);
        for (shapes, protocol, expected) in [
            (&mut shapes, Protocol::Resp3, expected),
            (&mut shapes_in_resp2, Protocol::Resp2, expected_in_resp2),
        ] {
            let mut got = Vec::new();
            shapes.next(&words, &reply, protocol).encode(&reply, protocol, &mut got);
            if got != expected {
                let (expected, got) = (text(&expected), text(&got));
                differences.push(format!("{line}\n  expected {expected}\n  got      {got}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
