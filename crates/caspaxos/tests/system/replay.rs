//! Recordings of whole runs, replayed: unchanged, and after changes.

use std::path::Path;

use caspaxos::Protocol;
use scenario::Replayed;
use serde_json::Value;
use sim::{Event, EventDigest, Observer};
use trace::Recorder;

use crate::stage::{Recorded, record, replay, scenario};

type Events = Vec<Event<Protocol>>;

fn recorded() -> Recorded {
    record(&scenario("caspaxos/losing/c2p2k2", &["intensity=5"], ""), "7")
}

/// Replays a recording whose events were changed, and whose footer fits what they are now.
fn changed(run: Recorded, change: impl FnOnce(&mut Events)) -> Replayed {
    let Recorded { mut events, header, .. } = run;
    change(&mut events);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("changed.jsonl");
    write(&path, &header, &events);
    replay(&path, false)
}

fn write(path: &Path, header: &trace::Header, events: &Events) {
    let mut recorder = Recorder::create(path, header).expect("it can be written");
    let mut digest = EventDigest::default();
    for event in events {
        recorder.event(event);
        digest.event(event);
    }
    recorder.finish(&digest, Value::Null).expect("it can be written");
}

fn parts_at(replayed: &Replayed, event: usize) {
    let lines = replayed.divergence.as_ref().expect("it is another run");
    assert!(lines[0].contains(&format!("part at event {event} ")), "{lines:#?}");
}

#[test]
fn what_was_recorded_happens_again() {
    let run = recorded();
    for redraw in [false, true] {
        let replayed = replay(&run.path(), redraw);
        assert_eq!(replayed.divergence, None);
        assert!(!replayed.partial);
    }
}

#[test]
fn a_replay_stops_at_the_first_event_that_differs() {
    let run = recorded();
    let place = run.events.len() / 2;
    let replayed = changed(run, |events| events[place].at.0 += 1);
    parts_at(&replayed, place);
}

#[test]
fn a_recording_that_ends_too_early_is_another_run() {
    let run = recorded();
    let last = run.events.len() - 1;
    let replayed = changed(run, |events| {
        events.pop();
    });
    parts_at(&replayed, last);
}

#[test]
fn a_recording_that_goes_on_after_the_run_is_another_run() {
    let run = recorded();
    let end = run.events.len();
    let replayed = changed(run, |events| {
        let seq = events.len() as u64;
        let last = events.last().expect("there are events").clone();
        events.push(Event { seq, ..last });
    });
    parts_at(&replayed, end);
}
