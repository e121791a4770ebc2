//! `INFO`: those of Redis's lines that apply here.

use crate::{Blob, Clients, Connection, Database, ErrorReply, Reply, Traffic, UnixTime};

type Section = fn(&Database, Option<Traffic>, UnixTime) -> String;

/// The sections, in Redis's order.
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
    Ok(told(database, None, now, arguments))
}

/// `INFO` through a connection, with the counters of the server.
pub(super) fn info_among(
    _: &mut Connection,
    clients: &mut dyn Clients,
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(told(database, clients.traffic(), now, arguments))
}

fn told(database: &Database, traffic: Option<Traffic>, now: UnixTime, wanted: &[Blob]) -> Reply {
    let is_wanted = |name: &str| {
        let means = |word: &Blob| {
            let all = ["all", "default", "everything", name];
            all.iter().any(|all| word.eq_ignore_ascii_case(all.as_bytes()))
        };
        wanted.is_empty() || wanted.iter().any(means)
    };
    let wanted = SECTIONS.iter().filter(|(name, _)| is_wanted(name));
    let sections: Vec<String> = wanted
        .map(|(name, section)| format!("# {name}\r\n{}", section(database, traffic, now)))
        .collect();
    Reply::Bulk(Blob::from(sections.join("\r\n")))
}

fn server(_: &Database, traffic: Option<Traffic>, now: UnixTime) -> String {
    let version = Database::VERSION;
    let micros = now.0 / 1_000;
    let running = traffic.map_or_else(String::new, |Traffic { port, uptime_s, .. }| {
        let days = uptime_s / 86_400;
        format!("tcp_port:{port}\r\nuptime_in_seconds:{uptime_s}\r\nuptime_in_days:{days}\r\n")
    });
    format!(
        "redis_version:{version}\r\nredis_mode:standalone\r\narch_bits:64\r\n{running}\
         server_time_usec:{micros}\r\n"
    )
}

fn clients(database: &Database, traffic: Option<Traffic>, _: UnixTime) -> String {
    let connected = traffic.map_or_else(String::new, |Traffic { connected, .. }| {
        format!("connected_clients:{connected}\r\nblocked_clients:0\r\n")
    });
    format!("{connected}maxclients:{}\r\n", database.config.maxclients)
}

fn memory(database: &Database, _: Option<Traffic>, _: UnixTime) -> String {
    let (used, config) = (database.used_memory(), &database.config);
    let (max, policy) = (config.maxmemory, config.maxmemory_policy.name());
    format!("used_memory:{used}\r\nmaxmemory:{max}\r\nmaxmemory_policy:{policy}\r\n")
}

fn persistence(database: &Database, _: Option<Traffic>, _: UnixTime) -> String {
    format!("loading:0\r\naof_enabled:{}\r\n", u8::from(database.config.appendonly))
}

fn stats(database: &Database, traffic: Option<Traffic>, _: UnixTime) -> String {
    let counted = traffic.map_or_else(String::new, |traffic| {
        let Traffic { accepted, rejected, commands, .. } = traffic;
        format!(
            "total_connections_received:{accepted}\r\ntotal_commands_processed:{commands}\r\n\
             rejected_connections:{rejected}\r\n"
        )
    });
    format!("{counted}evicted_keys:{}\r\n", database.evicted)
}

fn replication(_: &Database, _: Option<Traffic>, _: UnixTime) -> String {
    "role:master\r\nconnected_slaves:0\r\n".to_owned()
}

/// Redis estimates the average time to live from its active expiry, which does not exist here.
fn keyspace(database: &Database, _: Option<Traffic>, _: UnixTime) -> String {
    let line = |(number, keyspace): (u8, &crate::Keyspace)| {
        let (keys, expires) = (keyspace.len(), keyspace.expiring_len());
        format!("db{number}:keys={keys},expires={expires},avg_ttl=0\r\n")
    };
    database.keyspaces().into_iter().map(line).collect()
}
