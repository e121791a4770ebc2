//! A client's end of a connection: bytes in, command lines, replies out.
//!
//! The task that serves a client works with its wire, and so does whoever answers it while a script
//! keeps the server busy ([`Busy`](crate::busy::Busy)). So what has come and is not done yet, and
//! what is to be sent, is here and not in the task; and the task never waits while it has the wire
//! in hand.

use std::io::{self, IoSlice};
use std::ops::ControlFlow;

use redis::resp::{CommandDecoder, Protocol, ProtocolError, Shape, Shapes};
use redis::{Blob, Reply};
use tcp::{Buffers, Share};

use crate::fate::Fates;
use crate::replies::Replies;
use crate::service::Service;

/// What has come from a client, and what is to be sent to it.
pub(crate) struct Wire {
    decoder: CommandDecoder,
    /// A command that has to wait.
    held: Option<Vec<Blob>>,
    input: Option<Input>,
    replies: Replies,
    /// In which version of the protocol it wants its replies.
    protocol: Protocol,
    shapes: Shapes,
    memory: Share,
    unread: Share,
    /// What its commands meet.
    pub(crate) fates: Option<Fates>,
    /// Whether what comes is not to be looked at: a fault has its way with the last command.
    pub(crate) is_stuck: bool,
    /// Whether the connection is to be closed.
    pub(crate) end: Option<End>,
}

/// Bytes that have been read, of which some may be done.
struct Input {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// After what waits has been sent, if the client reads it.
    AfterReplies,
    /// At once: the client has gone.
    Now,
    /// At once: the client has to go.
    Dropped,
    /// As when the network breaks.
    Reset,
    /// The client is never told.
    Silence,
}

/// A reply that is to be sent.
pub(crate) struct Answer {
    reply: Reply,
    size: usize,
    shape: Shape,
}

impl Wire {
    pub(crate) fn new(service: &Service, fates: Option<Fates>) -> Wire {
        Wire {
            decoder: CommandDecoder::new(service.options.limits),
            held: None,
            input: None,
            replies: Replies::default(),
            protocol: Protocol::default(),
            shapes: Shapes::default(),
            memory: service.memory.share(),
            unread: service.unread.share(),
            fates,
            is_stuck: false,
            end: None,
        }
    }

    /// Whether something has come that is not done yet.
    pub(crate) fn has_input(&self) -> bool {
        self.held.is_some() || self.input.is_some()
    }

    /// Whether nothing is to be done, and whether that is all there ever is.
    pub(crate) fn is_done(&self) -> Option<ControlFlow<End>> {
        match self.end {
            Some(end) => Some(ControlFlow::Break(end)),
            None => (!self.has_input()).then_some(ControlFlow::Continue(())),
        }
    }

    /// Reads what has come, if all that came before is done. Returns how many bytes.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) fn read(
        &mut self,
        buffers: &Buffers,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut buffer = buffers.take();
        let read = read(&mut buffer);
        match read {
            Ok(end @ 1..) => self.input = Some(Input { buffer, start: 0, end }),
            Ok(0) | Err(_) => buffers.give_back(buffer),
        }
        read
    }

    /// The next command line, if all of it has come.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub(crate) fn next_line(
        &mut self,
        buffers: &Buffers,
    ) -> Result<Option<Vec<Blob>>, ProtocolError> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        let Some(input) = &mut self.input else { return Ok(None) };
        let mut rest = &input.buffer[input.start..input.end];
        let line = self.decoder.decode(&mut rest);
        input.start = input.end - rest.len();
        if rest.is_empty()
            && let Some(input) = self.input.take()
        {
            buffers.give_back(input.buffer);
        }
        line
    }

    /// The command has to wait, and all that comes after it.
    pub(crate) fn hold(&mut self, line: Vec<Blob>) {
        self.held = Some(line);
    }

    /// Whether there is a command that has to wait.
    pub(crate) fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    /// What is to be sent of the server's reply to a command line.
    pub(crate) fn answer(
        &mut self,
        connection: &redis::Connection,
        line: &[Blob],
        reply: Reply,
    ) -> Option<Answer> {
        self.protocol = connection.protocol();
        let shape = self.shapes.next(line, &reply, self.protocol);
        connection.wants_reply().then(|| Answer { size: reply.size(), reply, shape })
    }

    /// Puts a reply among those to be sent, if no more than `most` bytes wait then.
    pub(crate) fn add(&mut self, answer: Answer, most: usize) -> Result<(), End> {
        let Answer { reply, size, shape } = answer;
        if self.unread().saturating_add(size) > most {
            return Err(End::Dropped);
        }
        self.replies.add(reply, size, shape, self.protocol);
        Ok(())
    }

    /// The same for what is no reply to a command, and short.
    pub(crate) fn refuse(&mut self, error: redis::ErrorReply) {
        let reply = Reply::Error(error);
        let size = reply.size();
        self.replies.add(reply, size, Shape::AsIs, self.protocol);
    }

    /// How much waits for the client to read.
    pub(crate) fn unread(&self) -> usize {
        self.replies.unread()
    }

    /// Sends what can be sent now, but not much more than `most` bytes. Returns how many.
    ///
    /// # Errors
    /// If the connection is broken.
    pub(crate) fn send(
        &mut self,
        most: usize,
        write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.replies.send(most, write)
    }

    /// Forgets all that has come and all that is to be sent.
    pub(crate) fn forget(&mut self, service: &Service) {
        *self = Wire::new(service, None);
    }

    /// What was written down last of what the client takes of the memory of all.
    pub(crate) fn memory(&self) -> usize {
        self.memory.taken()
    }

    /// Writes down what the client takes of the memory of all, and returns how much all have taken.
    /// `more` is what the server keeps for it elsewhere.
    pub(crate) fn account(&mut self, more: usize) -> usize {
        let held: usize = self.held.iter().flatten().map(|word| word.len()).sum();
        self.memory.set(self.decoder.pending() + held + self.replies.memory() + more);
        self.unread.set(self.replies.unread());
        self.memory.all()
    }
}
