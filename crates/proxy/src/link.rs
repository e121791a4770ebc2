//! A connection to the server.
//!
//! Commands are sent in the order in which clients submit them, and replies arrive in the same
//! order. Each reply belongs to the first [`Slot`] without one. All clients share one connection,
//! so that one write sends many commands and one read receives many replies. A client that needs
//! its own connection keeps it until the client ends.
//!
//! Invariants
//! 1. The keys that a command may have written are invalidated before the first byte of its reply
//!    is passed on. They are also invalidated when the connection is lost, because the command may
//!    have been executed.
//! 2. A slot is answered exactly once: by the server, or with an error if the connection is lost.
//! 3. When a client with its own connection ends, that connection is half-closed and read until the
//!    server closes it. By then, all sent commands have been executed and their keys invalidated.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use lru_proxy::Ticket;
use redis::Blob;
use redis::resp::encode_command;
use tcp::{Share, door};
use thiserror::Error;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use crate::client::Client;
use crate::frame::{Frames, NoReply};
use crate::shared::Shared;
use crate::slot::{Capture, Purpose, Slot};

/// A connection to the server.
pub(crate) struct Link {
    shared: Rc<Shared>,
    /// The client that owns the connection, if it is not shared.
    owner: Option<Rc<Client>>,
    is_up: Cell<bool>,
    is_ending: Cell<bool>,
    /// Bytes to send.
    out: RefCell<Vec<u8>>,
    slots: RefCell<VecDeque<Slot>>,
    memory: RefCell<Share>,
    /// Notifies that there are bytes to send.
    wake: Notify,
    /// Notifies that some bytes have been sent.
    pub(crate) has_room: Notify,
}

/// Why a connection to the server ended.
#[derive(Debug, Error)]
pub(crate) enum Lost {
    #[error("{0}")]
    Broken(#[from] io::Error),
    #[error("{0}")]
    Confused(#[from] NoReply),
    #[error("it sent a reply to no command")]
    Unasked,
    #[error("it closed the connection")]
    Closed,
    #[error("it said nothing while replies were due")]
    Silent,
    #[error("it is no longer needed")]
    Ended,
}

/// Clients are not read while more than this many bytes are unsent.
const CLOGGED: usize = 1 << 20;

/// The most consecutive health checks without a byte from the server, while replies are due.
const SILENT_CHECKS_MAX: u32 = 4;

impl Link {
    pub(crate) fn new(shared: &Rc<Shared>, owner: Option<Rc<Client>>) -> Rc<Link> {
        Rc::new(Link {
            shared: Rc::clone(shared),
            is_up: Cell::new(owner.is_some()),
            owner,
            is_ending: Cell::new(false),
            out: RefCell::default(),
            slots: RefCell::default(),
            memory: RefCell::new(shared.memory.share()),
            wake: Notify::new(),
            has_room: Notify::new(),
        })
    }

    pub(crate) async fn connect(shared: &Shared) -> io::Result<TcpStream> {
        let connecting = TcpStream::connect(&*shared.options.upstream);
        let stream = timeout(shared.timeout(), connecting)
            .await
            .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))?;
        door::tune(&stream);
        Ok(stream)
    }

    /// Whether the server has answered through it.
    pub(crate) fn is_up(&self) -> bool {
        self.is_up.get()
    }

    /// Whether too many bytes are unsent to add more.
    pub(crate) fn is_clogged(&self) -> bool {
        self.out.borrow().len() > CLOGGED
    }

    /// Submits a command, with the slot for its reply. [`Link::wake`] sends it.
    pub(crate) fn send(&self, line: &[Blob], slot: Slot) {
        encode_command(line, &mut self.out.borrow_mut());
        self.slots.borrow_mut().push_back(slot);
    }

    /// Sends the submitted commands.
    pub(crate) fn wake(&self) {
        let out = self.out.borrow();
        if !out.is_empty() {
            self.memory.borrow_mut().set(out.len());
            self.wake.notify_one();
        }
    }

    /// Ends the connection, because its client has gone.
    pub(crate) fn end(&self) {
        self.is_ending.set(true);
        self.wake.notify_one();
    }

    /// Serves through this stream until it is lost. Then all pending commands get an error.
    pub(crate) async fn serve(&self, stream: TcpStream) -> Lost {
        let (mut reader, writer) = stream.into_split();
        let mut progress = Progress::default();
        if self.owner.is_none() {
            self.probe();
        }
        let lost = match self.talk(&mut reader, &writer, &mut progress).await {
            Ok(()) => self.drain(reader, writer, &mut progress).await,
            Err(lost) => lost,
        };
        self.fail_all(progress.frames.is_within());
        lost
    }

    /// Sends and receives until its client has gone.
    async fn talk(
        &self,
        reader: &mut OwnedReadHalf,
        writer: &OwnedWriteHalf,
        progress: &mut Progress,
    ) -> Result<(), Lost> {
        let mut checks = self.health_checks();
        loop {
            let has_more = self.send_some(writer)?;
            if self.is_ending.get() && !has_more {
                return Ok(());
            }
            tokio::select! {
                ready = reader.readable() => {
                    ready?;
                    self.receive(reader, progress)?;
                }
                () = self.wake.notified() => {}
                ready = writer.writable(), if has_more => ready?,
                _ = checks.tick(), if self.owner.is_none() => self.check_health(progress)?,
            }
        }
    }

