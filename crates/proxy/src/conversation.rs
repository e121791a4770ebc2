//! What one client says, and what is done about it.
//!
//! 1. A `GET` is answered from the cache only if nothing that the same client has under way could
//!    make a difference to it: no other command, and no read of the same key.
//! 2. A client that says something of its connection, or that waits, gets a connection to the
//!    server of its own, once it has all replies that come through the one that all share. It keeps
//!    it.
//! 3. What is being written is not served from the cache.
//! 4. A client that is in a transaction, watches keys, has selected another database or logged in
//!    reads nothing from the cache, and what it reads is not kept.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::rc::Rc;

use lru_proxy::{Command, Standing};
use redis::Blob;
use redis::resp::{CommandDecoder, ProtocolError};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::task::{spawn_local, yield_now};

use crate::client::Client;
use crate::link::{Link, read_once, read_slot};
use crate::shared::Shared;
use crate::slot::{Purpose, Slot};
use crate::written::Written;

/// A client's side of what is said.
pub(crate) struct Conversation {
    shared: Rc<Shared>,
    client: Rc<Client>,
    reader: OwnedReadHalf,
    decoder: CommandDecoder,
    /// The connection to the server that all clients share.
    common: Rc<Link>,
    /// The one that this client has for itself.
    own: Option<Rc<Link>>,
    /// What it reads holds for it only.
    has_left: bool,
    is_in_transaction: bool,
    /// What its transaction is going to write.
    queued: Written,
}

/// A client may have so many commands under way.
const AWAITED_MAX: usize = 4096;

/// A command that has to wait until its client has a connection of its own.
struct Alone(Command, Vec<Blob>);

impl Conversation {
    pub(crate) fn new(shared: &Rc<Shared>, common: &Rc<Link>, stream: TcpStream) -> Conversation {
        let (reader, writer) = stream.into_split();
        Conversation {
            client: Client::new(shared, writer),
            decoder: CommandDecoder::new(shared.options.limits),
            shared: Rc::clone(shared),
            common: Rc::clone(common),
            reader,
            own: None,
            has_left: false,
            is_in_transaction: false,
            queued: Written::Nothing,
        }
    }

    /// Serves the client until one of both has enough.
    pub(crate) async fn run(mut self) {
        while !(self.client.is_closed() || self.client.is_ending() && self.client.is_done()) {
            let unsent = self.client.has_unsent();
            tokio::select! {
                ready = self.reader.readable(), if !self.client.is_ending() => {
                    if ready.is_err() || self.receive().await.is_break() {
                        self.client.close();
                    }
                }
                () = self.client.progress.notified() => {}
                () = self.client.send_more(), if unsent => yield_now().await,
            }
        }
    }

