//! The cache against a slow and obvious twin, step by step.

use history::{Span, Time};
use lru_proxy::{Cache, Capacity, Expiry, Fills, Ticket};
use proptest::prelude::*;
use redis::Blob;

const TTL: Span = Span(10);

/// An operation on a cache.
#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    Miss(u8),
    /// The open ticket at this place gets a value of this many bytes.
    Fill(usize, u8),
    /// Like `Fill`, with a value of a limited life.
    FillFor(usize, u64),
    GiveUp(usize),
    Invalidate(u8),
    InvalidateAll,
    /// Of this key, or of any.
    BeginWrite(Option<u8>),
    /// The open write at this place ends.
    EndWrite(usize),
    Redeem,
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..6u8).prop_map(Step::Get),
        6 => (0..6u8).prop_map(Step::Miss),
        8 => (0..4usize, 0..60u8).prop_map(|(place, len)| Step::Fill(place, len)),
        2 => (0..4usize, 0..15u64).prop_map(|(place, lives)| Step::FillFor(place, lives)),
        1 => (0..4usize).prop_map(Step::GiveUp),
        2 => (0..6u8).prop_map(Step::Invalidate),
        1 => Just(Step::InvalidateAll),
        2 => prop::option::weighted(0.8, 0..6u8).prop_map(Step::BeginWrite),
        3 => (0..4usize).prop_map(Step::EndWrite),
        1 => Just(Step::Redeem),
        4 => (0..6u64).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..120)
}

/// The entries in order of use, the last used first, the void tickets, and the open writes.
struct Twin {
    capacity: Capacity,
    expiry: Expiry,
    fills: Fills,
    /// Key, value, and expiry.
    entries: Vec<(Blob, Blob, Time)>,
    /// The issued tickets: the cache's, the key, the time of issue, and whether it is valid.
    tickets: Vec<(Ticket, Blob, Time, bool)>,
    /// The keys of open writes. `None` means any key.
    writes: Vec<Option<Blob>>,
}

impl Twin {
    fn get(&mut self, key: &Blob, now: Time) -> Option<Blob> {
        let is_written = self.writes.iter().any(|one| one.as_ref().is_none_or(|one| one == key));
        if is_written && self.fills == Fills::Guarded {
            return None;
        }
        let place = self.entries.iter().position(|(known, ..)| known == key)?;
        let entry = self.entries.remove(place);
        if self.expiry == Expiry::Checked && now > entry.2 {
            return None;
        }
        self.entries.insert(0, entry.clone());
        Some(entry.1)
    }

    fn keep(&mut self, key: Blob, value: Blob, until: Time, overhead: usize) {
        self.entries.retain(|(known, ..)| *known != key);
        let size = |key: &Blob, value: &Blob| key.len() + value.len() + overhead;
        if size(&key, &value) > self.capacity.bytes || self.capacity.keys == 0 {
            return;
        }
        self.entries.insert(0, (key, value, until));
        while self.entries.len() > self.capacity.keys
            || self.entries.iter().map(|(key, value, _)| size(key, value)).sum::<usize>()
                > self.capacity.bytes
        {
            self.entries.pop();
        }
    }

    fn begin_write(&mut self, cache: &mut Cache, key: Option<Blob>) {
        match &key {
            Some(key) => cache.begin_write(key),
            None => cache.begin_write_all(),
        }
        self.writes.push(key);
    }

    fn end_write(&mut self, cache: &mut Cache, place: usize) {
        if place < self.writes.len() {
            match self.writes.remove(place) {
                Some(key) => cache.end_write(&key),
                None => cache.end_write_all(),
            }
        }
    }

    fn void(&mut self, key: Option<&Blob>) {
        let is_meant = |known: &Blob| key.is_none_or(|key| key == known);
        self.entries.retain(|(known, ..)| !is_meant(known));
        for (_, _, _, is_valid) in self.tickets.iter_mut().filter(|(_, key, ..)| is_meant(key)) {
            *is_valid = false;
        }
    }
}

/// The measured overhead of an entry.
fn overhead() -> usize {
    let mut cache: Cache = Cache::new(Capacity { keys: 1, bytes: usize::MAX }, TTL);
    let ticket = cache.miss(Blob::default(), Time::ZERO);
    assert!(cache.fill(ticket, Blob::default(), Time::ZERO));
    cache.bytes()
}

