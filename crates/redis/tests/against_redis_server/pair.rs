//! The two that are compared, and what counts as the same reply.

use std::sync::Arc;

use redis::{Blob, Database, ErrorReply, Reply, ScriptLibrary, UnixTime};

use crate::scripts::SCRIPTS;
use crate::server::Server;

/// How far apart the two may see the same point of time, in milliseconds: the real server reads its
/// clock a little after it was asked for the time.
const LATE_MS: i64 = 2_000;

pub(crate) struct Pair {
    server: Server,
    database: Database,
}

impl Pair {
    /// Both, empty. `None`, with a message, if the machine has no `redis-server` 7.0.
    #[expect(clippy::print_stdout, reason = "nobody should think that it was compared")]
    pub(crate) fn start() -> Option<Pair> {
        let Some(mut server) = Server::start() else {
            println!("skipped: there is no redis-server on this machine");
            return None;
        };
        let info = server.call(&["INFO", "server"].map(Blob::from));
        let Reply::Bulk(info) = info else {
            panic!("INFO gave {info:?}");
        };
        if !info.to_string().contains("redis_version:7.0.") {
            println!("skipped: redis-server is not of version 7.0, whose texts are expected");
            return None;
        }
        // Only lazy expiry, so that DBSIZE does not depend on how busy the machine is.
        let lazy = ["DEBUG", "SET-ACTIVE-EXPIRE", "0"].map(Blob::from);
        assert_eq!(server.call(&lazy), Reply::ok());
        let database = Database::new(Arc::new(ScriptLibrary::new(SCRIPTS)));
        Some(Pair { server, database })
    }

    /// Empties both.
    pub(crate) fn reset(&mut self) {
        for line in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"]] {
            let line: Vec<Blob> = line.iter().copied().map(Blob::from).collect();
            assert_eq!(self.call(&line), Ok(()));
        }
    }

    /// Runs the line on both at what is the present for the real server.
    ///
    /// # Errors
    /// The two replies, if they differ.
    pub(crate) fn call(&mut self, line: &[Blob]) -> Result<(), String> {
        let now = self.server_time();
        let expected = comparable(line, self.server.call(line));
        let got = self.database.call(now, line);
        let name = line[0].to_ascii_uppercase();
        let same = match (&name[..], &expected, &got) {
            (b"PTTL", Reply::Integer(expected @ 0..), Reply::Integer(got @ 0..)) => {
                expected.abs_diff(*got) <= LATE_MS.unsigned_abs()
            }
            (b"TTL", Reply::Integer(expected @ 0..), Reply::Integer(got @ 0..)) => {
                expected.abs_diff(*got) <= LATE_MS.unsigned_abs() / 1_000
            }
            (b"EVALSHA", Reply::Integer(expected), Reply::Integer(got)) => {
                expected == got || [expected, got].iter().all(|number| is_rounded_in_lua(**number))
            }
            (b"TIME", Reply::Array(expected), Reply::Array(got)) => expected.len() == got.len(),
            _ => expected == got,
        };
        if same {
            return Ok(());
        }
        Err(format!("  redis-server: {expected:?}\n  in memory:    {got:?}"))
    }

    fn server_time(&mut self) -> UnixTime {
        let reply = self.server.call(&[Blob::from("TIME")]);
        let Reply::Array(parts) = &reply else {
            panic!("TIME gave {reply:?}");
        };
        let [Reply::Bulk(seconds), Reply::Bulk(micros)] = &parts[..] else {
            panic!("TIME gave {reply:?}");
        };
        let number = |text: &Blob| -> u64 { text.to_string().parse().expect("a number") };
        UnixTime(number(seconds) * 1_000_000_000 + number(micros) * 1_000)
    }
}

/// The real server's reply without what cannot be the same: the order of `KEYS` is that of a hash
/// table, and an error raised in Lua has a line number.
fn comparable(line: &[Blob], reply: Reply) -> Reply {
    match reply {
        Reply::Array(mut replies) if line[0].eq_ignore_ascii_case(b"KEYS") => {
            replies.sort_by_key(|reply| match reply {
                Reply::Bulk(key) => key.clone(),
                _ => panic!("KEYS gave {reply:?}"),
            });
            Reply::Array(replies)
        }
        Reply::Error(error) => Reply::Error(without_line_number(&error)),
        reply => reply,
    }
}

/// Whether Lua cannot be expected to give this number back: its numbers are doubles.
fn is_rounded_in_lua(number: i64) -> bool {
    number.unsigned_abs() > 1 << 53
}

fn without_line_number(error: &ErrorReply) -> ErrorReply {
    let text = error.to_string();
    match text.split_once(", on @user_script:") {
        Some((before, _)) => ErrorReply::new(format!("{before}, on @user_script.").as_bytes()),
        None => error.clone(),
    }
}
