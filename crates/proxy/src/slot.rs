//! What a reply is for.

use std::rc::Rc;

use history::Span;
use lru_proxy::Ticket;
use redis::Blob;

use crate::client::Client;
use crate::shared::Shared;
use crate::written::Written;

/// What a reply is for.
pub(crate) struct Slot {
    /// Who gets it; nobody if it is for the proxy itself.
    pub(crate) client: Option<Rc<Client>>,
    pub(crate) purpose: Purpose,
}

/// What has been asked.
pub(crate) enum Purpose {
    /// Some command, which may have written this.
    PassOn(Written),
    /// What is under a key, to be kept.
    Read(Ticket),
    /// How long what the reply before this one holds will live.
    Lifetime,
    /// Whether the server is there.
    Probe,
}

const UNKNOWN: &str = "ERR the upstream was lost: whether this was executed nobody knows";
const UNREAD: &str = "ERR the upstream was lost before it replied";

impl Slot {
    /// Whether it is a read of the cache's.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.purpose, Purpose::Read(_))
    }

    /// Whether the proxy wants to know what the reply says.
    pub(crate) fn is_captured(&self) -> bool {
        matches!(self.purpose, Purpose::Read(_) | Purpose::Lifetime)
    }

    /// The reply begins with these bytes: the command has been executed.
    pub(crate) fn begin(&mut self, bytes: &[u8], shared: &Shared) {
        let Purpose::PassOn(written) = &mut self.purpose else { return };
        let cache = &mut shared.cache.borrow_mut();
        written.end(cache);
        // Of a command that nobody knows it is not known what it writes; but it writes nothing.
        if !bytes.starts_with(b"-ERR unknown command") {
            written.invalidate(cache);
        }
        *written = Written::Nothing;
    }

    /// There will be no reply, or no more of it.
    pub(crate) fn fail(self, has_begun: bool, shared: &Shared) {
        let is_read = self.is_read();
        match self.purpose {
            Purpose::PassOn(written) => {
                let cache = &mut shared.cache.borrow_mut();
                written.end(cache);
                written.invalidate(cache);
            }
            Purpose::Read(ticket) => shared.cache.borrow_mut().give_up(ticket),
            Purpose::Lifetime | Purpose::Probe => {}
        }
        let Some(client) = self.client else { return };
        if has_begun {
            return client.close();
        }
        if is_read {
            client.fail(UNREAD, is_read);
        } else {
            client.fail(UNKNOWN, is_read);
        }
        shared.counters.lost_replies.add(1);
    }
}

/// What a reply says that the proxy itself wants to know.
#[derive(Default)]
pub(crate) struct Capture {
    bytes: Vec<u8>,
    is_too_long: bool,
    /// What is to be kept, once it is known for how long.
    value: Option<(Ticket, Blob)>,
}

impl Capture {
    pub(crate) fn add(&mut self, bytes: &[u8], most: usize) {
        self.is_too_long |= self.bytes.len() + bytes.len() > most;
        if self.is_too_long {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The reply to a read has ended. Missing keys and errors are not kept.
    pub(crate) fn read(&mut self, ticket: Ticket, shared: &Shared) {
        match string(&self.bytes).filter(|_| !self.is_too_long) {
            Some(value) => self.value = Some((ticket, Blob::copy_from_slice(value))),
            None => shared.cache.borrow_mut().give_up(ticket),
        }
        self.clear();
    }

    /// The reply to `PTTL` has ended, which came after a read.
    pub(crate) fn fill(&mut self, shared: &Shared) {
        let lives = integer(&self.bytes);
        self.clear();
        let Some((ticket, value)) = self.value.take() else { return };
        let mut cache = shared.cache.borrow_mut();
        let is_kept = match lives {
            Some(-1) => cache.fill_for(ticket, value, Span(u64::MAX)),
            Some(ms) if ms > 0 => {
                let ns = ms.unsigned_abs().saturating_mul(1_000_000);
                cache.fill_for(ticket, value, Span(ns))
            }
            // It has gone meanwhile, or may not be asked for.
            _ => {
                cache.give_up(ticket);
                false
            }
        };
        shared.counters.fills.add(u64::from(is_kept));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(64 << 10);
        self.is_too_long = false;
    }
}

/// The string that a reply is.
fn string(reply: &[u8]) -> Option<&[u8]> {
    let rest = reply.strip_prefix(b"$").filter(|rest| !rest.starts_with(b"-"))?;
    let line = memchr::memchr(b'\n', rest)?;
    rest[line + 1..].strip_suffix(b"\r\n")
}

/// The number that a reply is.
fn integer(reply: &[u8]) -> Option<i64> {
    let digits = reply.strip_prefix(b":")?.strip_suffix(b"\r\n")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
