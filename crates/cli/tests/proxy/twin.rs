//! Through the proxy a server is what it is without: the same commands, of several clients, and
//! the same replies as from Redis in memory. Each client sends some at once, and all is quiet
//! before the next one's turn; so there is one right answer to each.

use redis::resp::encode_command;
use redis::{Blob, Connection, Database, Reply, UnixTime};

use crate::client::Client;
use crate::proxy::Proxy;
use crate::upstream::Upstream;

/// What chance gives, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn line(&mut self) -> String {
        let (a, b, n) = (self.below(4), self.below(4), self.below(100));
        match self.below(70) {
            0..=51 => format!("GET k{a}"),
            52..=55 => format!("SET k{a} {n}"),
            56 => format!("INCR k{a}"),
            57 => format!("APPEND k{a} {n}"),
            58 => format!("DEL k{a} k{b}"),
            59 => format!("MSET k{a} {n} k{b} {n}"),
            60 => format!("RENAME k{a} k{b}"),
            61 => format!("GETSET k{a} {n}"),
            62 => format!("MGET k{a} k{b}"),
            63 => format!("LPUSH k{a} {n}"),
            64 if self.below(2) == 0 => "MULTI".to_owned(),
            66 if self.below(3) == 0 => format!("WATCH k{a}"),
            67 if self.below(10) == 0 => "SELECT 1".to_owned(),
            64..=67 => "EXEC".to_owned(),
            68 => "PING hello".to_owned(),
            _ => match self.below(4) {
                0 => "FLUSHDB".to_owned(),
                1 => "DISCARD".to_owned(),
                2 => format!("COPY k{a} k{b} REPLACE"),
                _ => format!("EVAL return{{redis.call('incr','k{a}')}} 0"),
            },
        }
    }
}

/// A client, and what the server in memory knows of it.
struct Pair {
    client: Client,
    model: Connection,
}

#[test]
fn a_server_is_what_it_is_without_the_proxy() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &["--capacity", "3"]);
    let mut direct = upstream.connect();
    let mut dice = Dice(7);
    for round in 0..30 {
        assert_eq!(direct.call("FLUSHALL"), Reply::ok());
        let mut database = Database::default();
        let pair = |number| Pair { client: proxy.connect(), model: Connection::new(number) };
        let mut pairs: Vec<Pair> = (1..=3).map(pair).collect();
        // The proxy does not see direct writes.
        pairs[0].client.call("EVAL return{} 0");
        for turn in 0..60 {
            let Pair { client, model } = &mut pairs[dice.below(3) as usize];
            let lines: Vec<String> = (0..=dice.below(12)).map(|_| dice.line()).collect();
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            for line in &lines {
                let line: Vec<Blob> = line.split(' ').map(Blob::from).collect();
                encode_command(&line, &mut bytes);
                expected.push(model.call(&mut database, UnixTime::from_millis(1_000), &line));
            }
            std::io::Write::write_all(&mut client.stream, &bytes).unwrap();
            for (line, expected) in lines.iter().zip(expected) {
                let reply = client.receive().unwrap().expect("the proxy does not hang up");
                assert_eq!(reply, expected, "round {round}, turn {turn}: {line} of {lines:?}");
            }
        }
    }
    assert!(proxy.metric("hits_total") > 100, "{}", proxy.metrics());
    assert!(proxy.metric("evicted_total") > 10, "{}", proxy.metrics());
}
