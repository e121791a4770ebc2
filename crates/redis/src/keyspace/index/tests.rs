//! Counts comparisons for keys that were chosen to collide. The secret prevents the collisions.

use std::cell::Cell;

use xxhash_rust::xxh3::xxh3_64;

use super::*;
use crate::{Database, Reply, UnixTime};

const KEYS: u64 = 2_000;

/// Keys that collide in a trie whose hash is the low half of XXH3 without a secret. XXH3 of 16
/// bytes mixes the product of both halves with their sum. The product is 0 if the first half is
/// this constant. The function of the sum can be inverted.
fn keys_with_one_hash() -> Vec<Blob> {
    const FACTOR_IS_ZERO: u64 = 0x1f67_b3b7_a4a4_4072 ^ 0x78e5_c0cc_4ee6_79cb;
    const OTHER_FACTOR: u64 = 0x2172_ffcc_7dd0_5a82 ^ 0x8e24_43f7_7446_08b8;
    let key = |number: u64| {
        let hash = number << 32 | 0x1234_5678;
        let mut sum = hash ^ (hash >> 32);
        sum = sum.wrapping_mul(inverse(0x1656_6791_9e37_79f9));
        sum ^= sum >> 37;
        let second = sum.wrapping_sub(16) ^ OTHER_FACTOR;
        let halves = [FACTOR_IS_ZERO, second].map(u64::to_le_bytes);
        Blob::copy_from_slice(halves.as_flattened())
    };
    (0..KEYS).map(key).collect()
}

/// The inverse of an odd number modulo 2^64. Each step of Newton's method doubles the number of
/// correct bits.
fn inverse(odd: u64) -> u64 {
    (0..6)
        .fold(odd, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse))))
}

thread_local! {
    static COMPARISONS: Cell<u64> = const { Cell::new(0) };
}

/// A key that counts how often it is compared.
#[derive(Clone)]
struct Counted(Blob);

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Counted) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.0 == other.0
    }
}

impl Eq for Counted {}

/// The number of comparisons to add, find and remove all these keys, one after the other.
fn comparisons(keys: Vec<Blob>, hash: impl BuildHasher + Clone) -> u64 {
    let keys: Vec<Counted> = keys.into_iter().map(Counted).collect();
    let mut map: GenericHashMap<Counted, (), _, DefaultSharedPtr> =
        GenericHashMap::with_hasher(hash);
    COMPARISONS.set(0);
    keys.iter().for_each(|key| assert!(map.insert(key.clone(), ()).is_none()));
    keys.iter().for_each(|key| assert!(map.get(key).is_some()));
    keys.iter().for_each(|key| assert!(map.remove(key).is_some()));
    COMPARISONS.get()
}

/// The hash function of an earlier index, which had no secret.
#[derive(Clone, Default)]
struct WithoutSecret(u64);

impl BuildHasher for WithoutSecret {
    type Hasher = WithoutSecret;

    fn build_hasher(&self) -> WithoutSecret {
        WithoutSecret::default()
    }
}

impl Hasher for WithoutSecret {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[test]
fn chosen_keys_take_no_more_work_than_any_others() {
    assert!(keys_with_one_hash().iter().all(|key| xxh3_64(key) & 0xffff_ffff == 0x1234_5678));
    let without = comparisons(keys_with_one_hash(), WithoutSecret::default());
    assert!(without > KEYS * KEYS, "the keys do not collide: {without} comparisons");

    let others = (0..KEYS).map(|n| Blob::format(format_args!("key:{n:012}"))).collect();
    for keys in [keys_with_one_hash(), others] {
        let with = comparisons(keys, KeyHash(HashSecret::new([1, 2, 3, 4])));
        // Finding a key takes one comparison, except for a rare collision.
        assert!((2 * KEYS..2 * KEYS + 10).contains(&with), "{with} comparisons");
    }
}

fn server(secret: [u64; 4]) -> Database {
    Database::default().with_hash_secret(HashSecret::new(secret))
}

fn call(database: &mut Database, line: &[&str]) -> Reply {
    let line: Vec<Blob> = line.iter().copied().map(Blob::from).collect();
    database.call(UnixTime::from_millis(1_000), &line)
}

#[test]
fn the_secret_decides_where_keys_lie() {
    let order = |secret| {
        let mut database = server(secret);
        for n in 0..100 {
            call(&mut database, &["SET", &n.to_string(), "v"]);
        }
        let keys = database.keyspace().iter_unordered().map(|(key, _)| key.clone());
        keys.collect::<Vec<Blob>>()
    };
    assert_eq!(order([1, 2, 3, 4]), order([1, 2, 3, 4]));
    for secret in [[0, 2, 3, 4], [1, 0, 3, 4], [1, 2, 0, 4], [1, 2, 3, 0], [0; 4]] {
        assert_ne!(order([1, 2, 3, 4]), order(secret), "{secret:?}");
    }
}

#[test]
fn all_databases_of_a_server_and_its_copies_keep_the_secret() {
    let secret = HashSecret::new([5, 6, 7, 8]);
    let mut database = Database::default();
    database.select(3);
    call(&mut database, &["SET", "k", "v"]);
    database.select(0);
    let mut database = database.with_hash_secret(secret.clone());
    for line in [
        &["SET", "k", "v"][..],
        &["COPY", "k", "k", "DB", "2"],
        &["SWAPDB", "0", "2"],
        &["SWAPDB", "0", "9"],
        &["SET", "l", "v"],
        &["FLUSHDB"],
        &["MOVE", "l", "4"],
        &["CONFIG", "SET", "maxmemory", "1mb"],
        &["SET", "l", "v"],
        &["FLUSHALL"],
    ] {
        assert!(call(&mut database, line).as_error().is_none(), "{line:?}");
        for mut copy in [database.clone(), database.clone().restarted()] {
            for number in 0..Database::COUNT {
                copy.select(number);
                assert!(*copy.hash_secret() == secret, "number {number} after {line:?}");
            }
        }
    }
}
