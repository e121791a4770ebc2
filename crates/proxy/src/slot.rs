//! The purpose of each pending reply.

use std::rc::Rc;

use history::Span;
use lru_proxy::Ticket;
use redis::Blob;

use crate::client::Client;
use crate::shared::Shared;
use crate::written::Written;

/// The purpose of each pending reply.
pub(crate) struct Slot {
    /// The client that gets the reply. `None` if it is for the proxy itself.
    pub(crate) client: Option<Rc<Client>>,
    pub(crate) purpose: Purpose,
}

/// Why a command was sent.
pub(crate) enum Purpose {
    /// To pass it on. It may write these keys.
    PassOn(Written),
    /// To read a key, and to cache its value.
    Read(Ticket),
    /// To learn the expiry of the value in the previous reply.
    Lifetime,
    /// To check that the server answers.
    Probe,
}

const UNKNOWN: &str = "ERR the upstream was lost: this may have been executed";
const UNREAD: &str = "ERR the upstream was lost before it replied";

impl Slot {
    /// Whether it is a read for the cache.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.purpose, Purpose::Read(_))
    }

    /// Whether the proxy needs the contents of the reply.
    pub(crate) fn is_captured(&self) -> bool {
        matches!(self.purpose, Purpose::Read(_) | Purpose::Lifetime)
    }

    /// Handles the first bytes of the reply, which show that the command has been executed.
    pub(crate) fn begin(&mut self, bytes: &[u8], shared: &Shared) {
        let Purpose::PassOn(written) = &mut self.purpose else { return };
        let cache = &mut shared.cache.borrow_mut();
        written.end(cache);
        // The proxy assumes that an unknown command writes. If the server does not know it either,
        // it wrote nothing.
        if !bytes.starts_with(b"-ERR unknown command") {
            written.invalidate(cache);
        }
        *written = Written::Nothing;
    }

    /// Handles the loss of the reply, or of the rest of it.
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

/// The contents of replies that the proxy needs.
#[derive(Default)]
pub(crate) struct Capture {
    bytes: Vec<u8>,
    is_too_long: bool,
    /// The value to cache, once its expiry is known.
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

    /// Handles the end of the reply to a read. Missing keys and errors are not cached.
    pub(crate) fn read(&mut self, ticket: Ticket, shared: &Shared) {
        match string(&self.bytes).filter(|_| !self.is_too_long) {
            Some(value) => self.value = Some((ticket, Blob::copy_from_slice(value))),
            None => shared.cache.borrow_mut().give_up(ticket),
        }
        self.clear();
    }

    /// Handles the end of the reply to `PTTL`, which follows a read.
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
            // The key has been deleted since, or `PTTL` is not allowed.
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

/// Parses a reply that is a string.
fn string(reply: &[u8]) -> Option<&[u8]> {
    let rest = reply.strip_prefix(b"$").filter(|rest| !rest.starts_with(b"-"))?;
    let line = memchr::memchr(b'\n', rest)?;
    rest[line + 1..].strip_suffix(b"\r\n")
}

/// Parses a reply that is an integer.
fn integer(reply: &[u8]) -> Option<i64> {
    let digits = reply.strip_prefix(b":")?.strip_suffix(b"\r\n")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