fn same(steps: &[Step], keys: usize, room: usize, expiry: Expiry, fills: Fills) {
    let overhead = overhead();
    // Room for two entries without a value, and a little.
    let capacity = Capacity { keys, bytes: 2 * overhead + room };
    let mut cache = Cache::new(capacity, TTL).in_the_way_of(expiry, fills);
    let (entries, tickets, writes) = (Vec::new(), Vec::new(), Vec::new());
    let mut twin = Twin { capacity, expiry, fills, entries, tickets, writes };
    let mut now = Time::ZERO;
    let name = |key: u8| Blob::format(format_args!("key{key}"));
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Get(key) => {
                assert_eq!(cache.get(&name(key), now).cloned(), twin.get(&name(key), now));
            }
            Step::Miss(key) => {
                let ticket = cache.miss(name(key), now);
                twin.tickets.push((ticket, name(key), now, true));
            }
            Step::Fill(place, _) | Step::FillFor(place, _) | Step::GiveUp(place)
                if place >= twin.tickets.len() => {}
            Step::Fill(place, len) => {
                let (ticket, key, asked, is_valid) = twin.tickets.remove(place);
                let value = Blob::from(format!("{number:0>len$}", len = usize::from(len)));
                let since = if fills == Fills::Guarded { asked } else { now };
                let kept = cache.fill(ticket, value.clone(), now);
                if is_valid || fills == Fills::Unguarded {
                    twin.keep(key.clone(), value, since + TTL, overhead);
                    let is_kept = twin.entries.iter().any(|(known, ..)| *known == key);
                    assert_eq!(kept, is_kept);
                }
            }
            Step::FillFor(place, lives) => {
                let (ticket, key, asked, is_valid) = twin.tickets.remove(place);
                let value = Blob::format(format_args!("{number}"));
                cache.fill_for(ticket, value.clone(), Span(lives));
                if is_valid || fills == Fills::Unguarded {
                    twin.keep(key, value, asked + Span(lives).min(TTL), overhead);
                }
            }
            Step::GiveUp(place) => cache.give_up(twin.tickets.remove(place).0),
            Step::Invalidate(key) => {
                cache.invalidate(&name(key));
                twin.void(Some(&name(key)));
            }
            Step::InvalidateAll => {
                cache.invalidate_all();
                twin.void(None);
            }
            Step::BeginWrite(key) => twin.begin_write(&mut cache, key.map(name)),
            Step::EndWrite(place) => twin.end_write(&mut cache, place),
            Step::Redeem => {
                // The cache chooses the entries that it removes, but they must be expired.
                cache.redeem(now);
                let there = format!("{cache:?}");
                let is_there = |key: &Blob| there.contains(&format!("{key:?}: "));
                twin.entries.retain(|(key, _, until)| now <= *until || is_there(key));
            }
            Step::Pass(span) => now += Span(span),
        }
        let expected = twin.entries.iter().map(|(key, value, _)| format!("{key:?}: {value:?}"));
        let expected = format!("{{{}}}", expected.collect::<Vec<_>>().join(", "));
        assert_eq!(format!("{cache:?}"), expected, "in the order of their use, after {step:?}");
        assert_eq!(cache.len(), twin.entries.len());
        assert!(cache.len() <= capacity.keys && cache.bytes() <= capacity.bytes);
        for key in 0..6 {
            let is_out = twin.tickets.iter().any(|(_, known, ..)| *known == name(key));
            assert_eq!(cache.is_asked_for(&name(key)), is_out);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_its_slow_twin_does(steps in steps(), keys in 0..5usize, room in 0..200usize) {
        same(&steps, keys, room, Expiry::Checked, Fills::Guarded);
    }

    #[test]
    fn it_does_so_in_the_way_of_the_original_too(
        steps in steps(),
        keys in 0..5usize,
        room in 0..200usize,
    ) {
        same(&steps, keys, room, Expiry::Swept, Fills::Unguarded);
    }
}

#[test]
fn the_redeemer_removes_all_that_came_in_order_and_is_past_its_time() {
    let mut cache: Cache = Cache::new(Capacity { keys: 100, bytes: 1 << 20 }, TTL);
    for at in 0..20 {
        let ticket = cache.miss(Blob::format(format_args!("{at}")), Time(at));
        assert!(cache.fill(ticket, Blob::default(), Time(at)));
    }
    assert_eq!(cache.redeem(Time(10)), 0, "the last moment of the first one");
    assert_eq!(cache.redeem(Time(11)), 1);
    assert_eq!(cache.redeem(Time(25)), 14);
    assert_eq!(cache.redeem(Time(100)), 5);
    assert!(cache.is_empty() && cache.bytes() == 0);
}

#[test]
fn what_is_read_again_and_again_takes_no_more_room() {
    let mut cache: Cache = Cache::new(Capacity { keys: 10, bytes: 1 << 20 }, TTL);
    let key = Blob::from("key");
    for at in 0..1_000 {
        let ticket = cache.miss(key.clone(), Time(at));
        assert!(cache.fill(ticket, Blob::from("value"), Time(at)));
    }
    let bytes = cache.bytes();
    assert_eq!(cache.len(), 1);
    assert!(bytes < 1_000, "{bytes}");
}