    /// Half-closes the connection, and reads the remaining replies.
    async fn drain(
        &self,
        mut reader: OwnedReadHalf,
        writer: OwnedWriteHalf,
        progress: &mut Progress,
    ) -> Lost {
        // That half-closes the connection.
        drop(writer);
        let rest = async {
            loop {
                let readable = reader.readable().await.map_err(Lost::from);
                if let Err(lost) = readable.and_then(|()| self.receive(&mut reader, progress)) {
                    return lost;
                }
            }
        };
        let _ = timeout(self.shared.timeout(), rest).await;
        Lost::Ended
    }

    /// Sends what the socket accepts now. Returns whether there is more.
    fn send_some(&self, writer: &OwnedWriteHalf) -> io::Result<bool> {
        let mut out = self.out.borrow_mut();
        let mut sent = 0;
        while sent < out.len() {
            match writer.try_write(&out[sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => sent += len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if sent > 0 {
            out.drain(..sent);
            out.shrink_to(CLOGGED);
            self.memory.borrow_mut().set(out.len());
            self.has_room.notify_waiters();
        }
        Ok(!out.is_empty())
    }

    /// Reads the bytes that have arrived, and passes them on.
    fn receive(&self, reader: &mut OwnedReadHalf, progress: &mut Progress) -> Result<(), Lost> {
        let mut buffer = self.shared.buffers.take();
        let received = match read_once(reader, &mut buffer) {
            Ok(0) => Err(Lost::Closed),
            Ok(len) => self.hear(&buffer[..len], progress),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        };
        self.shared.buffers.give_back(buffer);
        for client in progress.touched.drain(..) {
            client.flush();
        }
        received
    }

    fn hear(&self, mut input: &[u8], progress: &mut Progress) -> Result<(), Lost> {
        progress.silent_checks = 0;
        while !input.is_empty() {
            let is_beginning = !progress.frames.is_within();
            let (len, is_end) = progress.frames.scan(input)?;
            let (bytes, rest) = input.split_at(len);
            input = rest;
            let mut slots = self.slots.borrow_mut();
            let slot = slots.front_mut().ok_or(Lost::Unasked)?;
            if is_beginning {
                slot.begin(bytes, &self.shared);
            }
            if let Some(client) = &slot.client {
                client.pass(bytes, is_end, slot.is_read());
                if client.touch() {
                    progress.touched.push(Rc::clone(client));
                }
            }
            if slot.is_captured() {
                progress.capture.add(bytes, self.shared.options.capacity.bytes);
            }
            let ended = if is_end { slots.pop_front() } else { None };
            drop(slots);
            if let Some(slot) = ended {
                self.ended(slot, &mut progress.capture);
            }
        }
        Ok(())
    }

    fn ended(&self, slot: Slot, capture: &mut Capture) {
        match slot.purpose {
            Purpose::PassOn(_) => {}
            Purpose::Read(ticket) => capture.read(ticket, &self.shared),
            Purpose::Lifetime => capture.fill(&self.shared),
            Purpose::Probe => {
                self.shared.counters.answered.add(1);
                if !self.is_up.replace(true) {
                    self.shared.counters.upstream_up.set(true);
                    let upstream = &*self.shared.options.upstream;
                    tracing::info!(upstream, "connected to the upstream");
                }
            }
        }
    }

    fn health_checks(&self) -> Interval {
        let each = (self.shared.timeout() / SILENT_CHECKS_MAX).max(Duration::from_millis(1));
        let mut checks = interval(each);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        checks
    }

    /// The health check: sends a probe if no replies are due.
    fn check_health(&self, progress: &mut Progress) -> Result<(), Lost> {
        if self.slots.borrow().is_empty() {
            self.probe();
            progress.silent_checks = 0;
        } else {
            progress.silent_checks += 1;
        }
        if progress.silent_checks > SILENT_CHECKS_MAX { Err(Lost::Silent) } else { Ok(()) }
    }

    fn probe(&self) {
        self.send(&[Blob::from_static("PING")], Slot { client: None, purpose: Purpose::Probe });
        self.wake();
    }

    /// Fails all pending commands. A client that has received a part of a reply is disconnected.
    fn fail_all(&self, is_within: bool) {
        let was_up = self.is_up.replace(false);
        self.out.take();
        self.memory.borrow_mut().set(0);
        let slots = self.slots.take();
        for (place, slot) in slots.into_iter().enumerate() {
            let client = slot.client.clone();
            slot.fail(is_within && place == 0, &self.shared);
            if let Some(client) = client {
                client.flush();
            }
        }
        self.has_room.notify_waiters();
        match &self.owner {
            // The server has dropped the client's state.
            Some(owner) => owner.end(),
            None if was_up => self.shared.counters.upstream_up.set(false),
            None => {}
        }
    }
}

/// The progress of a connection.
#[derive(Default)]
struct Progress {
    frames: Frames,
    capture: Capture,
    /// The clients with unsent replies.
    touched: Vec<Rc<Client>>,
    /// The number of health checks since the server's last byte.
    silent_checks: u32,
}

/// Reads the bytes that have arrived. If they do not fill the buffer, this clears the socket's
/// readiness, which avoids another system call.
pub(crate) fn read_once(reader: &mut OwnedReadHalf, buffer: &mut [u8]) -> io::Result<usize> {
    let mut into = ReadBuf::new(buffer);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match Pin::new(reader).poll_read(&mut context, &mut into) {
        Poll::Ready(read) => read.map(|()| into.filled().len()),
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// The ticket of a pending read.
pub(crate) fn read_slot(client: &Rc<Client>, ticket: Ticket) -> Slot {
    Slot { client: Some(Rc::clone(client)), purpose: Purpose::Read(ticket) }
}
