//! Commands about clients: `CLIENT INFO`, `LIST`, `KILL`, `REPLY` and `NO-EVICT`.

use super::is_option;
use crate::{Blob, Client, Clients, Connection, Database, ErrorReply, Reply, UnixTime, integer};

/// `CLIENT INFO`
pub(super) fn info(
    connection: &mut Connection,
    clients: &mut dyn Clients,
    _: &mut Database,
    _: UnixTime,
    _: &[Blob],
) -> Result<Reply, ErrorReply> {
    Ok(Reply::Bulk(Blob::from(description(connection, clients.caller().as_ref()))))
}

/// `CLIENT LIST [TYPE type] [ID id [id ...]]`: in the order in which they connected, or of the IDs.
pub(super) fn list(
    connection: &mut Connection,
    clients: &mut dyn Clients,
    database: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let asked = match arguments {
        [] => None,
        [word, kind] if is_option(word, "TYPE") && is_normal(kind)? => None,
        [word, _] if is_option(word, "TYPE") => Some(Vec::new()),
        [word, ids @ ..] if is_option(word, "ID") && !ids.is_empty() => {
            let parse = |id: &Blob| {
                integer::parse(id).map_err(|_| ErrorReply::from_static("ERR Invalid client ID"))
            };
            Some(ids.iter().map(parse).collect::<Result<Vec<i64>, _>>()?)
        }
        _ => return Err(ErrorReply::syntax()),
    };
    let replies = &mut database.replies;
    let own = description(connection, clients.caller().as_ref());
    let mut lines = Vec::new();
    let mut keep = |id: u64, line: String| -> Result<(), ErrorReply> {
        replies.take(line.len())?;
        lines.push((id, line));
        Ok(())
    };
    let mut kept = keep(connection.id, own);
    clients.others(&mut |other, known| {
        if kept.is_ok() {
            kept = keep(other.id, description(other, Some(known)));
        }
    });
    kept?;
    lines.sort_unstable();
    let line = |id: u64| lines.binary_search_by_key(&id, |(id, _)| *id).map(|at| &*lines[at].1);
    let lines: Vec<&str> = match asked {
        None => lines.iter().map(|(_, line)| &**line).collect(),
        Some(ids) => {
            let ids = ids.into_iter().filter_map(|id| u64::try_from(id).ok());
            ids.filter_map(|id| line(id).ok()).collect()
        }
    };
    database.replies.take(lines.iter().map(|line| line.len()).sum())?;
    Ok(Reply::Bulk(Blob::from(lines.concat())))
}

/// Whether this is the type `normal`, the only one that exists here.
fn is_normal(kind: &[u8]) -> Result<bool, ErrorReply> {
    let known = ["normal", "master", "replica", "slave", "pubsub"];
    if !known.iter().any(|name| kind.eq_ignore_ascii_case(name.as_bytes())) {
        return Err(ErrorReply::unknown_client_type(kind));
    }
    Ok(kind.eq_ignore_ascii_case(b"normal"))
}

/// `CLIENT KILL address` and `CLIENT KILL [ID id] [TYPE type] [USER name] [ADDR address] [LADDR
/// address] [SKIPME yes | no]`: a client that ends itself still gets the reply.
pub(super) fn kill(
    connection: &mut Connection,
    clients: &mut dyn Clients,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    if let [address] = arguments {
        let victims = Victims { address: Some(address), skips_caller: false, ..Victims::default() };
        return match victims.end(connection, clients) {
            0 => Err(ErrorReply::from_static("ERR No such client")),
            _ => Ok(Reply::ok()),
        };
    }
    Ok(Reply::from(Victims::parse(arguments)?.end(connection, clients)))
}

/// The clients to end: those that satisfy all conditions.
struct Victims<'a> {
    id: Option<i64>,
    is_normal: bool,
    address: Option<&'a [u8]>,
    local_address: Option<&'a [u8]>,
    skips_caller: bool,
}

impl Default for Victims<'_> {
    fn default() -> Self {
        Victims {
            id: None,
            is_normal: true,
            address: None,
            local_address: None,
            skips_caller: true,
        }
    }
}

