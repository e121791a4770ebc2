//! The task that serves one connection: reads, executes, sends.
//!
//! 1. Replies are sent in the order of the commands. The replies to the commands of one read are
//!    sent in one write.
//! 2. A client may send many commands before it reads a reply. [`Options`](crate::Options) limits
//!    the unread replies. As in Redis, a client that exceeds the limit is dropped, before the reply
//!    takes memory.
//! 3. A waiting connection has no buffer. It keeps only an incomplete command and unread replies.
//! 4. A client with much work yields to the others ([`Turns`]).

use std::cell::RefMut;
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::ops::ControlFlow;
use std::pin::pin;
use std::rc::Rc;

use history::Span;
use redis::resp::{Protocol, ProtocolError, encode_reply};
use redis::{Blob, ErrorReply, Reply};
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::fate::{Fates, Fault, Struck};
use crate::fault_log::{StruckCommand, Victim};
use crate::node::{Node, duration};
use crate::plan::{Delayed, Then};
use crate::roster::Member;
use crate::turns::{Beginning, Credit, Turn, Turns};
use crate::wire::{Answer, End, Wire};

/// The task that serves a client.
pub(crate) struct Connection {
    node: Rc<Node>,
    client: Rc<Member>,
    /// When the current turn began.
    begun: Option<Beginning>,
    /// Its credit for short turns.
    credit: Credit,
    /// Whether it has sent as many bytes as one turn allows.
    is_sending: bool,
    /// The turn, if it is the first in the queue.
    turn: Option<Turn>,
}

/// When this many bytes of replies are unsent, they are sent before more commands are executed.
const ENOUGH_TO_SEND: usize = 64 << 10;

impl Connection {
    /// A connection. `number` is its zero-based index among the server's connections.
    pub(crate) fn new(node: Rc<Node>, number: u64, stream: TcpStream) -> Connection {
        let options = &node.service.options;
        let fates = (!node.rules.is_empty())
            .then(|| Fates::new(&options.seed, &node.rules, &format!("{}/{number}", node.name)));
        let client = node.meet(number + 1, stream, Wire::new(&node.service, fates));
        Connection {
            node,
            client,
            begun: None,
            credit: Credit::default(),
            is_sending: false,
            turn: None,
        }
    }

    /// Its number in the protocol (`CLIENT ID`).
    pub(crate) fn id(&self) -> u64 {
        self.client.id
    }

    /// Serves the client until either side ends the connection.
    pub(crate) async fn run(mut self) {
        match self.serve().await {
            End::AfterReplies => self.send_rest().await,
            End::Now => {}
            End::Dropped => self.node.service.counters.dropped.add(1),
            // If that fails, the connection is broken already.
            End::Reset => drop(self.client.stream.set_zero_linger()),
            End::Silence => self.ignore().await,
        }
    }