    async fn receive(&mut self) -> ControlFlow<()> {
        let mut buffer = self.shared.buffers.take();
        let done = match read_once(&mut self.reader, &mut buffer) {
            Ok(0) => {
                // It may still read: it gets the replies that it waits for.
                self.client.end();
                if let Some(own) = &self.own {
                    own.end();
                }
                ControlFlow::Continue(())
            }
            Ok(len) => self.take(&buffer[..len]).await,
            Err(error) if error.kind() == ErrorKind::WouldBlock => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        self.shared.buffers.give_back(buffer);
        done
    }

    async fn take(&mut self, mut input: &[u8]) -> ControlFlow<()> {
        loop {
            match self.decoder.decode(&mut input) {
                Ok(Some(line)) => {
                    if let Some(Alone(command, line)) = self.meet(line) {
                        self.get_own().await;
                        self.ask_alone(command, &line);
                    }
                }
                Ok(None) => break,
                Err(ProtocolError::Refused(error)) => {
                    self.shared.counters.protocol_errors.add(1);
                    self.client.refuse(&error.to_string());
                    self.client.end();
                    break;
                }
                Err(ProtocolError::TooMuch) => return self.drop_client("its command is too large"),
            }
            if self.client.is_ending() {
                break;
            }
            if self.client.is_closed() {
                return ControlFlow::Break(());
            }
            self.wait_for_room().await;
        }
        self.client.pending.set(self.decoder.pending());
        self.hand_over();
        ControlFlow::Continue(())
    }

    fn drop_client(&self, why: &str) -> ControlFlow<()> {
        self.client.drop_it(why);
        ControlFlow::Break(())
    }

    /// What was said is done, or on its way.
    fn hand_over(&self) {
        self.link().wake();
        self.client.flush();
    }

    fn link(&self) -> &Rc<Link> {
        self.own.as_ref().unwrap_or(&self.common)
    }

    /// A client that asks for more than the server gives has to wait.
    async fn wait_for_room(&self) {
        if self.client.awaited() >= AWAITED_MAX {
            self.hand_over();
            self.client.wait_until(|client| client.awaited() < AWAITED_MAX / 2).await;
        }
        while self.link().is_clogged() {
            self.hand_over();
            self.link().has_room.notified().await;
        }
    }

    /// Does what a command line says, or says that it takes a connection of its own.
    fn meet(&mut self, line: Vec<Blob>) -> Option<Alone> {
        let command = Command::of(&line);
        let counters = &self.shared.counters;
        match command.standing {
            Standing::Refused(why) => {
                counters.refused.add(1);
                self.client.refuse(why);
            }
            Standing::Quit => {
                self.client.answer(|out| out.extend_from_slice(b"+OK\r\n"));
                self.client.end();
            }
            Standing::Ping if !self.is_in_transaction => match line.get(1) {
                Some(text) => self.client.answer_bulk(text),
                None => self.client.answer(|out| out.extend_from_slice(b"+PONG\r\n")),
            },
            Standing::Get if !self.is_apart() => self.get(&line),
            _ if self.own.is_some() => self.ask_alone(command, &line),
            Standing::Get | Standing::Ping | Standing::Shared => {
                self.ask(&line, Written::by(&line, command.writes));
            }
            Standing::Own | Standing::Leaves | Standing::Begins | Standing::Ends => {
                return Some(Alone(command, line));
            }
        }
        None
    }

    /// Whether the cache is none of its business.
    fn is_apart(&self) -> bool {
        self.has_left || self.is_in_transaction
    }

    fn get(&mut self, line: &[Blob]) {
        let (key, now) = (&line[1], self.shared.now());
        let mut cache = self.shared.cache.borrow_mut();
        let awaited = self.client.awaited();
        let is_free = awaited == 0 || (self.client.others() == 0 && !cache.is_asked_for(key));
        if is_free && let Some(value) = cache.get(key, now) {
            self.client.answer_bulk(value);
            self.shared.counters.hit();
            return;
        }
        self.shared.counters.misses.add(1);
        if !self.link().is_up() {
            drop(cache);
            return self.tell_unreachable();
        }
        let ticket = cache.miss(key.clone(), now);
        drop(cache);
        self.client.await_one(true);
        self.link().send(line, read_slot(&self.client, ticket));
        // What expires there is not to live on here.
        let question = [Blob::from_static("PTTL"), key.clone()];
        self.link().send(&question, Slot { client: None, purpose: Purpose::Lifetime });
    }

    fn ask(&self, line: &[Blob], written: Written) {
        if !self.link().is_up() {
            return self.tell_unreachable();
        }
        self.shared.counters.passed_on.add(1);
        self.client.await_one(false);
        written.begin(&mut self.shared.cache.borrow_mut());
        let (client, purpose) = (Some(Rc::clone(&self.client)), Purpose::PassOn(written));
        self.link().send(line, Slot { client, purpose });
    }

    fn tell_unreachable(&self) {
        self.shared.counters.unreachable.add(1);
        let upstream = &self.shared.options.upstream;
        let text = format!("ERR the upstream {upstream} cannot be reached: this was not executed");
        self.client.refuse(&text);
    }

    /// Passes a command on through the client's own connection, if there is one by now.
    fn ask_alone(&mut self, command: Command, line: &[Blob]) {
        if self.own.is_none() {
            return self.tell_unreachable();
        }
        let mut written = Written::by(line, command.writes);
        match command.standing {
            Standing::Leaves => self.has_left = true,
            Standing::Begins => self.is_in_transaction = true,
            Standing::Ends => {
                self.is_in_transaction = false;
                written = std::mem::take(&mut self.queued);
            }
            _ if self.is_in_transaction => self.queued.add(&written),
            _ => {}
        }
        self.ask(line, written);
    }

    /// Waits for all replies through the connection that all share, and then connects for this
    /// client alone, if the server is there.
    async fn get_own(&mut self) {
        self.hand_over();
        self.client.wait_until(|client| client.awaited() == 0).await;
        if !self.common.is_up() || self.client.is_closed() {
            return;
        }
        match Link::connect(&self.shared).await {
            Ok(stream) => {
                let link = Link::new(&self.shared, Some(Rc::clone(&self.client)));
                self.own = Some(Rc::clone(&link));
                let shared = Rc::clone(&self.shared);
                shared.counters.own_connections.add(1);
                spawn_local(async move {
                    let lost = link.serve(stream).await;
                    tracing::debug!(why = %lost, "a connection for one client ended");
                });
            }
            Err(error) => {
                let upstream = &*self.shared.options.upstream;
                tracing::warn!(upstream, %error, "cannot connect for one client");
            }
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.client.close();
        if let Some(own) = &self.own {
            own.end();
        }
    }
}
