//! A client that reads many rows at once: a *batch*.
//!
//! It sends the requests for all entries of the batch to one cache at once. A command has at most a
//! hundred keys, so a batch may need several commands. Commands of other clients may come between
//! them. When all replies are there, the client handles them in the order of the batch:
//!
//! 1. A read of an entry that was found is done.
//! 2. The rows of missed entries are read with one query, and filled in together, each under its
//!    own lease. The lease for a row that does not exist is returned.
//! 3. Entries that another client is filling in are requested again together, after a backoff.
//!    Before that the client fills in the entries for which it has leases, because other clients
//!    may be waiting for them.
//!
//! If the cache does not answer all requests, the client sends the rest to another cache, once.
//! Rows that are still missing then are read from the database, and not filled in. These are
//! memproxy's rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use history::{Action, Completion, Key, NodeId, Observation, OpId, Value};
use scenario::work_left;
use sim::{Context, Input, Keep};

use crate::client::{Lease, Plan, Unnamed};
use crate::config::AfterBackoff;
use crate::load::Load;
use crate::route::Route;
use crate::{Answer, Call, Message, Protocol, Query, QueryResult, Ticket, Timer, Token};

type Cx<'a> = Context<'a, Protocol>;

/// The maximum number of keys of a command.
pub const COMMAND_KEYS_MAX: usize = 100;

/// A client that reads many rows at once.
#[derive(Clone, Debug, Hash)]
pub struct BatchReader {
    plan: Arc<Plan>,
    batches: Batches,
    route: Route,
    /// Its batches.
    load: Load,
    stage: Stage,
    /// The open batch, named by its first operation.
    batch: u32,
    /// The remaining reads of the batch, in order.
    reads: Vec<Read>,
    /// The number of requests so far.
    step: u32,
    /// The requests without a reply.
    pending: Vec<(u32, NodeId)>,
    timer: Unnamed,
    /// The number of backoffs so far.
    backoffs: usize,
    nap: Nap,
}

/// The reads of a batch reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Batches {
    /// The number of batches in a round.
    pub count: u64,
    /// The number of rows in a batch.
    pub size: usize,
    /// All rows. A batch has consecutive ones.
    pub keys: Vec<Key>,
}

/// What a batch waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// To begin a batch.
    Idle,
    /// The replies of a cache, at the first or second try.
    Get { tries: u32 },
    /// The rows from the database.
    Select,
    /// The fills of caches.
    Fill,
    /// The end of a backoff.
    Nap,
    /// Nothing: the client waits forever.
    Hang,
}

/// The state of a backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Nap {
    /// No backoff.
    None,
    /// The backoff is running.
    On,
    /// The backoff is over.
    Over,
}

/// One read of a batch.
#[derive(Clone, Copy, Debug, Hash)]
struct Read {
    op: OpId,
    key: Key,
    needs: Need,
}

/// The next need of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Need {
    /// A cache's reply.
    Answer,
    /// To be handled, with this reply of a cache.
    Look(NodeId, Answer),
    /// Another client must fill in the entry.
    Others,
    /// The row, to be filled in under a lease if there is one.
    Row(Option<Lease>),
    /// A cache must store this row.
    Fill(Lease, Observation),
    /// Nothing: the read is over.
    Nothing,
}

impl sim::Process for BatchReader {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Message { message: Message::Work(round), .. } => self.work(cx, round),
            Input::Message {
                from,
                message: Message::Answer { answer: Answer::Stats(used_memory), .. },
            } => self.route.on_reply(from, used_memory),
            Input::Message { from, message: Message::Answers { ticket, answers } } => {
                self.on_cache_reply(cx, from, ticket, &answers);
            }
            Input::Message {
                message: Message::Result { ticket, result: QueryResult::Rows(rows) },
                ..
            } if self.stage == Stage::Select && ticket == self.ticket() => self.fill(cx, &rows),
            Input::Timer(Timer::Next) => self.begin(cx),
            Input::Timer(Timer::Poll) => self.route.poll(cx, self.load.missing() > 0),
            Input::Timer(Timer::Timeout(ticket)) if ticket == self.ticket() => self.time_out(cx),
            Input::Timer(Timer::AskAgain(ticket)) if ticket.op == self.batch => self.wake(cx),
            Input::ConnectionLost { peer, .. } => self.lose(cx, peer),
            _ => (),
        }
    }

    /// A restarted client keeps its task, but not its open batch.
    fn crash(self, _: Keep) -> BatchReader {
        BatchReader { load: self.load, ..BatchReader::new(self.plan, self.batches) }
    }
}

