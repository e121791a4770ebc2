//! What is written where.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::process::Stdio;

use crate::{code, names_in, rumormill, shell, stderr, stdout, told};

const RECORD: &str = r#""$0" record losing/c2p2k2 --intensity 20"#;

#[test]
fn a_device_is_written_to_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    symlink("/dev/null", folder.path().join("null")).unwrap();
    let output = shell(folder.path(), &format!("{RECORD} -o null"));
    assert_eq!(told(&output), (0, ""));
    assert!(fs::symlink_metadata(folder.path().join("null")).unwrap().is_symlink());
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let output = shell(folder.path(), &format!("{RECORD} -o /dev/full"));
    let full =
        "rumormill: /dev/full: could not be written: No space left on device (os error 28)\n";
    assert_eq!(told(&output), (74, full));
    assert_eq!(names_in(folder.path()), ["null"]);
}

#[test]
fn a_recording_goes_through_pipes_and_to_stdout() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{RECORD} -o file.jsonl");
    let pipe = format!("mkfifo pipe && cat pipe > piped.jsonl & sleep 0.2; {RECORD} -o pipe; wait");
    let stdout_by_name = format!("{RECORD} -o /dev/stdout > by-name.jsonl");
    let dash = format!("{RECORD} -o - > dash.jsonl");
    let reduced = r#""$0" reduce losing/c2p2k1.i --seeds 7..8 -o - > reduced.jsonl"#;
    for line in [&file, &pipe, &stdout_by_name, &dash, reduced] {
        let output = shell(folder.path(), line);
        assert_eq!(code(&output), 0, "{line}: {}", stderr(&output));
    }
    let whole = fs::read(folder.path().join("file.jsonl")).unwrap();
    for copy in ["piped.jsonl", "by-name.jsonl", "dash.jsonl"] {
        assert!(fs::read(folder.path().join(copy)).unwrap() == whole, "{copy} is another");
    }
    assert_eq!(told(&shell(folder.path(), r#""$0" replay *.jsonl"#)), (0, ""));
    let output = shell(folder.path(), &format!("{RECORD} -o - 2>&1 >/dev/null"));
    let headline =
        "ok   caspaxos/losing/c2p2k2 seed seed1: holds, as expected\n     recorded in -\n";
    assert_eq!(stdout(&output), headline);
    let closed =
        shell(folder.path(), &format!("{RECORD} -o - | head -c 1; exit ${{PIPESTATUS[0]}}"));
    assert_eq!(code(&closed), 0, "{}", stderr(&closed));
}

#[test]
fn a_pipe_that_nothing_reads_holds_up_no_command() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("faults.toml"), "[[drop-reply]]\nchance = \"1%\"\n").unwrap();
    let why =
        "rumormill: pipe: could not be written: nothing reads this pipe: start its reader first\n";
    let reduce = r#""$0" reduce losing/c2p2k1.i --seeds 7..8 -o"#;
    let serve = r#""$0" serve --port 0 --faults faults.toml --fault-log"#;
    assert_eq!(told(&shell(folder.path(), "mkfifo pipe")), (0, ""));
    let record = format!("{RECORD} -o");
    for command in [&*record, reduce, serve] {
        let output = shell(folder.path(), &format!("timeout 20 {command} pipe"));
        assert_eq!(told(&output), (74, why), "{command}");
    }
}

#[test]
fn a_signal_ends_a_command_whose_pipe_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let record = r#"timeout 2 "$0" record losing/c2p2k2 --intensity 100000 -o"#;
    let named =
        format!("mkfifo pipe; sleep 9 < pipe & {record} pipe; code=$?; kill $!; exit $code");
    let stdout = format!("{record} - 2> told | sleep 9; cat told >&2");
    let named = shell(folder.path(), &named);
    assert_eq!(code(&named), 124, "{}", stderr(&named));
    for told in [stderr(&named), stderr(&shell(folder.path(), &stdout))] {
        let why = "could not be written: a signal came, and nothing read the pipe";
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let output = shell(folder.path(), &format!("ulimit -f 1; {RECORD}0000 -o log.jsonl"));
    let why = "rumormill: log.jsonl: could not be written: File too large (os error 27)\n";
    assert_eq!(told(&output), (74, why));
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn a_link_that_lies_in_wait_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    symlink(&precious, folder.path().join("log.jsonl.partial")).unwrap();
    assert_eq!(told(&shell(folder.path(), &format!("{RECORD} -o log.jsonl"))), (0, ""));
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert_eq!(names_in(folder.path()), ["log.jsonl", "log.jsonl.partial", "precious"]);
}

#[test]
fn two_recorders_of_one_name_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    let recorders = ["100", "200", "300", "400"].map(|intensity| {
        let args = ["record", "losing/c2p2k2", "--intensity", intensity, "-o"];
        rumormill(&args).arg(&file).stdout(Stdio::null()).spawn().unwrap()
    });
    for mut recorder in recorders {
        assert!(recorder.wait().unwrap().success());
    }
    assert_eq!(names_in(folder.path()), ["log.jsonl"]);
    assert_eq!(told(&shell(folder.path(), r#""$0" replay log.jsonl"#)), (0, ""));
}

#[test]
fn a_place_that_cannot_be_written_is_told_of_before_the_work_begins() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    fs::write(folder.path().join("faults.toml"), "[[drop-reply]]\nchance = \"1%\"\n").unwrap();
    // Each of these would work for hours.
    let commands = [
        r#""$0" record losing/c2p2k2 --intensity 1000000000 -o"#,
        r#""$0" reduce losing/c2p2k1.i --seeds 0..10000000 -o"#,
        r#""$0" catalogue --measure 0..10000000"#,
        r#""$0" serve --port 0 --faults faults.toml --fault-log"#,
    ];
    for command in commands {
        for (place, why) in [
            ("folder", "this is a folder: name a file in it"),
            ("there/x", "there is no folder there: make it, or name another"),
            ("faults.toml/x", "Not a directory (os error 20)"),
        ] {
            let output = shell(folder.path(), &format!("timeout 10 {command} {place}"));
            let expected = match command.contains("catalogue") && place == "folder" {
                true => (2, format!("rumormill: {place}: Is a directory (os error 21)\n")),
                false => (74, format!("rumormill: {place}: could not be written: {why}\n")),
            };
            assert_eq!(told(&output), (expected.0, &*expected.1), "{command} {place}");
            assert_eq!(stdout(&output), "");
        }
    }
    assert_eq!(names_in(folder.path()), ["faults.toml", "folder"]);
}

#[test]
fn blessing_leaves_nothing_but_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let output = shell(folder.path(), r#""$0" bless nothing"#);
    let why = "rumormill: there is no folder nothing: to begin one, make it\n";
    assert_eq!(told(&output), (2, why));
    // It is interrupted while it makes its first recordings.
    let line = r#"mkdir new; "$0" bless new > told & sleep 0.5; kill -TERM $!; wait $!"#;
    assert_eq!(told(&shell(folder.path(), line)), (143, "rumormill: interrupted\n"));
    let unfinished = shell(folder.path(), "find new -name '*.partial'");
    assert_eq!(stdout(&unfinished), "");
}
