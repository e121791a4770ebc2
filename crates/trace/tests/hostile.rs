//! Changed logs: each is refused, and none makes the reader panic.

use std::fs;
use std::path::{Path, PathBuf};

use history::{Names, NodeId, Span, Time};
use proptest::prelude::*;
use sim::{Event, EventDigest, Fate, Kind, MessageId, Observer, Types};
use trace::{FORMAT, Header, LogError, LogReader, Recorder, verify};

type Said = Event<Types<String, u32>>;

fn events() -> Vec<Said> {
    let kinds = [
        Kind::Begin,
        Kind::Start,
        Kind::Send {
            to: NodeId(1),
            id: MessageId(0),
            fate: Fate::Delivered(Span(7)),
            ordinal: 0,
            message: "say \"hello\"\n".to_owned(),
        },
        Kind::Deliver { from: NodeId(0), id: MessageId(0) },
    ];
    let event = |(seq, kind)| Event { at: Time(seq), seq, node: NodeId(seq as u16 % 2), kind };
    (0..).zip(kinds).map(event).collect()
}

fn header() -> Header {
    Header {
        format: FORMAT,
        rumormill: "0.0.0".to_owned(),
        seed: "1".to_owned(),
        edits: Vec::new(),
        scenario: serde_json::json!({"name": "two/nodes"}),
        names: Names { nodes: vec!["a".to_owned(), "b".to_owned()], keys: Vec::new() },
    }
}

fn recorded(folder: &Path) -> PathBuf {
    let path = folder.join("whole.jsonl");
    let mut recorder = Recorder::create(&path, &header()).unwrap();
    let mut digest = EventDigest::default();
    for event in events() {
        digest.event(&event);
        recorder.event(&event);
    }
    recorder.finish(&digest, serde_json::json!({"verdict": "holds"})).unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing else is left");
    path
}

fn read_all(path: &Path) -> Result<Vec<Said>, LogError> {
    let mut log = LogReader::open(path)?;
    let mut events = Vec::new();
    while let Some(event) = log.next_event()? {
        events.push(event);
    }
    Ok(events)
}

#[test]
fn a_log_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    assert_eq!(read_all(&path).unwrap(), events());
    let (read, footer) = verify(&path).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), serde_json::to_value(header()).unwrap());
    assert_eq!(footer.events, 4);
}

#[test]
fn a_log_that_breaks_off_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(recorded(folder.path())).unwrap();
    let cut = folder.path().join("cut.jsonl");
    for length in 0..whole.len() {
        fs::write(&cut, &whole[..length]).unwrap();
        assert!(verify(&cut).is_err(), "{length} bytes of {}", whole.len());
        assert!(read_all(&cut).is_err(), "{length} bytes of {}", whole.len());
    }
}

#[test]
fn a_log_without_one_of_its_lines_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read_to_string(recorded(folder.path())).unwrap();
    let other = folder.path().join("other.jsonl");
    let lines: Vec<&str> = whole.lines().collect();
    for line in 0..lines.len() {
        for copies in [0, 2] {
            let mut lines = lines.clone();
            lines.splice(line..=line, std::iter::repeat_n(lines[line], copies));
            fs::write(&other, lines.join("\n") + "\n").unwrap();
            assert!(verify(&other).is_err(), "line {line}, {copies} times");
        }
    }
}

/// The result of reading a log in which this line replaces that of an event.
fn read_with(line: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    let whole = fs::read_to_string(&path).unwrap();
    let event = whole.lines().nth(3).unwrap();
    fs::write(&path, whole.replacen(event, line, 1)).unwrap();
    let told = |error: LogError| error.to_string().replace(&path.display().to_string(), "log");
    (told(verify(&path).unwrap_err()), told(read_all(&path).unwrap_err()))
}

