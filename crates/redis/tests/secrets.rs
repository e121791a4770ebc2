//! Servers with different hash secrets give the same replies, in the same order, and have equal
//! data.

#![expect(clippy::disallowed_types, reason = "hashes are compared within one process only")]

#[path = "against_redis_server/forms.rs"]
mod forms;
#[path = "against_redis_server/scripts.rs"]
mod scripts;
#[path = "against_redis_server/sequences.rs"]
mod sequences;
#[path = "against_redis_server/words.rs"]
mod words;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use proptest::prelude::*;
use redis::{Blob, Connection, Database, HashSecret, Reply, ScriptLibrary, UnixTime};

/// Lines that reveal an order, depend on one, or affect several databases.
const OF_ALL_KEYS: [&str; 22] = [
    "KEYS *",
    "KEYS pattern",
    "SCAN 0 COUNT 7",
    "SCAN 70000000000000 COUNT 7",
    "SCAN 140000000000000",
    "RANDOMKEY",
    "RANDOMKEY",
    "DBSIZE",
    "INFO",
    "SELECT 0",
    "SELECT 1",
    "SWAPDB 0 1",
    "MOVE any_key 1",
    "MOVE any_key 0",
    "MULTI",
    "EXEC",
    "WATCH any_key",
    "CONFIG SET maxmemory 20000 maxmemory-policy allkeys-lru",
    "CONFIG SET maxmemory 18000 maxmemory-policy volatile-ttl",
    "CONFIG SET maxmemory 0",
    "FLUSHDB",
    "ZUNIONSTORE zset 2 set any_key",
];

/// A server with many keys besides those in the lines, and one client.
struct Server {
    database: Database,
    client: Connection,
    now: UnixTime,
}

impl Server {
    fn with(secret: HashSecret) -> Server {
        let library = Arc::new(ScriptLibrary::new(scripts::SCRIPTS));
        let database = Database::new(library).with_hash_secret(secret);
        let now = UnixTime::from_millis(1_700_000_000_000);
        let mut server = Server { database, client: Connection::new(1), now };
        for number in 0..100 {
            let line = format!("SET key:{number} {number} EX {}", 1_000 + number);
            let line: Vec<Blob> = line.split(' ').map(Blob::from).collect();
            server.call(&line);
        }
        server
    }

    fn call(&mut self, line: &[Blob]) -> Reply {
        self.now.0 += 7_000_000;
        self.client.call(&mut self.database, self.now, line)
    }

    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.database.hash(&mut hasher);
        hasher.finish()
    }
}

fn lines() -> impl Strategy<Value = Vec<Vec<Blob>>> {
    let of_all_keys = sequences::line(&OF_ALL_KEYS);
    (sequences::sequence(), prop::collection::vec(of_all_keys, 20..40)).prop_map(
        |(usual, others)| {
            let mut others = others.into_iter();
            let pairs = usual.into_iter().flat_map(|line| [Some(line), others.next()]);
            let mut lines: Vec<_> = pairs.flatten().collect();
            lines.extend(others);
            lines
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn servers_with_different_secrets_answer_all_the_same(
        secrets in prop::array::uniform2(any::<[u64; 4]>().prop_map(HashSecret::new)),
        lines in lines(),
    ) {
        let [mut one, mut other] = secrets.clone().map(Server::with);
        for (number, line) in lines.iter().enumerate() {
            prop_assert_eq!(one.call(line), other.call(line), "line {}: {:?}", number, line);
        }
        prop_assert_eq!(&one.database, &other.database);
        prop_assert_eq!(one.hash(), other.hash());
        prop_assert_eq!(one.database.hash_secret(), &secrets[0]);
    }
}
