//! Defines which replies count as the same. Replies must be identical, with these exceptions, which
//! Redis does not specify:
//!
//! 1. *Times.* The two servers run a command at slightly different times. `TTL`, `PTTL`,
//!    `EXPIRETIME` and `PEXPIRETIME` may differ by two seconds. Of `TIME`, only the form is
//!    compared.
//! 2. *Numbers in Lua*, which are doubles. Integers beyond 2^53 that a script returns may differ.
//! 3. *Lines in scripts*, where an error was raised. A native script has no lines.
//! 4. *Orders* of keys, fields, members of sets, and parameters. They are sorted.
//! 5. *Random picks*: `RANDOMKEY`, `SPOP`, `SRANDMEMBER`, `HRANDFIELD`, `ZRANDMEMBER`. The number
//!    of picks must be the same, and each pick must be possible.
//! 6. *Cursors*: `SCAN`, `HSCAN`, `SSCAN`, `ZSCAN` run to their end, and the results are compared
//!    as sets. For a cursor in the middle, only errors are compared.

use redis::{Blob, ErrorReply, Reply};

const LATE_MS: u64 = 2_000;

/// How the replies to a command are compared.
pub(crate) enum Comparison {
    Replies,
    Picks,
    Scan(Scan),
}

pub(crate) fn comparison(line: &[Blob]) -> Comparison {
    match &line[0].to_ascii_uppercase()[..] {
        b"RANDOMKEY" => Comparison::Picks,
        b"SPOP" | b"SRANDMEMBER" | b"HRANDFIELD" | b"ZRANDMEMBER" if line.len() > 1 => {
            Comparison::Picks
        }
        b"SCAN" if line.len() > 1 => Comparison::Scan(Scan { cursor: 1, group: 1 }),
        b"SSCAN" if line.len() > 2 => Comparison::Scan(Scan { cursor: 2, group: 1 }),
        b"HSCAN" | b"ZSCAN" if line.len() > 2 => Comparison::Scan(Scan { cursor: 2, group: 2 }),
        _ => Comparison::Replies,
    }
}

/// The string in a reply.
pub(crate) fn bulk(reply: &Reply) -> Option<&Blob> {
    match reply {
        Reply::Bulk(blob) => Some(blob),
        _ => None,
    }
}

/// Returns the real server's reply if the other one is the same.
///
/// # Errors
/// Both replies, if they are not.
pub(crate) fn compare(line: &[Blob], expected: Reply, got: Reply) -> Result<Reply, String> {
    let name = line[0].to_ascii_uppercase();
    let (expected, got) = (comparable(&name, expected), comparable(&name, got));
    let same = match (&name[..], &expected, &got) {
        (b"PTTL" | b"PEXPIRETIME", Reply::Integer(expected @ 0..), Reply::Integer(got @ 0..)) => {
            expected.abs_diff(*got) <= LATE_MS
        }
        (b"TTL" | b"EXPIRETIME", Reply::Integer(expected @ 0..), Reply::Integer(got @ 0..)) => {
            expected.abs_diff(*got) <= LATE_MS / 1_000
        }
        (b"EVALSHA", Reply::Integer(expected), Reply::Integer(got)) => {
            expected == got || [expected, got].iter().all(|number| is_rounded_in_lua(**number))
        }
        (b"TIME", Reply::Array(expected), Reply::Array(got)) => expected.len() == got.len(),
        _ => expected == got,
    };
    if same { Ok(expected) } else { Err(difference(&expected, &got)) }
}

fn difference(expected: &Reply, got: &Reply) -> String {
    format!("  redis-server: {expected:?}\n  in memory:    {got:?}")
}

fn comparable(name: &[u8], reply: Reply) -> Reply {
    match (name, reply) {
        (
            b"KEYS" | b"HKEYS" | b"HVALS" | b"SMEMBERS" | b"SINTER" | b"SUNION" | b"SDIFF",
            Reply::Array(found),
        ) => Reply::Array(sorted(found, 1)),
        (b"HGETALL" | b"CONFIG", Reply::Array(found)) => Reply::Array(sorted(found, 2)),
        (_, Reply::Error(error)) => Reply::Error(without_line_number(&error)),
        (_, reply) => reply,
    }
}

