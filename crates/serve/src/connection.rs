//! One connection: bytes in, commands, replies out.
//!
//! 1. Replies go out in the order of the commands, and those of one read in one write.
//! 2. A client may send many commands before it reads a reply; the replies wait. There is an end to
//!    what waits ([`Options`](crate::Options)): who goes beyond it is dropped, as Redis does it.
//! 3. A connection that waits has no buffer: it keeps what is not complete and what is not read.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::rc::Rc;

use history::Span;
use redis::Blob;
use redis::resp::{CommandDecoder, Protocol, ProtocolError, Shapes, encode_reply};
use redis::{ErrorReply, Reply};
use tcp::Share;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::fate::{Fates, Fault, Struck};
use crate::fault_log::{StruckCommand, Victim};
use crate::node::{Node, duration};
use crate::plan::{Delayed, Then};
use crate::roster::Member;

/// A client's connection to a server.
pub(crate) struct Connection {
    node: Rc<Node>,
    number: u64,
    stream: TcpStream,
    decoder: CommandDecoder,
    client: Rc<Member>,
    /// In which version of the protocol it wants its replies.
    protocol: Protocol,
    shapes: Shapes,
    out: Vec<u8>,
    /// How many bytes of `out` have been sent.
    sent: usize,
    memory: Share,
    unread: Share,
    fates: Option<Fates>,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
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

/// For so long a client is served before it is somebody else's turn, if it has sent that much.
const TURN: Span = Span::from_millis(20);

/// So many bytes of replies are sent before more commands are executed.
const ENOUGH_TO_SEND: usize = 64 << 10;

impl Connection {
    /// The one that the server accepted after so many others.
    pub(crate) fn new(node: Rc<Node>, number: u64, stream: TcpStream) -> Connection {
        let options = &node.service.options;
        let fates = (!node.rules.is_empty())
            .then(|| Fates::new(&options.seed, &node.rules, &format!("{}/{number}", node.name)));
        Connection {
            decoder: CommandDecoder::new(options.limits),
            client: node.meet(number + 1, &stream),
            protocol: Protocol::default(),
            shapes: Shapes::default(),
            out: Vec::new(),
            sent: 0,
            memory: node.service.memory.share(),
            unread: node.service.unread.share(),
            fates,
            node,
            number,
            stream,
        }
    }

    /// What the server calls it.
    pub(crate) const fn id(&self) -> u64 {
        self.number + 1
    }

    /// Serves the client until one of both has enough.
    pub(crate) async fn run(mut self) {
        match self.serve().await {
            End::AfterReplies => self.send_rest().await,
            End::Now => {}
            End::Dropped => self.node.service.counters.dropped.add(1),
            // If that fails, the connection is broken already.
            End::Reset => drop(self.stream.set_zero_linger()),
            End::Silence => self.ignore().await,
        }
    }

