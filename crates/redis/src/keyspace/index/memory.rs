//! How much memory an index takes without what its entries hold.
//!
//! The nodes of the trie have room for 16 or 32 entries, and a key has one of them. With few keys
//! for each node most of the room is empty. Each time that there are 32 times as many keys, the
//! trie has one more level, and its nodes begin to be filled again: a key takes between 165 and 555
//! bytes, as the number of keys decides. Of a few keys each counts the same: together they take
//! little.

/// Numbers of keys, and the bytes that each of so many takes: measured, as the growth of a process
/// that did `SET k ''`. Before the first and after the last, the same comes again with 32 times
/// fewer or more keys.
const MEASURED: [(usize, usize); 20] = [
    (20_000, 176),
    (22_000, 190),
    (24_300, 234),
    (28_300, 325),
    (31_400, 400),
    (34_800, 465),
    (38_600, 515),
    (42_800, 540),
    (50_000, 552),
    (61_000, 540),
    (75_000, 516),
    (88_000, 492),
    (108_000, 448),
    (133_000, 391),
    (172_000, 319),
    (211_000, 265),
    (273_000, 208),
    (335_000, 177),
    (413_000, 165),
    (640_000, 176),
];

const FIRST: usize = MEASURED[0].0;
const LAST: usize = MEASURED[MEASURED.len() - 1].0;
const FIRST_EACH: usize = MEASURED[0].1;
/// How many children a node of the trie has.
const WIDTH: usize = 32;
const _: () = assert!(LAST == WIDTH * FIRST);
/// For fewer keys it is not worth while to ask how full the nodes are.
const FEW: usize = FIRST / WIDTH;

/// What an index of so many keys takes.
pub(in crate::keyspace) fn bytes(keys: usize) -> usize {
    if keys <= FEW {
        keys * FIRST_EACH
    } else if keys < FIRST {
        between(keys * WIDTH) / WIDTH
    } else if keys <= LAST {
        between(keys)
    } else {
        WIDTH * bytes(keys / WIDTH)
    }
}

/// The same for a number of keys between the first and the last that was measured.
fn between(keys: usize) -> usize {
    let next = MEASURED.partition_point(|(measured, _)| *measured < keys).max(1);
    let [(before, before_each), (after, after_each), ..] = MEASURED[next - 1..] else { return 0 };
    let (start, end) = (before * before_each, after * after_each);
    start + (end - start) * keys.saturating_sub(before) / (after - before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_keys_take_more_memory() {
        assert_eq!(bytes(0), 0);
        let mut last = 0;
        for keys in (1..100_000).chain((100_000..30_000_000).step_by(1_001)) {
            let now = bytes(keys);
            assert!(last <= now, "{keys}");
            assert!((160 * keys..560 * keys).contains(&now), "{keys}: {now}");
            last = now;
        }
    }

    #[test]
    fn numbers_that_were_measured_take_what_was_measured() {
        for (keys, each) in MEASURED {
            assert_eq!(bytes(keys), keys * each);
        }
    }
}