#[test]
fn a_line_that_is_no_object_is_damage_where_it_stands() {
    for line in ["", " ", "\n\n\n", "[]", "\0\0\0"] {
        let expected = "log:4: the log is damaged: this line is no object".to_owned();
        assert_eq!(read_with(line), (expected.clone(), expected), "{line:?}");
    }
}

#[test]
fn a_line_without_end_is_damage_and_no_interruption() {
    for line in ["{".repeat(20 << 20), format!("{{\"at\":\"{}\"}}", "x".repeat(16 << 20))] {
        let expected = "log:4: the log is damaged: this line is longer than 16777216 bytes";
        assert_eq!(read_with(&line), (expected.to_owned(), expected.to_owned()));
    }
}

#[test]
fn an_event_with_a_field_that_events_do_not_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    let whole = fs::read_to_string(&path).unwrap();
    let delivered = r#""fate":{"delivered":7}"#;
    for (known, more, unknown) in [
        (r#"{"at":2"#, r#"{"seq":2,"at":2"#, "seq"),
        (r#"{"at":2"#, r#"{"x\u001b[2J":{"y":1},"at":2"#, "x\\u{1b}[2J"),
        (delivered, r#""fate":{"delivered":7},"by":"me""#, "kind.by"),
    ] {
        assert!(whole.contains(known), "{known} is not in {whole}");
        fs::write(&path, whole.replacen(known, more, 1)).unwrap();
        let error = read_all(&path).unwrap_err().to_string();
        let expected = format!("{}:4: the log is damaged: an event has no field", path.display());
        assert_eq!(error, format!("{expected} \"{unknown}\""));
    }
}

#[test]
fn what_an_interruption_leaves_can_be_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.jsonl");
    let mut recorder = Recorder::create(&path, &header()).unwrap();
    events().iter().for_each(|event| recorder.event(event));
    let partial = recorder.abandon().unwrap().expect("it has a name");
    assert!(!path.exists());
    let mut log = LogReader::open(&partial).unwrap();
    for event in events() {
        assert_eq!(log.next_event().unwrap(), Some(event));
    }
    let end = log.next_event::<Types<String, u32>>().unwrap_err();
    assert!(matches!(end, LogError::Unfinished { .. }), "{end}");
}

#[test]
fn an_earlier_log_of_the_same_name_stays_until_the_new_one_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorded(folder.path());
    let before = fs::read(&path).unwrap();
    let recorder = Recorder::create(&path, &header()).unwrap();
    recorder.abandon().unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let mut recorder = Recorder::create(&path, &header()).unwrap();
    let event = &events()[2];
    let failed = (0..1_000_000).any(|_| {
        recorder.event(event);
        Recorder::has_failed(&recorder)
    });
    assert!(failed, "a million events fit on a full disk");
    let error = recorder.finish(&EventDigest::default(), serde_json::Value::Null).unwrap_err();
    assert!(matches!(error, LogError::Write { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the link is left");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_log_with_other_bytes_is_refused(
        place in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..4),
        instead in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = recorded(folder.path());
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let place = place.index(whole.len());
        let end = if instead { (place + bytes.len()).min(whole.len()) } else { place };
        changed.splice(place..end, bytes);
        prop_assume!(changed != whole);
        fs::write(&path, &changed).unwrap();
        let known = verify(&path).is_err();
        // The other fields of the footer are compared with the run.
        let footer = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
        prop_assert!(known || place > footer, "at {place}");
        prop_assert!(read_all(&path).is_err() || place > footer);
    }

    #[test]
    fn no_file_makes_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        lines in 0..7usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = recorded(folder.path());
        let whole = fs::read(&path).unwrap();
        let kept = whole.split_inclusive(|byte| *byte == b'\n').take(lines);
        let begins_well = [kept.collect::<Vec<_>>().concat(), bytes].concat();
        prop_assume!(begins_well != whole);
        fs::write(&path, begins_well).unwrap();
        prop_assert!(verify(&path).is_err());
        prop_assert!(read_all(&path).is_err());
    }
}
