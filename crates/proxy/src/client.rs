//! A client: its replies and its socket.

use std::cell::{Cell, RefCell};
use std::io::IoSlice;
use std::rc::Rc;

use redis::Blob;
use tcp::Share;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;

use crate::replies::Replies;
use crate::shared::Shared;

/// How many bytes one client is sent before other clients get a turn.
const TURN_BYTES: usize = 64 << 10;

/// A client, as the links to the server see it.
pub(crate) struct Client {
    shared: Rc<Shared>,
    writer: OwnedWriteHalf,
    replies: RefCell<Replies>,
    memory: RefCell<Share>,
    /// How many bytes of an incomplete command have arrived.
    pub(crate) pending: Cell<usize>,
    unread: RefCell<Share>,
    /// The number of pending commands other than the cache's reads.
    others: Cell<usize>,
    /// Whether its connection is to be closed after its last reply.
    is_ending: Cell<bool>,
    is_closed: Cell<bool>,
    /// Whether it has replies that have not been sent.
    has_unsent: Cell<bool>,
    /// Whether its conversation is waiting for a reply.
    is_watched: Cell<bool>,
    /// Wakes its conversation.
    pub(crate) progress: Notify,
}

impl Client {
    pub(crate) fn new(shared: &Rc<Shared>, writer: OwnedWriteHalf) -> Rc<Client> {
        Rc::new(Client {
            shared: Rc::clone(shared),
            writer,
            replies: RefCell::default(),
            memory: RefCell::new(shared.memory.share()),
            pending: Cell::new(0),
            unread: RefCell::new(shared.unread.share()),
            others: Cell::new(0),
            is_ending: Cell::new(false),
            is_closed: Cell::new(false),
            has_unsent: Cell::new(false),
            is_watched: Cell::new(false),
            progress: Notify::new(),
        })
    }

    /// Adds a reply of the proxy.
    pub(crate) fn answer(&self, write: impl FnOnce(&mut Vec<u8>)) {
        self.replies.borrow_mut().answer(write);
    }

    /// Adds a string as a reply of the proxy, if the client may have that many unread bytes.
    pub(crate) fn answer_bulk(&self, value: &Blob) {
        self.replies.borrow_mut().answer_bulk(value);
        self.check_unread();
    }

    /// Adds an error as a reply of the proxy.
    pub(crate) fn refuse(&self, text: &str) {
        self.answer(|out| write_error(text, out));
    }

    /// Reserves the place of a reply of the server.
    pub(crate) fn await_one(&self, is_read: bool) {
        self.replies.borrow_mut().await_one();
        self.others.set(self.others.get() + usize::from(!is_read));
        self.shared.awaited.set(self.shared.awaited.get() + 1);
    }

    /// Adds a piece of the first pending reply. `is_end` says whether it is the last piece.
    pub(crate) fn pass(&self, bytes: &[u8], is_end: bool, is_read: bool) {
        if !self.is_closed.get() {
            self.replies.borrow_mut().pass(bytes, is_end);
        }
        if is_end {
            self.others.set(self.others.get() - usize::from(!is_read));
            self.shared.awaited.set(self.shared.awaited.get() - 1);
            if self.is_watched.get() {
                self.progress.notify_one();
            }
        }
    }

    /// Replaces the first pending reply by an error.
    pub(crate) fn fail(&self, text: &str, is_read: bool) {
        let mut error = Vec::new();
        write_error(text, &mut error);
        self.pass(&error, true, is_read);
    }

    /// Marks the client as having unsent replies. Returns whether it was not marked before.
    pub(crate) fn touch(&self) -> bool {
        !self.has_unsent.replace(true)
    }

    pub(crate) fn awaited(&self) -> usize {
        self.replies.borrow().awaited()
    }

    /// The number of pending commands other than the cache's reads.
    pub(crate) fn others(&self) -> usize {
        self.others.get()
    }

    pub(crate) fn has_unsent(&self) -> bool {
        self.replies.borrow().has_unsent()
    }

    /// Whether all replies have been sent.
    pub(crate) fn is_done(&self) -> bool {
        self.is_closed() || (self.awaited() == 0 && !self.has_unsent())
    }

    /// Sends what the socket accepts now, up to a limit. The rest is sent later.
    pub(crate) fn flush(&self) {
        self.has_unsent.set(false);
        if !self.is_closed.get() {
            let write = |slices: &[IoSlice<'_>]| match slices {
                [only] => self.writer.try_write(only),
                _ => self.writer.try_write_vectored(slices),
            };
            match self.replies.borrow_mut().send(TURN_BYTES, write) {
                Ok(len) => self.shared.counters.sent_bytes.add(len as u64),
                Err(_) => self.close(),
            }
        }
        let replies = self.replies.borrow();
        if replies.has_unsent() && !self.is_closed.get() {
            self.progress.notify_one();
        }
        self.memory.borrow_mut().set(replies.memory() + self.pending.get());
        self.unread.borrow_mut().set(replies.unread());
        drop(replies);
        self.check_unread();
        if self.shared.memory.in_use() > self.shared.options.client_memory {
            self.drop_client_for("clients take too much memory");
        }
    }

    fn check_unread(&self) {
        if self.replies.borrow().unread() > self.shared.options.unread {
            self.drop_client_for("it does not read its replies");
        }
    }

    /// Drops the client because it uses too much memory.
    pub(crate) fn drop_client_for(&self, why: &str) {
        if self.is_closed.get() {
            return;
        }
        self.shared.counters.dropped.add(1);
        tracing::warn!(why, "a client was dropped");
        self.close();
        self.replies.take();
        self.memory.borrow_mut().set(0);
    }

    /// Waits until the socket accepts more, and sends it.
    pub(crate) async fn send_more(&self) {
        if self.writer.writable().await.is_err() {
            self.close();
        }
        self.flush();
    }

    /// Waits until a condition holds, which is checked after each reply, or until the client is
    /// gone.
    pub(crate) async fn wait_until(&self, is_so: impl Fn(&Client) -> bool) {
        self.is_watched.set(true);
        while !is_so(self) && !self.is_closed() {
            self.progress.notified().await;
        }
        self.is_watched.set(self.is_ending());
    }

    /// Whether its connection is to be closed after its last reply.
    pub(crate) fn end(&self) {
        self.is_ending.set(true);
        self.is_watched.set(true);
        self.progress.notify_one();
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.get()
    }

    /// Closes the client: no more replies are sent.
    pub(crate) fn close(&self) {
        self.is_closed.set(true);
        self.unread.borrow_mut().set(0);
        self.progress.notify_one();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }
}

fn write_error(text: &str, out: &mut Vec<u8>) {
    out.push(b'-');
    out.extend(text.bytes().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
    out.extend_from_slice(b"\r\n");
}