/// Sorts the replies in groups of `group`.
fn sorted(replies: Vec<Reply>, group: usize) -> Vec<Reply> {
    let mut groups: Vec<&[Reply]> = replies.chunks(group).collect();
    groups.sort_by_key(|group| {
        let blobs = group.iter().map(|reply| bulk(reply).expect("a string"));
        blobs.cloned().collect::<Vec<Blob>>()
    });
    groups.concat()
}

/// Whether Lua may round this number.
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

/// Checks that both replies are possible picks from the reply to `look`.
///
/// # Errors
/// Both replies, if they are not.
pub(crate) fn compare_picks(
    line: &[Blob],
    expected: &Reply,
    got: &Reply,
    mut look: impl FnMut(&[Blob]) -> Reply,
) -> Result<(), String> {
    let group = if line.len() > 3 { 2 } else { 1 };
    let repeats = line.get(2).is_some_and(|count| count.starts_with(b"-"));
    let same = match (expected, got) {
        (Reply::Bulk(_), Reply::Bulk(_)) | (Reply::Array(_), Reply::Array(_)) => {
            let there = match &line[0].to_ascii_uppercase()[..] {
                b"RANDOMKEY" => look(&["KEYS", "*"].map(Blob::from)),
                b"HRANDFIELD" if group == 2 => look(&[Blob::from("HGETALL"), line[1].clone()]),
                b"HRANDFIELD" => look(&[Blob::from("HKEYS"), line[1].clone()]),
                b"ZRANDMEMBER" => {
                    let range = ["ZRANGE", "", "0", "-1", "WITHSCORES"].map(Blob::from);
                    let mut range = range[..if group == 2 { 5 } else { 4 }].to_vec();
                    range[1] = line[1].clone();
                    look(&range)
                }
                _ => look(&[Blob::from("SMEMBERS"), line[1].clone()]),
            };
            let there = groups(&there, group);
            let (expected, got) = (groups(expected, group), groups(got, group));
            expected.len() == got.len()
                && [expected, got].iter().all(|picks| {
                    let times = |pick| picks.iter().filter(|other| **other == pick).count();
                    picks.iter().all(|pick| there.contains(pick) && (repeats || times(*pick) == 1))
                })
        }
        _ => expected == got,
    };
    if same { Ok(()) } else { Err(difference(expected, got)) }
}

fn groups(reply: &Reply, group: usize) -> Vec<&[Reply]> {
    match reply {
        Reply::Array(replies) => replies.chunks(group).collect(),
        reply => vec![std::slice::from_ref(reply)],
    }
}

/// The position of a command's cursor, and the number of words for each item.
pub(crate) struct Scan {
    cursor: usize,
    group: usize,
}

impl Scan {
    /// All items of a complete scan, sorted and without duplicates.
    pub(crate) fn run(&self, line: &[Blob], mut call: impl FnMut(&[Blob]) -> Reply) -> Reply {
        let mut line = line.to_vec();
        let from_start = matches!(&*line[self.cursor], b"0" | b"");
        let mut all = Vec::new();
        loop {
            let reply = call(&line);
            let Reply::Array(parts) = &reply else {
                return reply;
            };
            let [Reply::Bulk(next), Reply::Array(found)] = &parts[..] else {
                return reply;
            };
            if !from_start {
                return Reply::Array(Vec::new());
            }
            all.extend(found.chunks(self.group).map(<[Reply]>::to_vec));
            if &**next == b"0" {
                break;
            }
            line[self.cursor] = next.clone();
        }
        let mut all = sorted(all.concat(), self.group);
        if self.group == 1 {
            all.dedup();
        }
        Reply::Array(all)
    }
}
