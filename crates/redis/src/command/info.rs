//! `INFO`: of Redis's lines those that mean something here.

use crate::{Blob, Database, ErrorReply, Reply, UnixTime};

type Section = fn(&Database, UnixTime) -> String;

/// In the order in which Redis prints them.
const SECTIONS: [(&str, Section); 7] = [
    ("Server", server),
    ("Clients", clients),
    ("Memory", memory),
    ("Persistence", persistence),
    ("Stats", stats),
    ("Replication", replication),
    ("Keyspace", keyspace),
];

/// `INFO [section [section ...]]`
pub(super) fn info(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let is_wanted = |name: &str| {
        let means = |word: &Blob| {
            let all = ["all", "default", "everything", name];
            all.iter().any(|all| word.eq_ignore_ascii_case(all.as_bytes()))
        };
        arguments.is_empty() || arguments.iter().any(means)
    };
    let wanted = SECTIONS.iter().filter(|(name, _)| is_wanted(name));
    let sections: Vec<String> =
        wanted.map(|(name, section)| format!("# {name}\r\n{}", section(database, now))).collect();
    Ok(Reply::Bulk(Blob::from(sections.join("\r\n"))))
}

fn server(_: &Database, now: UnixTime) -> String {
    let version = Database::VERSION;
    let micros = now.0 / 1_000;
    format!(
        "redis_version:{version}\r\nredis_mode:standalone\r\narch_bits:64\r\n\
         server_time_usec:{micros}\r\n"
    )
}

fn clients(database: &Database, _: UnixTime) -> String {
    format!("maxclients:{}\r\n", database.config.maxclients)
}

fn memory(database: &Database, _: UnixTime) -> String {
    let (used, config) = (database.used_memory(), &database.config);
    let (max, policy) = (config.maxmemory, config.maxmemory_policy.name());
    format!("used_memory:{used}\r\nmaxmemory:{max}\r\nmaxmemory_policy:{policy}\r\n")
}

fn persistence(database: &Database, _: UnixTime) -> String {
    format!("loading:0\r\naof_enabled:{}\r\n", u8::from(database.config.appendonly))
}

fn stats(database: &Database, _: UnixTime) -> String {
    format!("evicted_keys:{}\r\n", database.evicted)
}

fn replication(_: &Database, _: UnixTime) -> String {
    "role:master\r\nconnected_slaves:0\r\n".to_owned()
}

/// Redis estimates the average time to live from the keys that it has looked at lately; here none
/// has been.
fn keyspace(database: &Database, _: UnixTime) -> String {
    let line = |(number, keyspace): (u8, &crate::Keyspace)| {
        let (keys, expires) = (keyspace.len(), keyspace.expiring_len());
        format!("db{number}:keys={keys},expires={expires},avg_ttl=0\r\n")
    };
    database.keyspaces().into_iter().map(line).collect()
}
