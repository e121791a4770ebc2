//! The task that reads and handles the commands of one client.
//!
//! 1. A `GET` is answered from the cache only if the same client has no pending commands that could
//!    affect it. These are all other commands, and reads of the same key.
//! 2. A client that sends a command about its connection, or a blocking command, gets its own
//!    connection to the server. It first receives all replies from the shared connection. It keeps
//!    its own connection until it ends.
//! 3. A key that a pending command may write is not served from the cache.
//! 4. Some clients bypass the cache: those that are in a transaction, watch keys, have selected
//!    another database, or have logged in.

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

/// The conversation with one client.
pub(crate) struct Conversation {
    shared: Rc<Shared>,
    client: Rc<Client>,
    reader: OwnedReadHalf,
    decoder: CommandDecoder,
    /// The connection to the server that all clients share.
    common: Rc<Link>,
    /// The client's own connection to the server, if any.
    own: Option<Rc<Link>>,
    /// Whether the client bypasses the cache.
    has_left: bool,
    is_in_transaction: bool,
    /// The keys that its transaction may write.
    queued: Written,
}

/// The most pending commands of a client.
const AWAITED_MAX: usize = 4096;

/// A command that must wait until its client has its own connection.
struct NeedsOwn(Command, Vec<Blob>);

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

    /// Serves the client until either side closes the connection.
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
                // The client may still read. It gets its pending replies.
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
                    if let Some(NeedsOwn(command, line)) = self.meet(line) {
                        self.open_own().await;
                        self.ask_own(command, &line);
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
        self.flush();
        ControlFlow::Continue(())
    }

    fn drop_client(&self, why: &str) -> ControlFlow<()> {
        self.client.drop_client_for(why);
        ControlFlow::Break(())
    }

    /// Sends the commands and replies of this turn.
    fn flush(&self) {
        self.link().wake();
        self.client.flush();
    }

    fn link(&self) -> &Rc<Link> {
        self.own.as_ref().unwrap_or(&self.common)
    }

    /// Waits while the client has too many pending commands, or the link is clogged.
    async fn wait_for_room(&self) {
        if self.client.awaited() >= AWAITED_MAX {
            self.flush();
            self.client.wait_until(|client| client.awaited() < AWAITED_MAX / 2).await;
        }
        while self.link().is_clogged() {
            self.flush();
            self.link().has_room.notified().await;
        }
    }

    /// Handles a command line. Returns it if it needs the client's own connection.
    fn meet(&mut self, line: Vec<Blob>) -> Option<NeedsOwn> {
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
            Standing::Get if !self.bypasses_cache() => self.get(&line),
            _ if self.own.is_some() => self.ask_own(command, &line),
            Standing::Get | Standing::Ping | Standing::Shared => {
                self.ask(&line, Written::by(&line, command.writes));
            }
            Standing::Own | Standing::Leaves | Standing::Begins | Standing::Ends => {
                return Some(NeedsOwn(command, line));
            }
        }
        None
    }

    /// Whether the client bypasses the cache.
    fn bypasses_cache(&self) -> bool {
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
            return self.refuse_unreachable();
        }
        let ticket = cache.miss(key.clone(), now);
        drop(cache);
        self.client.await_one(true);
        self.link().send(line, read_slot(&self.client, ticket));
        // The entry must not outlive the key on the server.
        let question = [Blob::from_static("PTTL"), key.clone()];
        self.link().send(&question, Slot { client: None, purpose: Purpose::Lifetime });
    }

    fn ask(&self, line: &[Blob], written: Written) {
        if !self.link().is_up() {
            return self.refuse_unreachable();
        }
        self.shared.counters.passed_on.add(1);
        self.client.await_one(false);
        written.begin(&mut self.shared.cache.borrow_mut());
        let (client, purpose) = (Some(Rc::clone(&self.client)), Purpose::PassOn(written));
        self.link().send(line, Slot { client, purpose });
    }

    fn refuse_unreachable(&self) {
        self.shared.counters.unreachable.add(1);
        let upstream = &self.shared.options.upstream;
        let text = format!("ERR the upstream {upstream} cannot be reached: this was not executed");
        self.client.refuse(&text);
    }

    /// Passes a command on through the client's own connection, or refuses it if there is none.
    fn ask_own(&mut self, command: Command, line: &[Blob]) {
        if self.own.is_none() {
            return self.refuse_unreachable();
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

    /// Waits for all replies through the shared connection. Then opens the client's own connection,
    /// if the server is reachable.
    async fn open_own(&mut self) {
        self.flush();
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
                    tracing::debug!(why = %lost, "a client's own connection ended");
                });
            }
            Err(error) => {
                let upstream = &*self.shared.options.upstream;
                tracing::warn!(upstream, %error, "cannot open a client's own connection");
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