    async fn serve(&mut self) -> End {
        loop {
            let is_readable = match self.ready().await {
                Some(ready) => ready.is_readable() || ready.is_read_closed(),
                None => return End::Now,
            };
            if !self.credit.is_good() {
                self.wait_for_turn().await;
            }
            let mut end = None;
            if is_readable {
                end = self.receive().await.break_value();
            }
            let end = end.or_else(|| self.send().break_value());
            self.end_turn().await;
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Waits until there may be something to do. `None` if the connection is broken.
    /// [`Member::nudge`] ends the wait, too.
    async fn ready(&mut self) -> Option<Ready> {
        let Connection { client, begun, .. } = self;
        let interest = match client.wire.borrow().unread() {
            0 => Interest::READABLE,
            _ => Interest::READABLE | Interest::WRITABLE,
        };
        let mut ready = pin!(client.stream.ready(interest));
        poll_fn(|context| {
            let polled = ready.as_mut().poll(context).map(Result::ok);
            if polled.is_pending() {
                *begun = None;
                return client.wait(context);
            }
            polled
        })
        .await
    }

    /// Waits until it is the first in the queue.
    async fn wait_for_turn(&mut self) {
        if let Some(turn) = self.turn.take() {
            turn.end().await;
        }
        self.turn = self.node.service.turns.wait().await;
        self.begun = None;
    }

    /// Ends the current turn, if there is one.
    async fn end_turn(&mut self) {
        let is_long = |begun: Beginning| begun.is_long_ago(self.node.service.now());
        if std::mem::take(&mut self.is_sending) || self.begun.is_some_and(is_long) {
            self.credit.spend();
            self.begun = None;
        } else if self.begun.is_some() {
            self.credit.earn();
        }
        if let Some(turn) = self.turn.take() {
            turn.end().await;
            self.begun = None;
        }
    }

    /// Reads the commands that have arrived, and executes them.
    async fn receive(&mut self) -> ControlFlow<End> {
        let service = Rc::clone(&self.node.service);
        let has_input = self.wire().has_input();
        if !has_input {
            let stream = &self.client.stream;
            let read = self.wire().read(&service.buffers, |buffer| stream.try_read(buffer));
            match read {
                Ok(0) => return ControlFlow::Break(End::Now),
                Ok(len) => service.counters.received.add(len as u64),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return ControlFlow::Break(End::Now),
            }
        }
        let done = self.take().await;
        self.account()?;
        done
    }

    async fn take(&mut self) -> ControlFlow<End> {
        let service = Rc::clone(&self.node.service);
        loop {
            if let Some(done) = self.wire().is_done() {
                return done;
            }
            let now = self.yield_if_over().await;
            let line = self.wire().next_line(&service.buffers);
            match line {
                Ok(Some(line)) => self.meet(&line, now).await?,
                Ok(None) => return ControlFlow::Continue(()),
                Err(ProtocolError::Refused(error)) => {
                    service.counters.dropped.add(1);
                    self.wire().refuse(error);
                    return ControlFlow::Break(End::AfterReplies);
                }
                Err(ProtocolError::TooMuch) => return ControlFlow::Break(End::Dropped),
            }
            let unread = self.wire().unread();
            if unread > ENOUGH_TO_SEND {
                self.send()?;
            }
        }
    }

    /// Waits in the queue if the turn is over. Returns the time afterwards.
    async fn yield_if_over(&mut self) -> Span {
        let now = self.node.service.now();
        let most = if self.turn.is_some() { Turns::LINE } else { Turns::FREE };
        let credit = self.credit;
        let begun = self.begun.get_or_insert_with(|| Beginning::new(now, credit));
        if now <= begun.at + most {
            return now;
        }
        self.wait_for_turn().await;
        let now = self.node.service.now();
        self.begun = Some(Beginning::new(now, credit));
        now
    }

    /// Applies the faults to a command, and executes it.
    async fn meet(&mut self, line: &[Blob], now: Span) -> ControlFlow<End> {
        let met = match &mut self.wire().fates {
            Some(fates) => fates.next(&line[0], now),
            None => Vec::new(),
        };
        if !met.is_empty() || self.node.can_fail {
            self.wire().ignores_input = true;
            let done = self.meet_faults(line, &met).await;
            self.wire().ignores_input = false;
            return done;
        }
        let answer = self.execute(line, now)?;
        self.reply(answer)
    }

    async fn meet_faults(&mut self, line: &[Blob], met: &[Struck]) -> ControlFlow<End> {
        // Other clients get a turn while this one waits.
        self.turn = None;
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
        self.node.ready().await;
        let answer = self.execute(line, self.node.service.now())?;
        for struck in met.iter().copied().filter(|struck| !is_before(struck.fault)) {
            self.struck(line, struck);
            self.send()?;
            match struck.fault {
                Fault::DropReply(Then::Reset) => return ControlFlow::Break(End::Reset),
                Fault::DropReply(Then::Silence) => return ControlFlow::Break(End::Silence),
                _ => sleep(duration(struck.lasts)).await,
            }
        }
        self.reply(answer)
    }

    fn execute(&mut self, line: &[Blob], now: Span) -> ControlFlow<End, Option<Answer>> {
        if is_from_browser(&line[0]) {
            return ControlFlow::Break(End::Dropped);
        }
        let line_bytes = line.iter().map(|word| word.len() + size_of::<Blob>()).sum();
        let kept = self.client.connection.borrow().bytes();
        let left = self.node.reply_max(line_bytes, kept, self.wire().unread());
        self.node.service.called_at.set(now);
        let reply = self.node.answer(&self.client, line, left);
        let connection = self.client.connection.borrow();
        if connection.is_flooded() {
            return ControlFlow::Break(End::Dropped);
        }
        let answer = self.wire().answer(&connection, line, reply);
        if connection.is_closing() {
            self.reply(answer)?;
            return ControlFlow::Break(End::AfterReplies);
        }
        ControlFlow::Continue(answer)
    }

    fn reply(&self, answer: Option<Answer>) -> ControlFlow<End> {
        let Some(answer) = answer else { return ControlFlow::Continue(()) };
        match self.wire().add(answer, self.node.unread_max()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(end) => ControlFlow::Break(end),
        }
    }

    fn struck(&self, line: &[Blob], struck: Struck) {
        let number = self.wire().fates.as_ref().map_or(0, |fates| fates.commands - 1);
        let command = Some(StruckCommand { connection: self.client.id - 1, number, line });
        let victim = Victim { node: &self.node.name, command };
        self.node.service.struck(&victim, struck);
    }

    /// Sends what the socket accepts now, up to a limit. The rest is sent later.
    fn send(&mut self) -> ControlFlow<End> {
        let most = if self.turn.is_some() { Turns::LINE_BYTES } else { Turns::FREE_BYTES };
        let stream = &self.client.stream;
        let sent = self.wire().send(most, |slices| write(stream, slices));
        let Ok(sent) = sent else { return ControlFlow::Break(End::Now) };
        self.is_sending |= sent >= most;
        self.node.service.counters.sent.add(sent as u64);
        self.account()
    }

    /// Sends the rest, to a client that reads it.
    async fn send_rest(&mut self) {
        while self.send().is_continue() && self.wire().unread() > 0 {
            self.end_turn().await;
            if self.client.stream.writable().await.is_err() {
                return;
            }
            if !self.credit.is_good() {
                self.wait_for_turn().await;
            }
        }
    }

    /// Reads and ignores all bytes until the client has gone.
    async fn ignore(&mut self) {
        self.wire().forget(&self.node.service);
        self.wire().ignores_input = true;
        let stream = &self.client.stream;
        let mut buffer = [0; 1 << 10];
        while stream.readable().await.is_ok() {
            match stream.try_read(&mut buffer) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Checks the memory of all clients against the limit. If it is exceeded, the client that takes
    /// the most memory is dropped.
    fn account(&self) -> ControlFlow<End> {
        let more = self.client.connection.borrow().bytes();
        let service = &self.node.service;
        while self.wire().account(more) > self.node.client_memory_max() {
            match service.largest_client() {
                Some((node, other)) if !Rc::ptr_eq(&other, &self.client) => {
                    node.roster.end(other.id);
                    other.wire.borrow_mut().forget(service);
                    service.counters.dropped.add(1);
                }
                _ => return ControlFlow::Break(End::Dropped),
            }
        }
        ControlFlow::Continue(())
    }

    /// Borrows the wire. The borrow must end before an `await`.
    fn wire(&self) -> RefMut<'_, Wire> {
        self.client.wire.borrow_mut()
    }
}

/// Removes the client from the server. A reset of all connections drops this value.
impl Drop for Connection {
    fn drop(&mut self) {
        self.node.forget(&self.client);
        if self.node.resets.get() {
            // If that fails, the connection is broken already.
            drop(self.client.stream.set_zero_linger());
        }
    }
}

fn write(stream: &TcpStream, slices: &[IoSlice<'_>]) -> std::io::Result<usize> {
    match slices {
        [only] => stream.try_write(only),
        _ => stream.try_write_vectored(slices),
    }
}

/// Whether a fault strikes a command before it is executed.
const fn is_before(fault: Fault) -> bool {
    !matches!(fault, Fault::DropReply(_) | Fault::Delay(Delayed::Reply))
}

/// `POST` and `Host:`: a web page in a browser tries to send commands. Redis checks the same names.
pub(crate) fn is_from_browser(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

/// The error for a client that exceeds `maxclients`.
pub(crate) fn refusal() -> Vec<u8> {
    let mut out = Vec::new();
    let error = ErrorReply::from_static("ERR max number of clients reached");
    encode_reply(&Reply::Error(error), Protocol::Resp2, &mut out);
    out
}