    async fn serve(&mut self) -> End {
        loop {
            let waits = self.waiting() > 0;
            let interest =
                if waits { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let Ok(ready) = self.stream.ready(interest).await else { return End::Now };
            let mut end = None;
            if ready.is_readable() || ready.is_read_closed() {
                end = self.receive().await.break_value();
            }
            if let Some(end) = end.or_else(|| self.send().break_value()) {
                return end;
            }
        }
    }

    /// Reads what has come, and does what it says.
    async fn receive(&mut self) -> ControlFlow<End> {
        let service = Rc::clone(&self.node.service);
        let mut buffer = service.buffers.take();
        let done = match self.stream.try_read(&mut buffer) {
            Ok(0) => ControlFlow::Break(End::Now),
            Ok(len) => {
                service.counters.received.add(len as u64);
                self.take(&buffer[..len]).await
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(End::Now),
        };
        service.buffers.give_back(buffer);
        self.account()?;
        done
    }

    async fn take(&mut self, mut input: &[u8]) -> ControlFlow<End> {
        let mut begun = self.node.service.now();
        loop {
            // That is when the command before this one came: a look at the clock less.
            let called_at = self.node.service.called_at.get();
            if called_at > begun + TURN {
                yield_now().await;
                begun = self.node.service.now();
            }
            match self.decoder.decode(&mut input) {
                Ok(Some(line)) => self.meet(&line).await?,
                Ok(None) => return ControlFlow::Continue(()),
                Err(ProtocolError::Refused(error)) => {
                    self.node.service.counters.dropped.add(1);
                    encode_reply(&Reply::Error(error), self.protocol, &mut self.out);
                    return ControlFlow::Break(End::AfterReplies);
                }
                Err(ProtocolError::TooMuch) => return ControlFlow::Break(End::Dropped),
            }
            if self.waiting() > ENOUGH_TO_SEND {
                self.send()?;
                self.account()?;
            }
        }
    }

    /// A command meets its fate, and then the server.
    async fn meet(&mut self, line: &[Blob]) -> ControlFlow<End> {
        let met = match &mut self.fates {
            Some(fates) => fates.next(&line[0], self.node.service.now()),
            None => Vec::new(),
        };
        for struck in met.iter().copied().filter(|struck| is_before(struck.fault)) {
            match struck.fault {
                Fault::Delay(_) => {
                    self.struck(line, struck);
                    self.send()?;
                    sleep(duration(struck.lasts)).await;
                }
                Fault::Stall => {
                    self.struck(line, struck);
                    self.node.stall(struck.lasts);
                }
                Fault::Crash(keep) => {
                    self.node.ready().await;
                    if self.node.crash(keep, struck.lasts) {
                        self.struck(line, struck);
                    }
                }
                Fault::Reset | Fault::DropReply(_) => {
                    self.struck(line, struck);
                    return ControlFlow::Break(End::Reset);
                }
            }
        }
        if self.node.can_fail {
            self.node.ready().await;
        }
        let before = self.out.len();
        self.execute(line)?;
        let mut after = met.into_iter().filter(|struck| !is_before(struck.fault)).peekable();
        if after.peek().is_none() {
            return ControlFlow::Continue(());
        }
        let reply = self.out.split_off(before);
        for struck in after {
            self.struck(line, struck);
            self.send()?;
            match struck.fault {
                Fault::DropReply(Then::Reset) => return ControlFlow::Break(End::Reset),
                Fault::DropReply(Then::Silence) => return ControlFlow::Break(End::Silence),
                _ => sleep(duration(struck.lasts)).await,
            }
        }
        self.out.extend_from_slice(&reply);
        ControlFlow::Continue(())
    }

    fn execute(&mut self, line: &[Blob]) -> ControlFlow<End> {
        if is_from_browser(&line[0]) {
            return ControlFlow::Break(End::Dropped);
        }
        let reply = self.node.answer(&self.client, line);
        let connection = self.client.connection.borrow();
        self.protocol = connection.protocol();
        let shape = self.shapes.next(line, &reply, self.protocol);
        if connection.wants_reply() {
            shape.encode(&reply, self.protocol, &mut self.out);
        }
        if connection.is_closing() {
            return ControlFlow::Break(End::AfterReplies);
        }
        ControlFlow::Continue(())
    }

    fn struck(&self, line: &[Blob], struck: Struck) {
        let number = self.fates.as_ref().map_or(0, |fates| fates.commands - 1);
        let command = Some(StruckCommand { connection: self.number, number, line });
        let victim = Victim { node: &self.node.name, command };
        self.node.service.struck(&victim, struck);
    }

    /// How many bytes wait for the client to read.
    fn waiting(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Sends what can be sent now.
    fn send(&mut self) -> ControlFlow<End> {
        while self.waiting() > 0 {
            match self.stream.try_write(&self.out[self.sent..]) {
                Ok(0) => return ControlFlow::Break(End::Now),
                Ok(len) => {
                    self.sent += len;
                    self.node.service.counters.sent.add(len as u64);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return ControlFlow::Break(End::Now),
            }
        }
        if self.waiting() == 0 {
            self.out.clear();
            self.out.shrink_to(ENOUGH_TO_SEND);
            self.sent = 0;
        } else if self.sent > self.out.len() / 2 {
            self.out.drain(..self.sent);
            self.sent = 0;
        }
        self.account()
    }

    /// Sends the rest, to a client that reads it.
    async fn send_rest(&mut self) {
        while self.send().is_continue() && self.waiting() > 0 {
            if self.stream.writable().await.is_err() {
                return;
            }
        }
    }

    /// Reads and forgets until the client has gone.
    async fn ignore(&mut self) {
        self.decoder = CommandDecoder::new(self.node.service.options.limits);
        self.out = Vec::new();
        self.sent = 0;
        let _ = self.account();
        let mut buffer = [0; 1 << 10];
        while self.stream.readable().await.is_ok() {
            match self.stream.try_read(&mut buffer) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Holds what is kept in memory for this client against what may be.
    fn account(&mut self) -> ControlFlow<End> {
        let options = &self.node.service.options;
        let buffers = self.decoder.pending() + self.out.capacity();
        self.memory.set(buffers + self.client.connection.borrow().bytes());
        self.unread.set(self.out.len() - self.sent);
        if self.waiting() > options.unread || self.memory.all() > options.client_memory {
            return ControlFlow::Break(End::Dropped);
        }
        ControlFlow::Continue(())
    }
}

/// The server forgets the client. Whoever resets all connections of a server drops them.
impl Drop for Connection {
    fn drop(&mut self) {
        self.node.forget(&self.client);
        if self.node.resets.get() {
            // If that fails, the connection is broken already.
            drop(self.stream.set_zero_linger());
        }
    }
}

/// Whether a fault strikes a command before it is executed.
const fn is_before(fault: Fault) -> bool {
    !matches!(fault, Fault::DropReply(_) | Fault::Delay(Delayed::Reply))
}

/// `POST` and `Host:`, as Redis has it: a page in somebody's browser tries to talk to a server of
/// theirs.
fn is_from_browser(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

/// What a client is told for whom there is no room.
pub(crate) fn refusal() -> Vec<u8> {
    let mut out = Vec::new();
    let error = ErrorReply::from_static("ERR max number of clients reached");
    encode_reply(&Reply::Error(error), Protocol::Resp2, &mut out);
    out
}
