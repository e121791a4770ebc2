//! The bytes of one client: input, command lines, and replies.
//!
//! Both the client's task and [`Busy`](crate::busy::Busy) use a wire. `Busy` does while a script
//! keeps the server busy. So received commands and unsent replies are here, not in the task. The
//! task never awaits while it borrows the wire.

use std::io::{self, IoSlice};
use std::ops::ControlFlow;

use redis::resp::{CommandDecoder, Protocol, ProtocolError, Shape, Shapes};
use redis::{Blob, Reply};
use tcp::{Buffers, Share};

use crate::fate::Fates;
use crate::replies::Replies;
use crate::service::Service;

/// The received and unsent bytes of a client.
pub(crate) struct Wire {
    decoder: CommandDecoder,
    /// A command that must wait.
    held: Option<Vec<Blob>>,
    input: Option<Input>,
    replies: Replies,
    /// The protocol version for its replies.
    protocol: Protocol,
    shapes: Shapes,
    memory: Share,
    unread: Share,
    /// The faults of its commands.
    pub(crate) fates: Option<Fates>,
    /// Whether input is ignored because of a fault of the last command.
    pub(crate) ignores_input: bool,
    /// How the connection ends, if it is to be closed.
    pub(crate) end: Option<End>,
}

/// Bytes that have been read. Some of them may have been decoded.
struct Input {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// After the unsent replies, if the client reads them.
    AfterReplies,
    /// Immediately, because the client has gone.
    Now,
    /// Immediately, because the client is dropped.
    Dropped,
    /// With a reset, as if the network broke.
    Reset,
    /// Never visibly: the client gets no more bytes.
    Silence,
}

/// A reply to send.
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
            ignores_input: false,
            end: None,
        }
    }

    /// Whether there is input that has not been handled.
    pub(crate) fn has_input(&self) -> bool {
        self.held.is_some() || self.input.is_some()
    }

    /// Whether there is nothing to do now, or the connection has ended.
    pub(crate) fn is_done(&self) -> Option<ControlFlow<End>> {
        match self.end {
            Some(end) => Some(ControlFlow::Break(end)),
            None => (!self.has_input()).then_some(ControlFlow::Continue(())),
        }
    }

    /// Reads bytes from the socket if all earlier input has been handled. Returns how many.
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

    /// The next command line, if it is complete.
    ///
    /// # Errors
    /// If the bytes violate the protocol.
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

    /// Holds a command that must wait, and so all later commands.
    pub(crate) fn hold(&mut self, line: Vec<Blob>) {
        self.held = Some(line);
    }

    /// Whether a command is held.
    pub(crate) fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    /// The answer to send for the server's reply to a command line.
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

    /// Adds a reply, if at most `most` bytes are unread then.
    pub(crate) fn add(&mut self, answer: Answer, most: usize) -> Result<(), End> {
        let Answer { reply, size, shape } = answer;
        if self.unread().saturating_add(size) > most {
            return Err(End::Dropped);
        }
        self.replies.add(reply, size, shape, self.protocol);
        Ok(())
    }

    /// Adds a short error that is not a reply to a command.
    pub(crate) fn refuse(&mut self, error: redis::ErrorReply) {
        let reply = Reply::Error(error);
        let size = reply.size();
        self.replies.add(reply, size, Shape::AsIs, self.protocol);
    }

    /// The number of unread bytes.
    pub(crate) fn unread(&self) -> usize {
        self.replies.unread()
    }

    /// Sends what the socket accepts now, but not much more than `most` bytes. Returns how many.
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

    /// Drops all input and all unsent replies.
    pub(crate) fn forget(&mut self, service: &Service) {
        *self = Wire::new(service, None);
    }

    /// The last recorded memory of the client in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.memory.taken()
    }

    /// Records the memory of the client, and returns that of all clients. `more` is the memory for
    /// it elsewhere in the server.
    pub(crate) fn account(&mut self, more: usize) -> usize {
        let held: usize = self.held.iter().flatten().map(|word| word.len()).sum();
        self.memory.set(self.decoder.pending() + held + self.replies.memory() + more);
        self.unread.set(self.replies.unread());
        self.memory.all()
    }
}
