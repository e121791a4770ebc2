//! The assertions of redis_lease's own tests, for our scripts on a real server.

use history::{Key, Observation, Value, Version};
use lease::config::DeletedBlock;
use lease::dialect::{Dialect, Rules};
use lease::scripts::{SHARED_GET, SHARED_SET};
use lease::{Answer, Call, Discipline, Token};
use redis::{Blob, Reply, Script};

use crate::{Servers, dialect};

const KEY: Key = Key(0);

struct Story {
    servers: Servers,
    dialect: Dialect,
}

impl Story {
    fn of(discipline: Discipline) -> Option<Story> {
        Some(Story { servers: Servers::start()?, dialect: dialect(discipline) })
    }

    fn call(&mut self, call: Call) -> Answer {
        let line = self.dialect.request(KEY, &call).expect("a known entry").line();
        let reply = self.servers.compare(&line).unwrap_or_else(|why| panic!("{call:?}:\n{why}"));
        self.dialect.answer(&call, &reply)
    }

    fn get(&mut self, token: u64) -> Answer {
        self.call(Call::Get { token: Token(token) })
    }

    fn set(&mut self, token: u64, version: u64) -> Answer {
        self.call(Call::Set { token: Token(token), state: state(version), ttl: None })
    }

    fn delete(&mut self) -> Answer {
        self.call(Call::Delete { version: Version(9) })
    }
}

fn state(version: u64) -> Observation {
    Observation { version: Version(version), value: Value(7) }
}

#[test]
fn the_newest_miss_has_the_valid_lease() {
    let Some(mut story) = Story::of(Discipline::NewestMiss) else { return };
    assert_eq!(story.set(1, 1), Answer::Refused, "no client has missed it");
    assert_eq!(story.get(1), Answer::Granted(Token(1)));
    assert_eq!(story.get(2), Answer::Granted(Token(2)));
    assert_eq!(story.set(1, 1), Answer::Refused, "a newer miss has taken its lease");
    assert_eq!(story.set(2, 1), Answer::Stored(state(1)));
    assert_eq!(story.get(3), Answer::Found(state(1)), "a hit takes no lease");
    assert_eq!(story.set(2, 2), Answer::Stored(state(2)), "a lease is good for more than one fill");
    assert_eq!(story.delete(), Answer::Deleted(Version(9)));
    assert_eq!(story.delete(), Answer::Deleted(Version(9)), "twice does no harm");
    assert_eq!(story.set(2, 2), Answer::Refused, "the lease went with the entry");
}

#[test]
fn one_holder_keeps_the_others_waiting() {
    let Some(mut story) = Story::of(Discipline::SingleHolder) else { return };
    assert_eq!(story.get(1), Answer::Granted(Token(1)));
    assert_eq!(story.get(2), Answer::Wait);
    assert_eq!(story.delete(), Answer::Deleted(Version(9)));
    assert_eq!(story.get(3), Answer::Granted(Token(3)), "the block went with the entry");
    assert_eq!(story.set(3, 1), Answer::Stored(state(1)));
    assert_eq!(story.get(4), Answer::Found(state(1)));
}

#[test]
fn without_the_colon_the_block_stays() {
    let Some(servers) = Servers::start() else { return };
    let rules =
        Rules { deleted_block: DeletedBlock::WithoutColon, ..Rules::of(Discipline::SingleHolder) };
    let dialect = Dialect::new(rules, &["key1".to_owned()]);
    let mut story = Story { servers, dialect };
    assert_eq!(story.get(1), Answer::Granted(Token(1)));
    assert_eq!(story.delete(), Answer::Deleted(Version(9)));
    assert_eq!(story.get(2), Answer::Wait, "for a holder whose lease is void");
    assert_eq!(story.set(1, 1), Answer::Refused);
    assert_eq!(story.get(2), Answer::Wait);
}

#[test]
fn all_clients_that_miss_share_a_token() {
    let Some(mut story) = Story::of(Discipline::SharedToken) else { return };
    assert_eq!(story.get(0), Answer::Granted(Token(1)));
    assert_eq!(story.get(0), Answer::Granted(Token(1)));
    assert_eq!(story.set(1, 1), Answer::Stored(state(1)));
    assert_eq!(story.set(1, 2), Answer::Refused, "the first fill wins");
    assert_eq!(story.delete(), Answer::Deleted(Version(9)));
    assert_eq!(story.set(1, 1), Answer::Refused);
    assert_eq!(story.get(0), Answer::Granted(Token(2)), "another number");
}

#[test]
fn clients_without_a_lease_get_the_invalidated_value() {
    let Some(mut story) = Story::of(Discipline::StaleValues) else { return };
    assert_eq!(story.get(1), Answer::Granted(Token(1)));
    assert_eq!(story.get(2), Answer::Wait, "there is nothing outdated yet");
    assert_eq!(story.set(1, 1), Answer::Stored(state(1)));
    assert_eq!(story.delete(), Answer::Deleted(Version(9)));
    assert_eq!(story.get(2), Answer::Outdated(state(1), None), "one lease in the time of a block");
    assert_eq!(story.set(1, 1), Answer::Refused);
}

#[test]
fn a_hundred_entries_are_read_and_filled_in_at_once() {
    let Some(mut servers) = Servers::start() else { return };
    let mut run = |script: Script, keys: &[String], arguments: &[String]| {
        let sha = script.sha().to_string();
        let head = ["EVALSHA".to_owned(), sha, keys.len().to_string()];
        let words = head.iter().chain(keys).chain(arguments);
        let line: Vec<Blob> = words.map(|word| Blob::from(word.as_str())).collect();
        match servers.compare(&line) {
            Ok(Reply::Array(replies)) => replies,
            other => panic!("{} gave {other:?}", script.name),
        }
    };
    let bulk = |text: String| Reply::Bulk(Blob::from(text));
    let entries: Vec<String> = (1..=100).map(|number| format!("entry{number}")).collect();
    let with_counter = [&entries[..], &["next-lease".to_owned()]].concat();
    let leases: Vec<Reply> = (1..=100).map(|number| bulk(format!("cas:{number}"))).collect();
    assert_eq!(run(SHARED_GET, &with_counter, &[]), leases);
    assert_eq!(run(SHARED_GET, &with_counter, &[]), leases, "who comes later shares them");
    let fills: Vec<String> = (1..=100)
        .flat_map(|number| [number.to_string(), format!("1:{number}"), "1000".to_owned()])
        .collect();
    assert_eq!(run(SHARED_SET, &entries, &fills), vec![bulk("OK".to_owned()); 100]);
    let values: Vec<Reply> = (1..=100).map(|number| bulk(format!("val:1:{number}"))).collect();
    assert_eq!(run(SHARED_GET, &with_counter, &[]), values);
}
