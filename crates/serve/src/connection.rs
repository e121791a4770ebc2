//! The task that serves one connection: reads, executes, sends.
//!
//! 1. Replies go out in the order of the commands, and those of one read in one write.
//! 2. A client may send many commands before it reads a reply; the replies wait. There is an end to
//!    what waits ([`Options`](crate::Options)): who goes beyond it is dropped, as Redis does it,
//!    before the reply takes memory.
//! 3. A connection that waits has no buffer: it keeps what is not complete and what is not read.
//! 4. Who does much lets the others have their turn ([`Turns`]).

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
    /// Since when it has had something to do.
    begun: Option<Beginning>,
    /// How far it is known to want little.
    credit: Credit,
    /// Whether it has sent as much as it may in one turn.
    is_sending: bool,
    /// If it is the first in the line.
    turn: Option<Turn>,
}

/// So many bytes of replies are sent before more commands are executed.
const ENOUGH_TO_SEND: usize = 64 << 10;

impl Connection {
    /// The one that the server accepted after so many others.
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

    /// What the server calls it.
    pub(crate) fn id(&self) -> u64 {
        self.client.id
    }

    /// Serves the client until one of both has enough.
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
                self.stand_in_line().await;
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

    /// Waits until there is something to do; `None` if the connection is broken. Whoever served the
    /// client meanwhile says so ([`Member::nudge`]): then there may be.
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

    /// Does nothing until it is the first in the line.
    async fn stand_in_line(&mut self) {
        if let Some(turn) = self.turn.take() {
            turn.end().await;
        }
        self.turn = self.node.service.turns.wait().await;
        self.begun = None;
    }

    /// Lets others have their turn, if this was one.
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

    /// Reads what has come, and does what it says.
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
            let now = self.keep_to_turn().await;
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

    /// Stands in the line if the turn is over. Returns what time it is then.
    async fn keep_to_turn(&mut self) -> Span {
        let now = self.node.service.now();
        let most = if self.turn.is_some() { Turns::LINE } else { Turns::FREE };
        let credit = self.credit;
        let begun = self.begun.get_or_insert_with(|| Beginning::new(now, credit));
        if now <= begun.at + most {
            return now;
        }
        self.stand_in_line().await;
        let now = self.node.service.now();
        self.begun = Some(Beginning::new(now, credit));
        now
    }

    /// A command, which is called now, meets its fate, and then the server.
    async fn meet(&mut self, line: &[Blob], now: Span) -> ControlFlow<End> {
        let met = match &mut self.wire().fates {
            Some(fates) => fates.next(&line[0], now),
            None => Vec::new(),
        };
        if !met.is_empty() || self.node.can_fail {
            self.wire().is_stuck = true;
            let done = self.meet_faults(line, &met).await;
            self.wire().is_stuck = false;
            return done;
        }
        let answer = self.execute(line, now)?;
        self.reply(answer)
    }

    async fn meet_faults(&mut self, line: &[Blob], met: &[Struck]) -> ControlFlow<End> {
        // Others have their turn while this one waits.
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

    /// Sends what can be sent now; if that is much, the rest later.
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
                self.stand_in_line().await;
            }
        }
    }

    /// Reads and forgets until the client has gone.
    async fn ignore(&mut self) {
        self.wire().forget(&self.node.service);
        self.wire().is_stuck = true;
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

    /// Holds what is kept in memory for all clients against what may be. If it is too much, the
    /// client that takes most has to go.
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

    /// To be let go of before anything is waited for.
    fn wire(&self) -> RefMut<'_, Wire> {
        self.client.wire.borrow_mut()
    }
}

/// The server forgets the client. Whoever resets all connections of a server drops them.
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

/// `POST` and `Host:`, as Redis has it: a page in somebody's browser tries to talk to a server of
/// theirs.
pub(crate) fn is_from_browser(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

/// What a client is told for whom there is no room.
pub(crate) fn refusal() -> Vec<u8> {
    let mut out = Vec::new();
    let error = ErrorReply::from_static("ERR max number of clients reached");
    encode_reply(&Reply::Error(error), Protocol::Resp2, &mut out);
    out
}