impl<'a> Victims<'a> {
    fn parse(arguments: &'a [Blob]) -> Result<Victims<'a>, ErrorReply> {
        let (pairs, []) = arguments.as_chunks::<2>() else {
            return Err(ErrorReply::syntax());
        };
        let mut victims = Victims::default();
        for [filter, value] in pairs {
            if is_option(filter, "ID") {
                let id = integer::parse(value).ok().filter(|id| *id > 0);
                let id =
                    id.ok_or(ErrorReply::from_static("ERR client-id should be greater than 0"))?;
                victims.id = Some(id);
            } else if is_option(filter, "TYPE") {
                victims.is_normal = is_normal(value)?;
            } else if is_option(filter, "USER") {
                if **value != *b"default" {
                    return Err(ErrorReply::no_such_user(value));
                }
            } else if is_option(filter, "ADDR") {
                victims.address = Some(value);
            } else if is_option(filter, "LADDR") {
                victims.local_address = Some(value);
            } else if is_option(filter, "SKIPME") {
                victims.skips_caller = match value {
                    yes if is_option(yes, "YES") => true,
                    no if is_option(no, "NO") => false,
                    _ => return Err(ErrorReply::syntax()),
                };
            } else {
                return Err(ErrorReply::syntax());
            }
        }
        Ok(victims)
    }

    /// A client without details has no address.
    fn include(&self, connection: &Connection, known: Option<&Client>) -> bool {
        let is = |wanted: Option<&[u8]>, address: fn(&Client) -> &str| {
            wanted
                .is_none_or(|wanted| known.is_some_and(|known| address(known).as_bytes() == wanted))
        };
        self.is_normal
            && self.id.is_none_or(|id| u64::try_from(id) == Ok(connection.id))
            && is(self.address, |known| &known.address)
            && is(self.local_address, |known| &known.local_address)
    }

    /// Ends all victims. Returns their number.
    fn end(&self, caller: &mut Connection, clients: &mut dyn Clients) -> usize {
        let mut found = Vec::new();
        clients.others(&mut |other, known| {
            if self.include(other, Some(known)) {
                found.push(other.id);
            }
        });
        found.iter().for_each(|id| clients.end(*id));
        let ends_caller = !self.skips_caller && self.include(caller, clients.caller().as_ref());
        if ends_caller {
            caller.end_after_reply();
        }
        found.len() + usize::from(ends_caller)
    }
}

/// `CLIENT REPLY ON | OFF | SKIP`
pub(super) fn reply(
    connection: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    match &arguments[0] {
        on if is_option(on, "ON") => connection.mute(false),
        off if is_option(off, "OFF") => connection.mute(true),
        skip if is_option(skip, "SKIP") => connection.skip_next(),
        _ => return Err(ErrorReply::syntax()),
    }
    Ok(Reply::ok())
}

/// `CLIENT NO-EVICT ON | OFF`: has no effect, because connections are never evicted here.
pub(super) fn no_evict(
    _: &mut Connection,
    _: &mut Database,
    _: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    if is_option(&arguments[0], "ON") || is_option(&arguments[0], "OFF") {
        return Ok(Reply::ok());
    }
    Err(ErrorReply::syntax())
}

/// The fields of Redis's line that apply here.
fn description(connection: &Connection, known: Option<&Client>) -> String {
    let Connection { id, name, selected, transaction, protocol, .. } = connection;
    let (flags, queued) = match transaction {
        Some(transaction) => ('x', transaction.lines.len().to_string()),
        None => ('N', "-1".to_owned()),
    };
    let resp = protocol.number();
    let Some(Client { address, local_address, age_s, idle_s, command }) = known else {
        return format!(
            "id={id} name={name} flags={flags} db={selected} multi={queued} resp={resp}\n"
        );
    };
    let command = command.unwrap_or("NULL");
    format!(
        "id={id} addr={address} laddr={local_address} name={name} age={age_s} idle={idle_s} \
         flags={flags} db={selected} sub=0 psub=0 ssub=0 multi={queued} cmd={command} \
         user=default redir=-1 resp={resp}\n"
    )
}
