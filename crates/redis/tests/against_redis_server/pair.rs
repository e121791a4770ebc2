//! The two servers that are compared.

use std::sync::Arc;

use redis::{Blob, Connection, Database, Reply, ScriptLibrary, UnixTime};

use crate::normalize::{self, Comparison, Scan};
use crate::scripts::SCRIPTS;
use crate::server::{Client, Server};

pub(crate) struct Pair {
    server: Server,
    database: Database,
}

impl Pair {
    /// Starts both servers, without data. Returns `None`, and prints a message, if the machine has
    /// no `redis-server` 7.0.
    pub(crate) fn start() -> Option<Pair> {
        Pair::with_library(ScriptLibrary::new(SCRIPTS))
    }

    /// As [`Pair::start`], but the database runs all scripts in Lua.
    pub(crate) fn start_in_lua() -> Option<Pair> {
        Pair::with_library(ScriptLibrary::new(SCRIPTS).in_lua())
    }

    #[expect(clippy::print_stdout, reason = "nobody should think that it was compared")]
    fn with_library(library: ScriptLibrary) -> Option<Pair> {
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
        let database = Database::new(Arc::new(library));
        Some(Pair { server, database })
    }

    /// Runs a line on the real server only.
    pub(crate) fn ask_server(&mut self, line: &[Blob]) -> Reply {
        self.server.call(line)
    }

    /// Empties both servers.
    pub(crate) fn reset(&mut self) {
        for line in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"]] {
            let line: Vec<Blob> = line.iter().copied().map(Blob::from).collect();
            assert_eq!(self.call(&line), Ok(Reply::ok()));
        }
    }

    /// Runs the line on both servers, at the real server's time. Returns the reply.
    ///
    /// # Errors
    /// The two replies, if they differ.
    pub(crate) fn call(&mut self, line: &[Blob]) -> Result<Reply, String> {
        match normalize::comparison(line) {
            Comparison::Replies => {
                let now = self.server_time();
                let expected = self.server.call(line);
                let got = self.database.call(now, line);
                normalize::compare(line, expected, got)
            }
            Comparison::Picks => self.pick(line),
            Comparison::Scan(scan) => self.scan(line, scan),
        }
    }

    /// Runs a command with random picks. Both picks must be possible. If the real server removed
    /// its pick, the other server removes the same.
    fn pick(&mut self, line: &[Blob]) -> Result<Reply, String> {
        if line[0].eq_ignore_ascii_case(b"RANDOMKEY") {
            // The real server removes expired keys that it picks.
            self.call(&["SCAN", "0", "COUNT", "1000000"].map(Blob::from))?;
        }
        let now = self.server_time();
        let mut before = self.database.clone();
        let expected = self.server.call(line);
        let got = self.database.call(now, line);
        normalize::compare_picks(line, &expected, &got, |line| before.call(now, line))?;
        if line[0].eq_ignore_ascii_case(b"SPOP") {
            let taken = match &expected {
                Reply::Array(members) => &members[..],
                member => std::slice::from_ref(member),
            };
            let mut removal = vec![Blob::from("SREM"), line[1].clone()];
            removal.extend(taken.iter().filter_map(normalize::bulk).cloned());
            if removal.len() > 2 {
                before.call(now, &removal);
                self.database = before;
            }
        }
        Ok(expected)
    }

    /// Continues both scans to their end, and compares the results.
    fn scan(&mut self, line: &[Blob], scan: Scan) -> Result<Reply, String> {
        let now = self.server_time();
        let expected = scan.run(line, |line| self.server.call(line));
        let got = scan.run(line, |line| self.database.call(now, line));
        normalize::compare(line, expected, got)
    }

    /// As [`Pair::call`], but the replies must be identical.
    pub(crate) fn call_to_the_letter(&mut self, line: &[Blob]) -> Result<(), String> {
        let now = self.server_time();
        let expected = self.server.call(line);
        let got = self.database.call(now, line);
        if expected == got {
            return Ok(());
        }
        Err(format!("  redis-server: {expected:?}\n  in memory:    {got:?}"))
    }

    /// As [`Pair::call`], through a connection.
    pub(crate) fn call_through(
        &mut self,
        (client, connection): &mut (Client, Connection),
        line: &[Blob],
    ) -> Result<Reply, String> {
        let now = self.server_time();
        let expected = client.call(line);
        let got = connection.call(&mut self.database, now, line);
        normalize::compare(line, expected, got)
    }

    /// Opens a connection to each server.
    pub(crate) fn connect(&mut self) -> (Client, Connection) {
        let mut client = self.server.connect();
        let id = client.call(&["CLIENT", "ID"].map(Blob::from));
        let Reply::Integer(id) = id else {
            panic!("CLIENT ID gave {id:?}");
        };
        (client, Connection::new(id.unsigned_abs()))
    }

    /// Closes a connection to each server.
    pub(crate) fn disconnect(&mut self, (_, connection): (Client, Connection)) {
        connection.close(&mut self.database);
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
