//! A real cluster of three masters on the loopback interface.

use std::process::{Command, Stdio};

use history::{Key, Observation, Value, Version};
use lease::cluster::slot;
use lease::dialect::{Dialect, Rules};
use lease::{Answer, Call, Discipline, Token, scripts};
use redis::{Blob, Reply};

use crate::server::Server;

const MASTERS: usize = 3;
const ENTRIES: u32 = 30;

/// Connected masters, and the master of the last request.
struct Cluster {
    masters: Vec<Server>,
    last: usize,
    redirections: u32,
}

impl Cluster {
    #[expect(clippy::print_stdout, reason = "a skipped test must say so")]
    fn start() -> Option<Cluster> {
        let mut masters = Vec::new();
        for _ in 0..MASTERS {
            // The bus would listen 10,000 ports above, where there may be none.
            let bus = free_port().to_string();
            let arguments = ["--cluster-enabled", "yes", "--cluster-port", &bus];
            let Some(master) = Server::start_with(&arguments) else {
                println!("skipped: there is no redis-server on this machine");
                return None;
            };
            masters.push(master);
        }
        let addresses = masters.iter().map(|master| format!("127.0.0.1:{}", master.port));
        let created = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .arg("--cluster-yes")
            .stdin(Stdio::null())
            .output();
        let Ok(created) = created else {
            println!("skipped: there is no redis-cli on this machine");
            return None;
        };
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
        let mut cluster = Cluster { masters, last: 0, redirections: 0 };
        cluster.wait_until_ready();
        for master in &mut cluster.masters {
            for script in scripts::ALL {
                master.call(&["SCRIPT", "LOAD", script.source].map(Blob::from));
            }
        }
        Some(cluster)
    }

    #[expect(clippy::disallowed_methods, reason = "a real cluster takes real time")]
    fn wait_until_ready(&mut self) {
        let is_ready = |master: &mut Server| {
            let info = master.call(&["CLUSTER", "INFO"].map(Blob::from));
            matches!(info, Reply::Bulk(text) if text.to_string().contains("cluster_state:ok"))
        };
        for _ in 0..1000 {
            if self.masters.iter_mut().all(is_ready) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the cluster does not get ready");
    }

    /// Sends a line to the master of the last request, and then to the master that its reply names.
    fn call(&mut self, line: &[Blob]) -> Reply {
        let reply = self.masters[self.last].call(line);
        let Some(port) = redirection(&reply) else { return reply };
        let place = self.masters.iter().position(|master| master.port == port);
        self.last = place.expect("one of them");
        self.redirections += 1;
        self.masters[self.last].call(line)
    }
}

/// The port of `MOVED slot host:port`.
fn redirection(reply: &Reply) -> Option<u16> {
    let text = String::from_utf8_lossy(reply.as_error()?.text()).into_owned();
    text.strip_prefix("MOVED ")?.rsplit(':').next()?.parse().ok()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0));
    listener.and_then(|listener| listener.local_addr()).expect("a free port").port()
}

#[test]
fn all_keys_of_an_entry_are_in_one_slot() {
    let Some(mut cluster) = Cluster::start() else { return };
    let names: Vec<String> = (0..ENTRIES).map(|number| format!("entry{number}")).collect();
    for discipline in [Discipline::NewestMiss, Discipline::SingleHolder] {
        let dialect = Dialect::new(Rules::of(discipline), &names);
        for key in (0..ENTRIES).map(Key) {
            let mut ask = |call: Call| {
                let line = dialect.request(key, &call).expect("a known entry").line();
                dialect.answer(&call, &cluster.call(&line))
            };
            let (token, version) = (Token(7), Version(1));
            let state = Observation { version, value: Value(u64::from(key.0)) };
            assert_eq!(ask(Call::Delete { version }), Answer::Deleted(version));
            assert_eq!(ask(Call::Get { token }), Answer::Granted(token));
            assert_eq!(ask(Call::Set { token, state, ttl: None }), Answer::Stored(state));
            assert_eq!(ask(Call::Get { token }), Answer::Found(state));
        }
    }
    assert!(cluster.redirections > 10, "entries should be on all masters");

    for word in ["", "a", "{key1}", "lease:{key1}", "{}{a}", "{a", "a}b{c}", "{a}{b}", "{{a}}"] {
        let real = cluster.call(&["CLUSTER", "KEYSLOT", word].map(Blob::from));
        assert_eq!(real, Reply::Integer(i64::from(slot(word.as_bytes()))), "{word}");
    }

    // The counter of shared tokens is in a slot of its own.
    let dialect = Dialect::new(Rules::of(Discipline::SharedToken), &names);
    let call = Call::Get { token: Token(0) };
    let refusals = (0..ENTRIES).filter(|key| {
        let line = dialect.request(Key(*key), &call).expect("a known entry").line();
        let reply = cluster.call(&line);
        reply.as_error().is_some_and(|error| error.code() == b"CROSSSLOT")
    });
    assert_eq!(refusals.count(), ENTRIES as usize, "not made for clusters");
}