impl BatchReader {
    /// A batch reader that waits for its first round.
    #[must_use]
    pub fn new(plan: Arc<Plan>, batches: Batches) -> BatchReader {
        BatchReader {
            route: Route::new(&plan),
            plan,
            batches,
            load: Load::default(),
            stage: Stage::Idle,
            batch: 0,
            reads: Vec::new(),
            step: 0,
            pending: Vec::new(),
            timer: Unnamed(None),
            backoffs: 0,
            nap: Nap::None,
        }
    }

    /// Its remaining work, or `None` if it is done.
    #[must_use]
    pub fn unfinished(&self) -> Option<String> {
        match (self.stage, self.load.missing()) {
            (Stage::Hang, _) => Some("has waited for entries and stopped trying".to_owned()),
            (_, 0) => None,
            (_, missing) => Some(work_left(missing, ["batch", "batches"])),
        }
    }

    fn work(&mut self, cx: &mut Cx<'_>, round: u32) {
        self.load.begin(round, self.batches.count);
        self.route.begin(cx);
        if self.stage == Stage::Idle {
            self.load.take_up(cx, self.plan.think);
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        if self.stage != Stage::Idle || self.load.missing() == 0 {
            return;
        }
        let Batches { keys, size, .. } = &self.batches;
        let first = cx.choose("batch", keys.len() as u64) as usize;
        let keys = keys.iter().cycle().skip(first).take(*size);
        let read = |key: &Key| {
            let op = cx.invoke(*key, |_| Action::Read).op;
            Read { op, key: *key, needs: Need::Answer }
        };
        self.reads = keys.map(read).collect();
        self.batch = self.reads.first().map_or(0, |read| read.op.ordinal);
        (self.step, self.backoffs, self.nap) = (0, 0, Nap::None);
        self.get(cx, 1);
    }

    // ---- the stages ----

    /// Requests all entries without a reply from a cache.
    fn get(&mut self, cx: &mut Cx<'_>, tries: u32) {
        let asked = self.reads.iter().filter(|read| read.needs == Need::Answer);
        let get = |read: &Read| (read.key, Call::Get { token: Token(Value::of(read.op).0) });
        let calls: Vec<(Key, Call)> = asked.map(get).collect();
        let Some((first, _)) = calls.first() else { return };
        let cache = self.route.choose(cx, *first);
        self.stage = Stage::Get { tries };
        self.call(cx, vec![(cache, calls)]);
    }

    /// Handles the replies, in the order of the batch.
    fn look(&mut self, cx: &mut Cx<'_>) {
        for place in 0..self.reads.len() {
            let read = self.reads[place];
            self.reads[place].needs = self.look_at(cx, read);
        }
        if let Some(span) = self.plan.backoff.get(self.backoffs)
            && self.reads.iter().any(|read| read.needs == Need::Others)
        {
            self.backoffs += 1;
            self.nap = Nap::On;
            cx.set_timer(*span, Timer::AskAgain(self.ticket()));
        }
        self.select(cx);
    }

    fn look_at(&self, cx: &mut Cx<'_>, read: Read) -> Need {
        let Need::Look(cache, answer) = read.needs else {
            cx.mark("cache-error");
            return Need::Row(None);
        };
        match answer {
            Answer::Found(state) => {
                cx.mark("hit");
                complete(cx, read, Completion::Ok(state))
            }
            Answer::Outdated(state, None) => {
                cx.mark("served-outdated");
                complete(cx, read, Completion::Ok(state))
            }
            Answer::Granted(token) | Answer::Outdated(_, Some(token)) => {
                cx.mark("miss");
                Need::Row(Some(Lease { cache, token }))
            }
            Answer::Wait => {
                cx.mark("told-to-wait");
                if self.backoffs < self.plan.backoff.len() {
                    return Need::Others;
                }
                cx.mark("waited-in-vain");
                match self.plan.after_backoff {
                    AfterBackoff::Hang => Need::Others,
                    AfterBackoff::Fill => Need::Row(None),
                    AfterBackoff::Fail => complete(cx, read, Completion::Failed),
                }
            }
            _ => {
                cx.mark("cache-error");
                Need::Row(None)
            }
        }
    }

    /// Reads the needed rows with one query.
    fn select(&mut self, cx: &mut Cx<'_>) {
        let needed = self.reads.iter().filter(|read| matches!(read.needs, Need::Row(_)));
        let keys: Vec<Key> = needed.map(|read| read.key).collect();
        if keys.is_empty() {
            return self.rest(cx);
        }
        self.stage = Stage::Select;
        self.step += 1;
        let message = Message::Query { ticket: self.ticket(), query: Query::SelectMany(keys) };
        cx.send(self.plan.database, message);
        self.start_timeout(cx);
    }

    /// Fills in the rows for which it has leases.
    fn fill(&mut self, cx: &mut Cx<'_>, rows: &[(Key, Observation)]) {
        let mut pipelines: BTreeMap<NodeId, [Vec<(Key, Call)>; 2]> = BTreeMap::new();
        for read in &mut self.reads {
            let Need::Row(lease) = read.needs else { continue };
            let row = rows.iter().find(|(key, _)| *key == read.key).map(|(_, state)| *state);
            let (Some(state), Some(lease)) = (row, lease) else {
                read.needs = complete(cx, *read, row.map_or(Completion::Unknown, Completion::Ok));
                continue;
            };
            read.needs = Need::Fill(lease, state);
            let [sets, deletes] = pipelines.entry(lease.cache).or_default();
            if state == Observation::EMPTY {
                deletes.push((read.key, Call::Delete { version: state.version }));
            } else {
                let ttl = self.plan.ttl.map(|ttl| cx.draw("ttl", ttl));
                sets.push((read.key, Call::Set { token: lease.token, state, ttl }));
            }
        }
        if pipelines.is_empty() {
            return self.rest(cx);
        }
        if pipelines.values().any(|[sets, _]| sets.len() > 1) {
            cx.mark("filled-together");
        }
        self.stage = Stage::Fill;
        let of_one = |(cache, calls): (NodeId, [_; 2])| calls.map(|calls| (cache, calls));
        self.call(cx, pipelines.into_iter().flat_map(of_one).collect());
    }

    /// Ends the batch, or waits for other clients.
    fn rest(&mut self, cx: &mut Cx<'_>) {
        self.reads.retain(|read| read.needs != Need::Nothing);
        self.route.release();
        match (self.reads.is_empty(), self.nap) {
            (true, _) => {
                self.stage = Stage::Idle;
                self.load.done();
                self.load.take_up(cx, self.plan.think);
            }
            (false, Nap::None) => self.stage = Stage::Hang,
            (false, Nap::On) => self.stage = Stage::Nap,
            (false, Nap::Over) => self.ask_again(cx),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>) {
        self.nap = Nap::Over;
        if self.stage == Stage::Nap {
            self.ask_again(cx);
        }
    }

    /// A backoff has ended.
    fn ask_again(&mut self, cx: &mut Cx<'_>) {
        if self.reads.len() > 1 {
            cx.mark("waited-together");
        }
        self.nap = Nap::None;
        self.reads.iter_mut().for_each(|read| read.needs = Need::Answer);
        self.get(cx, 1);
    }

    // ---- requests and replies ----

    fn ticket(&self) -> Ticket {
        Ticket { op: self.batch, step: self.step }
    }

    /// Sends requests to caches, in commands that go out together.
    fn call(&mut self, cx: &mut Cx<'_>, pipelines: Vec<(NodeId, Vec<(Key, Call)>)>) {
        for (cache, calls) in pipelines {
            if calls.len() > COMMAND_KEYS_MAX {
                cx.mark("batch-split");
            }
            for calls in calls.chunks(COMMAND_KEYS_MAX) {
                self.step += 1;
                self.pending.push((self.step, cache));
                let message = Message::Calls { ticket: self.ticket(), calls: calls.to_vec() };
                cx.send(cache, message);
            }
        }
        self.start_timeout(cx);
    }

    fn start_timeout(&mut self, cx: &mut Cx<'_>) {
        self.stop_timer(cx);
        let timer = cx.set_timer(self.plan.timeout, Timer::Timeout(self.ticket()));
        self.timer = Unnamed(Some(timer));
    }

    fn stop_timer(&mut self, cx: &mut Cx<'_>) {
        if let Some(timer) = self.timer.0.take() {
            cx.cancel_timer(timer);
        }
    }

    fn on_cache_reply(
        &mut self,
        cx: &mut Cx<'_>,
        cache: NodeId,
        ticket: Ticket,
        answers: &[(Key, Answer)],
    ) {
        let pending = self.pending.iter().position(|asked| *asked == (ticket.step, cache));
        let Some(place) = pending.filter(|_| ticket.op == self.batch) else { return };
        self.pending.remove(place);
        for (key, answer) in answers {
            let Some(read) = self.reads.iter_mut().find(|read| read.key == *key) else { continue };
            match (read.needs, answer) {
                (Need::Answer, answer) => read.needs = Need::Look(cache, *answer),
                (Need::Fill(_, state), answer) => {
                    cx.mark(match answer {
                        Answer::Stored(_) => "filled",
                        Answer::Refused => "fill-refused",
                        Answer::Deleted(_) => "invalidated",
                        _ => "cache-error",
                    });
                    read.needs = complete(cx, *read, Completion::Ok(state));
                }
                _ => (),
            }
        }
        if self.pending.is_empty() {
            self.stop_timer(cx);
            match self.stage {
                Stage::Get { .. } => self.look(cx),
                _ => self.rest(cx),
            }
        }
    }

    /// A request has timed out.
    fn time_out(&mut self, cx: &mut Cx<'_>) {
        self.timer = Unnamed(None);
        let silent = std::mem::take(&mut self.pending);
        match self.stage {
            Stage::Get { tries } => {
                cx.mark("cache-silent");
                silent.iter().for_each(|(_, cache)| self.route.fail(cx, *cache));
                if tries > 1 { self.look(cx) } else { self.get(cx, tries + 1) }
            }
            Stage::Select => self.fill(cx, &[]),
            Stage::Fill => {
                cx.mark("fill-lost");
                for read in &mut self.reads {
                    if let Need::Fill(_, state) = read.needs {
                        read.needs = complete(cx, *read, Completion::Ok(state));
                    }
                }
                self.rest(cx);
            }
            Stage::Idle | Stage::Nap | Stage::Hang => (),
        }
    }

    /// The connection to a node broke, so its reply will not come.
    fn lose(&mut self, cx: &mut Cx<'_>, peer: NodeId) {
        let is_asked = self.pending.iter().any(|(_, cache)| *cache == peer);
        if is_asked || (self.stage == Stage::Select && peer == self.plan.database) {
            self.stop_timer(cx);
            self.time_out(cx);
        }
    }
}

fn complete(cx: &mut Cx<'_>, read: Read, completion: Completion) -> Need {
    cx.complete(read.op, completion);
    Need::Nothing
}
