//! Compares the known facts about commands with those of a real `redis-server`: a command may write
//! at least the keys that the server reports.
//!
//! Without a `redis-server` on the machine the test says so and passes.

// There is one client for a real server in the workspace; its crate is below this one.
#[path = "../../../redis/tests/against_redis_server/server.rs"]
#[expect(dead_code, reason = "that crate's tests need more of it")]
mod server;

use lru_proxy::{Command, Keys, Standing};
use redis::{Blob, Reply};
use server::Server;

/// The reply of `COMMAND`.
struct Told {
    name: String,
    arity: i64,
    flags: Vec<String>,
}

impl Told {
    fn is(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }

    /// Lines with the fewest possible words, and with some more.
    fn lines(&self) -> impl Iterator<Item = Vec<Blob>> {
        let least = usize::try_from(self.arity.unsigned_abs()).unwrap();
        let most = if self.arity > 0 { least } else { least + 4 };
        let names: Vec<Blob> = self.name.split('|').map(Blob::from).collect();
        (least..=most).map(move |len| {
            let word = |place: usize| match names.get(place) {
                Some(name) => name.clone(),
                // The places where the number of keys may be, or the word before the keys.
                None if place == 1 && ["lmpop", "zmpop"].contains(&&*self.name) => Blob::from("1"),
                None if place == 2 && self.is("movablekeys") => Blob::from("1"),
                None if place == 4 && self.name == "xreadgroup" => Blob::from("STREAMS"),
                None => Blob::format(format_args!("key{place}")),
            };
            (0..len).map(word).collect()
        })
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test must say so")]
fn no_command_writes_more_than_is_known_of_it() {
    let Some(mut server) = Server::start() else {
        println!("skipped: there is no redis-server on this machine");
        return;
    };
    let mut told = Vec::new();
    collect(&server.call(&[Blob::from("COMMAND")]), &mut told);
    assert!(told.len() > 300, "{} commands", told.len());
    for told in &told {
        let mut compared = 0;
        for line in told.lines() {
            let Command { standing, writes } = Command::of(&line);
            if let Standing::Refused(_) | Standing::Quit = standing {
                continue;
            }
            let is_script = told.is("movablekeys") && told.is("noscript") && !told.is("readonly");
            if writes == Keys::None {
                assert!(!told.is("write") && !is_script, "{line:?} may write");
            }
            if standing == Standing::Shared {
                assert!(!told.is("blocking"), "{line:?} may wait");
            }
            if let Keys::Range { .. } = writes {
                compared += usize::from(compare(&mut server, &line, writes));
            }
        }
        let container = told.name.contains('|') || told.arity == -2;
        let is_known = !told.is("write") || compared > 0 || container;
        let lines: Vec<_> = told.lines().collect();
        let any = lines.iter().any(|line| Command::of(line).writes == Keys::Any);
        assert!(is_known || any, "nothing of {} was compared", told.name);
    }
}

/// Whether the server accepts the line. If so, the keys that it reports as written are known.
fn compare(server: &mut Server, line: &[Blob], writes: Keys) -> bool {
    let question = ["COMMAND", "GETKEYSANDFLAGS"].map(Blob::from);
    let Reply::Array(keys) = server.call(&[&question, line].concat()) else { return false };
    for key in &keys {
        let Reply::Array(parts) = key else { panic!("{key:?}") };
        let [Reply::Bulk(key), Reply::Array(flags)] = &parts[..] else { panic!("{parts:?}") };
        let is_read_only = flags.contains(&Reply::Status(Blob::from("RO")));
        assert!(is_read_only || writes.of(line).any(|known| known == key), "{line:?}: {key}");
    }
    true
}

fn collect(commands: &Reply, told: &mut Vec<Told>) {
    let Reply::Array(commands) = commands else { panic!("{commands:?}") };
    for command in commands {
        let Reply::Array(parts) = command else { panic!("{command:?}") };
        let (Reply::Bulk(name), Reply::Integer(arity)) = (&parts[0], &parts[1]) else {
            panic!("{parts:?}")
        };
        let Reply::Array(flags) = &parts[2] else { panic!("{parts:?}") };
        let flags = flags.iter().map(|flag| match flag {
            Reply::Status(flag) => flag.to_string(),
            other => panic!("{other:?}"),
        });
        told.push(Told { name: name.to_string(), arity: *arity, flags: flags.collect() });
        collect(&parts[9], told);
    }
}
