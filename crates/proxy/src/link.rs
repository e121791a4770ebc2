//! A connection to the server.
//!
//! Commands go out in the order in which clients hand them in, and replies come in that order: each
//! belongs to the first [`Slot`] that has none. All clients share one connection, so that what they
//! send in a moment is one write, and what they are told is one read. A client that needs one of
//! its own has one as long as it is there.
//!
//! Invariants
//! 1. What a command may have written is invalidated before the first byte of its reply is passed
//!    on; and when the connection is lost, for then it may have been executed.
//! 2. A slot is answered once: by the server, or with an error if the connection is lost.
//! 3. A connection whose client has gone is half closed, and read until the server closes it: by
//!    then all that was sent has been executed, and is invalidated.

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
    /// The only client that uses it, if that is so.
    owner: Option<Rc<Client>>,
    is_up: Cell<bool>,
    is_ending: Cell<bool>,
    /// What is to be sent.
    out: RefCell<Vec<u8>>,
    slots: RefCell<VecDeque<Slot>>,
    memory: RefCell<Share>,
    /// There is something to send.
    wake: Notify,
    /// There is less to send than there was.
    pub(crate) has_room: Notify,
}

/// Why a connection to the server ended.
#[derive(Debug, Error)]
pub(crate) enum Lost {
    #[error("{0}")]
    Broken(#[from] io::Error),
    #[error("{0}")]
    Confused(#[from] NoReply),
    #[error("it sent a reply that nobody waits for")]
    Unasked,
    #[error("it closed the connection")]
    Closed,
    #[error("it said nothing while replies were due")]
    Silent,
    #[error("nobody needs it any more")]
    Ended,
}

/// More bytes than this that wait to be sent keep clients from being read.
const CLOGGED: usize = 1 << 20;

/// How often the server may be silent when it is looked after, while replies are due.
const SILENT_LOOKS_MAX: u32 = 4;

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

    /// Whether the server has been heard of through it.
    pub(crate) fn is_up(&self) -> bool {
        self.is_up.get()
    }

    /// Whether so much waits to be sent that nothing should be added.
    pub(crate) fn is_clogged(&self) -> bool {
        self.out.borrow().len() > CLOGGED
    }

    /// Hands a command in, and says whose reply it will be. It goes out once [`Link::wake`] is
    /// called.
    pub(crate) fn send(&self, line: &[Blob], slot: Slot) {
        encode_command(line, &mut self.out.borrow_mut());
        self.slots.borrow_mut().push_back(slot);
    }

    /// Has sent what was handed in.
    pub(crate) fn wake(&self) {
        let out = self.out.borrow();
        if !out.is_empty() {
            self.memory.borrow_mut().set(out.len());
            self.wake.notify_one();
        }
    }

    /// Its client has gone.
    pub(crate) fn end(&self) {
        self.is_ending.set(true);
        self.wake.notify_one();
    }

    /// Serves through this stream until it is lost. Whoever waits for a reply then gets an error.
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
        let mut looks = self.looks();
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
                _ = looks.tick(), if self.owner.is_none() => self.look(progress)?,
            }
        }
    }

    /// Says that nothing more will be sent, and hears the rest.
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
                let heard = reader.readable().await.map_err(Lost::from);
                if let Err(lost) = heard.and_then(|()| self.receive(&mut reader, progress)) {
                    return lost;
                }
            }
        };
        let _ = timeout(self.shared.timeout(), rest).await;
        Lost::Ended
    }

    /// Sends what can be sent now; whether there is more.
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

    /// Reads what has come, and passes it on.
    fn receive(&self, reader: &mut OwnedReadHalf, progress: &mut Progress) -> Result<(), Lost> {
        let mut buffer = self.shared.buffers.take();
        let heard = match read_once(reader, &mut buffer) {
            Ok(0) => Err(Lost::Closed),
            Ok(len) => self.hear(&buffer[..len], progress),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        };
        self.shared.buffers.give_back(buffer);
        for client in progress.touched.drain(..) {
            client.flush();
        }
        heard
    }

    fn hear(&self, mut input: &[u8], progress: &mut Progress) -> Result<(), Lost> {
        progress.silent_looks = 0;
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
                self.shared.counters.heard.add(1);
                if !self.is_up.replace(true) {
                    self.shared.counters.upstream_up.set(true);
                    let upstream = &*self.shared.options.upstream;
                    tracing::info!(upstream, "the upstream is there");
                }
            }
        }
    }

    fn looks(&self) -> Interval {
        let each = (self.shared.timeout() / SILENT_LOOKS_MAX).max(Duration::from_millis(1));
        let mut looks = interval(each);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks
    }

    /// The health check: while nothing is due, asks for something.
    fn look(&self, progress: &mut Progress) -> Result<(), Lost> {
        if self.slots.borrow().is_empty() {
            self.probe();
            progress.silent_looks = 0;
        } else {
            progress.silent_looks += 1;
        }
        if progress.silent_looks > SILENT_LOOKS_MAX { Err(Lost::Silent) } else { Ok(()) }
    }

    fn probe(&self) {
        self.send(&[Blob::from_static("PING")], Slot { client: None, purpose: Purpose::Probe });
        self.wake();
    }

    /// Nobody gets a reply any more. Who had got a part of one can only be hung up on.
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
            // What the server knew of it is lost.
            Some(owner) => owner.end(),
            None if was_up => self.shared.counters.upstream_up.set(false),
            None => {}
        }
    }
}

/// How far a connection is with what the server says.
#[derive(Default)]
struct Progress {
    frames: Frames,
    capture: Capture,
    /// Who has something to be sent.
    touched: Vec<Rc<Client>>,
    /// How often it was looked after since it last said something.
    silent_looks: u32,
}

/// Reads what is there. If that is less than there is room for, nothing is left to be read, which
/// this way of reading makes use of.
pub(crate) fn read_once(reader: &mut OwnedReadHalf, buffer: &mut [u8]) -> io::Result<usize> {
    let mut into = ReadBuf::new(buffer);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match Pin::new(reader).poll_read(&mut context, &mut into) {
        Poll::Ready(read) => read.map(|()| into.filled().len()),
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// The ticket of a read that is under way.
pub(crate) fn read_slot(client: &Rc<Client>, ticket: Ticket) -> Slot {
    Slot { client: Some(Rc::clone(client)), purpose: Purpose::Read(ticket) }
}
