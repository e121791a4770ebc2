//! A client's end: what it is going to be told, and the socket that it is told it through.

use std::cell::{Cell, RefCell};
use std::io::IoSlice;
use std::rc::Rc;

use redis::Blob;
use tcp::Share;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;

use crate::replies::Replies;
use crate::shared::Shared;

/// So many bytes a client is sent before it is somebody else's turn.
const TURN_BYTES: usize = 64 << 10;

/// A client, as the connections to the server see it.
pub(crate) struct Client {
    shared: Rc<Shared>,
    writer: OwnedWriteHalf,
    replies: RefCell<Replies>,
    memory: RefCell<Share>,
    /// How many bytes of a command have come that is not complete.
    pub(crate) pending: Cell<usize>,
    unread: RefCell<Share>,
    /// How many commands are under way that are no reads of the cache's.
    others: Cell<usize>,
    /// Its connection is to be closed when it has all replies.
    is_ending: Cell<bool>,
    is_closed: Cell<bool>,
    /// It has got something that has not been sent.
    is_touched: Cell<bool>,
    /// Its conversation waits for a reply.
    is_watched: Cell<bool>,
    /// Its conversation has to look.
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
            is_touched: Cell::new(false),
            is_watched: Cell::new(false),
            progress: Notify::new(),
        })
    }

    /// The next reply is the proxy's own.
    pub(crate) fn answer(&self, write: impl FnOnce(&mut Vec<u8>)) {
        self.replies.borrow_mut().answer(write);
    }

    /// The same for a string, if so much may wait for the client.
    pub(crate) fn answer_bulk(&self, value: &Blob) {
        self.replies.borrow_mut().answer_bulk(value);
        self.check_unread();
    }

    /// The same, for one that says why not.
    pub(crate) fn refuse(&self, text: &str) {
        self.answer(|out| write_error(text, out));
    }

    /// The next reply is going to be the server's.
    pub(crate) fn await_one(&self, is_read: bool) {
        self.replies.borrow_mut().await_one();
        self.others.set(self.others.get() + usize::from(!is_read));
        self.shared.awaited.set(self.shared.awaited.get() + 1);
    }

    /// A piece of the first reply that is awaited; whether it is the last one.
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

    /// The first reply that is awaited will not come.
    pub(crate) fn fail(&self, text: &str, is_read: bool) {
        let mut error = Vec::new();
        write_error(text, &mut error);
        self.pass(&error, true, is_read);
    }

    /// Whether it has been told what is to be sent, for the first time since it was last sent.
    pub(crate) fn touch(&self) -> bool {
        !self.is_touched.replace(true)
    }

    pub(crate) fn awaited(&self) -> usize {
        self.replies.borrow().awaited()
    }

    /// How many commands are under way that are no reads of the cache's.
    pub(crate) fn others(&self) -> usize {
        self.others.get()
    }

    pub(crate) fn has_unsent(&self) -> bool {
        self.replies.borrow().has_unsent()
    }

    /// Whether it has been told all that it is going to be told.
    pub(crate) fn is_done(&self) -> bool {
        self.is_closed() || (self.awaited() == 0 && !self.has_unsent())
    }

    /// Sends what can be sent now; if that is much, the rest later.
    pub(crate) fn flush(&self) {
        self.is_touched.set(false);
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
            self.drop_it("clients take too much memory");
        }
    }

    fn check_unread(&self) {
        if self.replies.borrow().unread() > self.shared.options.unread {
            self.drop_it("it does not read its replies");
        }
    }

    /// It takes too much.
    pub(crate) fn drop_it(&self, why: &str) {
        if self.is_closed.get() {
            return;
        }
        self.shared.counters.dropped.add(1);
        tracing::warn!(why, "a client was dropped");
        self.close();
        self.replies.take();
        self.memory.borrow_mut().set(0);
    }

    /// Waits until more can be sent, and sends it.
    pub(crate) async fn send_more(&self) {
        if self.writer.writable().await.is_err() {
            self.close();
        }
        self.flush();
    }

    /// Waits until something is so, which replies bring about; or until it is gone.
    pub(crate) async fn wait_until(&self, is_so: impl Fn(&Client) -> bool) {
        self.is_watched.set(true);
        while !is_so(self) && !self.is_closed() {
            self.progress.notified().await;
        }
        self.is_watched.set(self.is_ending());
    }

    /// Its connection is to be closed when it has all replies.
    pub(crate) fn end(&self) {
        self.is_ending.set(true);
        self.is_watched.set(true);
        self.progress.notify_one();
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.get()
    }

    /// It is told nothing more.
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
