//! The client: reads rows through a cache and updates them in the database, again and again.
//!
//! A *read* asks a cache. On a hit, that is it. On a miss it reads the row from the database and,
//! if it was given a lease, fills in the entry. If it is told to wait, since somebody else is about
//! to do that, it asks again after a while. If the cache does not answer, it tries once more, with
//! another cache if there is one, and then reads the row from the database and fills in nothing.
//!
//! An *update* writes the row in the database, then invalidates the entry in all caches that it
//! believes to be up, and is over when they have answered or have not for too long.
//!
//! An operation ends only when all that it does to caches is done. So if no operation is open, no
//! client is going to touch an entry.

use std::sync::Arc;

use history::{Action, Completion, Key, NodeId, Observation, OpId, Span, Value};
use sim::{Context, Delay, Input, Keep, TimerId};

use crate::config::{AfterWaits, TwoLeases, WhenUnknown};
use crate::route::Route;
use crate::{Answer, Call, Message, Query, QueryResult, Ticket, Timer, Token};

pub(crate) type Cx<'a> = Context<'a, Message, Timer>;

/// A client's surroundings, and how it deals with them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// What it does.
    pub work: Work,
    /// Where rows are.
    pub database: NodeId,
    /// Where entries are.
    pub caches: Vec<NodeId>,
    /// How long it does nothing before an operation.
    pub think: Delay,
    /// How long it waits for an answer.
    pub patience: Span,
    /// How long it waits for others to fill in an entry, each time.
    pub waits: Vec<Span>,
    /// What it does then.
    pub after_waits: AfterWaits,
    /// How long what it fills in is to stay; for ever if none.
    pub ttl: Option<Delay>,
    /// What it does about an update that may have taken effect.
    pub when_unknown: WhenUnknown,
    /// What it does with two leases.
    pub two_leases: TwoLeases,
    /// When it asks for an entry once more.
    pub ask_again: Option<Span>,
    /// How long it leaves a cache alone that did not answer.
    pub poll: Delay,
}

/// What a client does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// So many operations a round, of which so many are reads, on any of these rows.
    Mix {
        /// How many operations.
        operations: u64,
        /// How many of them are reads, in parts per million.
        reads_ppm: u32,
        /// Which rows.
        keys: Vec<Key>,
    },
    /// These operations, in order, in each round.
    Program(Vec<(Kind, Key)>),
}

/// An operation's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Through the cache.
    Read,
    /// In the database.
    Update,
}

/// A client.
#[derive(Clone, Debug, Hash)]
pub struct Client {
    plan: Arc<Plan>,
    route: Route,
    round: u32,
    /// How many operations it has still to do in this round.
    missing: u64,
    open: Option<Open>,
}

/// The operation that it is at.
#[derive(Clone, Debug, Hash)]
struct Open {
    op: OpId,
    key: Key,
    /// How many questions it has asked.
    step: u32,
    timer: Unnamed,
    stage: Stage,
}

/// What an operation waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// A cache to tell what the entry is.
    Get { cache: NodeId, waits: usize, tries: u32 },
    /// Somebody else to fill in the entry.
    Wait { waits: usize },
    /// The database to tell what the row is.
    Select { leases: Vec<Lease> },
    /// The cache to fill in the entry.
    Set { state: Observation },
    /// The database to write the row.
    Update,
    /// These caches to forget the entry, after the row was made this, if that is known.
    Delete { made: Option<Observation>, pending: Vec<NodeId> },
    /// Nothing: it has been left waiting.
    Hang,
}

/// What it may fill in an entry with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    cache: NodeId,
    token: Token,
}

/// The timer that it has set, if any. What a timer is called makes no difference to anything: two
/// states that differ in nothing else are the same.
#[derive(Clone, Copy, Debug)]
struct Unnamed(Option<TimerId>);

impl std::hash::Hash for Unnamed {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.is_some().hash(state);
    }
}

impl sim::Process for Client {
    type Message = Message;
    type Timer = Timer;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Message, Timer>) {
        match input {
            Input::Message { message: Message::Work(round), .. } => self.work(cx, round),
            Input::Message { from, message: Message::Answer { ticket, answer, .. } } => {
                self.hear_cache(cx, from, ticket, answer);
            }
            Input::Message { message: Message::Result { ticket, result }, .. } => {
                self.hear_database(cx, ticket, &result);
            }
            Input::Timer(Timer::Next) => self.begin(cx),
            Input::Timer(Timer::Poll) => self.poll(cx),
            Input::Timer(Timer::GiveUp(ticket)) if self.is_current(ticket) => self.give_up(cx),
            Input::Timer(Timer::AskAgain(ticket)) if self.is_current(ticket) => self.ask_again(cx),
            Input::ConnectionLost { peer, .. } => self.lose(cx, peer),
            _ => (),
        }
    }

    /// A client that starts again has forgotten what it was at, but not what it is to do.
    fn crash(self, _: Keep) -> Client {
        Client { open: None, route: Route::new(self.plan.caches.clone()), ..self }
    }
}

impl Client {
    /// A client that waits to be told to work.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Client {
        let route = Route::new(plan.caches.clone());
        Client { plan, route, round: 0, missing: 0, open: None }
    }

    /// What it has still to do; none if nothing.
    #[must_use]
    pub fn unfinished(&self) -> Option<String> {
        match &self.open {
            Some(Open { stage: Stage::Hang, key, .. }) => {
                Some(format!("was told to wait for {key} until it gave up"))
            }
            None if self.missing == 0 => None,
            _ => Some(format!("has {} operations to go", self.missing)),
        }
    }

    fn work(&mut self, cx: &mut Cx<'_>, round: u32) {
        if round > self.round {
            self.round = round;
            self.missing = match &self.plan.work {
                Work::Mix { operations, .. } => *operations,
                Work::Program(program) => program.len() as u64,
            };
        }
        if !self.route.failed().is_empty() {
            cx.set_timer(Span::ZERO, Timer::Poll);
        }
        self.go_on(cx);
    }

    /// Takes up the next operation after a while.
    fn go_on(&mut self, cx: &mut Cx<'_>) {
        if self.open.is_some() {
            return;
        }
        if self.missing == 0 {
            cx.mark("client-done");
        } else {
            let think = draw(cx, "think", self.plan.think);
            cx.set_timer(think, Timer::Next);
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        if self.open.is_some() || self.missing == 0 {
            return;
        }
        let (kind, key) = match &self.plan.work {
            Work::Program(program) => program[program.len() - self.missing as usize],
            Work::Mix { reads_ppm, keys, .. } => {
                let kind = match cx.choose("kind", 1_000_000) < u64::from(*reads_ppm) {
                    true => Kind::Read,
                    false => Kind::Update,
                };
                (kind, keys[cx.choose("key", keys.len() as u64) as usize])
            }
        };
        let timer = Unnamed(None);
        match kind {
            Kind::Read => {
                let op = cx.invoke(key, |_| Action::Read).op;
                let cache = self.route.choose(cx);
                let stage = Stage::Get { cache, waits: 0, tries: 1 };
                self.open = Some(Open { op, key, step: 0, timer, stage });
                self.get(cx, cache);
            }
            Kind::Update => {
                let op = cx.invoke(key, |op| Action::Write { value: Value::of(op) }).op;
                self.open = Some(Open { op, key, step: 0, timer, stage: Stage::Update });
                self.query(cx, Query::Update { key, value: Value::of(op) });
            }
        }
    }

    // ---- what it hears ----

    fn is_current(&self, ticket: Ticket) -> bool {
        self.open.as_ref().is_some_and(|open| open.ticket() == ticket)
    }

    fn hear_cache(&mut self, cx: &mut Cx<'_>, cache: NodeId, ticket: Ticket, answer: Answer) {
        if answer == Answer::Pong {
            return self.route.recover(cache);
        }
        let current = self.is_current(ticket);
        let Some(open) = &mut self.open else { return };
        match (&mut open.stage, answer) {
            (Stage::Get { waits, .. }, answer) if current => {
                let waits = *waits;
                self.hear_entry(cx, cache, waits, answer);
            }
            (Stage::Select { leases }, Answer::Granted(token)) if open.op.ordinal == ticket.op => {
                cx.mark("second-lease");
                leases.push(Lease { cache, token });
            }
            (Stage::Set { state }, answer) if current => {
                let state = *state;
                cx.mark(match answer {
                    Answer::Stored(_) => "filled",
                    Answer::Refused => "fill-refused",
                    _ => "cache-error",
                });
                self.end(cx, Completion::Ok(state));
            }
            (Stage::Delete { pending, .. }, answer) if current => {
                pending.retain(|other| *other != cache);
                let is_last = pending.is_empty();
                if !matches!(answer, Answer::Deleted(_)) {
                    cx.mark("cache-error");
                }
                if is_last {
                    cx.mark("invalidated");
                    self.end_update(cx);
                }
            }
            _ => (),
        }
    }

    fn hear_entry(&mut self, cx: &mut Cx<'_>, cache: NodeId, waits: usize, answer: Answer) {
        match answer {
            Answer::Found(state) => {
                cx.mark("hit");
                self.end(cx, Completion::Ok(state));
            }
            Answer::Granted(token) => {
                cx.mark("miss");
                self.select(cx, vec![Lease { cache, token }]);
            }
            Answer::Wait => {
                cx.mark("told-to-wait");
                self.wait(cx, waits);
            }
            _ => {
                cx.mark("cache-error");
                self.select(cx, Vec::new());
            }
        }
    }

    fn hear_database(&mut self, cx: &mut Cx<'_>, ticket: Ticket, result: &QueryResult) {
        let Some(open) = &self.open else { return };
        match (&open.stage, result) {
            // Whatever it has asked meanwhile: the row was read for this operation.
            (Stage::Select { leases }, QueryResult::Row { state, .. })
                if open.op.ordinal == ticket.op =>
            {
                let lease = self.usable(cx, leases);
                match lease {
                    Some(lease) => self.set(cx, lease, *state),
                    None => self.end(cx, Completion::Ok(*state)),
                }
            }
            (Stage::Update, QueryResult::Updated { state, .. }) if self.is_current(ticket) => {
                self.delete(cx, Some(*state));
            }
            _ => (),
        }
    }

    /// Which of its leases it uses.
    fn usable(&self, cx: &mut Cx<'_>, leases: &[Lease]) -> Option<Lease> {
        match (leases, self.plan.two_leases) {
            ([], _) => None,
            ([lease], _) => Some(*lease),
            ([.., last], TwoLeases::UseSecond) => Some(*last),
            (_, TwoLeases::Refuse) => {
                cx.mark("two-leases-refused");
                None
            }
        }
    }

    /// No answer came for too long.
    fn give_up(&mut self, cx: &mut Cx<'_>) {
        let Some(open) = &mut self.open else { return };
        open.timer = Unnamed(None);
        match open.stage.clone() {
            Stage::Get { cache, waits, tries } => {
                cx.mark("cache-silent");
                self.fail(cx, cache);
                if tries > 1 {
                    return self.select(cx, Vec::new());
                }
                let cache = self.route.choose(cx);
                self.enter(Stage::Get { cache, waits, tries: tries + 1 });
                self.get(cx, cache);
            }
            Stage::Select { .. } => self.end(cx, Completion::Unknown),
            Stage::Set { state } => {
                cx.mark("fill-lost");
                self.end(cx, Completion::Ok(state));
            }
            Stage::Update => {
                cx.mark("unknown-update");
                match self.plan.when_unknown {
                    WhenUnknown::Leave => self.end(cx, Completion::Unknown),
                    WhenUnknown::Invalidate => self.delete(cx, None),
                }
            }
            Stage::Delete { pending, .. } => {
                cx.mark("invalidation-lost");
                pending.iter().for_each(|cache| self.fail(cx, *cache));
                self.end_update(cx);
            }
            Stage::Wait { .. } | Stage::Hang => (),
        }
    }

    /// The connection to a node broke: an answer from it will not come.
    fn lose(&mut self, cx: &mut Cx<'_>, peer: NodeId) {
        let Some(open) = &self.open else { return };
        let is_waiting = match &open.stage {
            Stage::Get { cache, .. } => *cache == peer,
            Stage::Delete { pending, .. } => pending.contains(&peer),
            Stage::Select { .. } | Stage::Update => peer == self.plan.database,
            Stage::Set { .. } => peer != self.plan.database,
            Stage::Wait { .. } | Stage::Hang => false,
        };
        if is_waiting {
            self.give_up(cx);
        }
    }

    // ---- what it does ----

    fn get(&mut self, cx: &mut Cx<'_>, cache: NodeId) {
        let Some(open) = &mut self.open else { return };
        // Others make their tokens of their own operations; one operation may use one twice.
        let token = Token(Value::of(open.op).0);
        open.call(cx, &[cache], Call::Get { token }, self.plan.patience);
    }

    fn wait(&mut self, cx: &mut Cx<'_>, waits: usize) {
        let Some(open) = &mut self.open else { return };
        match (self.plan.waits.get(waits), self.plan.after_waits) {
            (Some(span), _) => {
                open.stop_timer(cx);
                open.stage = Stage::Wait { waits: waits + 1 };
                let timer = cx.set_timer(*span, Timer::AskAgain(open.ticket()));
                open.timer = Unnamed(Some(timer));
            }
            (None, AfterWaits::Fill) => self.select(cx, Vec::new()),
            (None, AfterWaits::Fail) => self.end(cx, Completion::Failed),
            (None, AfterWaits::Hang) => {
                open.stop_timer(cx);
                open.stage = Stage::Hang;
            }
        }
    }

    /// It has waited for somebody else to fill in the entry, or for the database.
    fn ask_again(&mut self, cx: &mut Cx<'_>) {
        let Some(open) = &mut self.open else { return };
        match open.stage {
            Stage::Wait { waits } => {
                let cache = self.route.choose(cx);
                self.enter(Stage::Get { cache, waits, tries: 1 });
                self.get(cx, cache);
            }
            Stage::Select { .. } => {
                let caches = self.route.live();
                let cache = caches[cx.choose("cache", caches.len() as u64) as usize];
                let token = Token(Value::of(open.op).0);
                let (ticket, key) = (open.ticket(), open.key);
                let call = Call::Get { token };
                cx.send(cache, Message::Call { ticket, key, call });
            }
            _ => (),
        }
    }

    fn select(&mut self, cx: &mut Cx<'_>, leases: Vec<Lease>) {
        self.enter(Stage::Select { leases });
        let Some(open) = &self.open else { return };
        let key = open.key;
        self.query(cx, Query::Select(key));
        if let (Some(after), Some(open)) = (self.plan.ask_again, &self.open) {
            cx.set_timer(after, Timer::AskAgain(open.ticket()));
        }
    }

    fn set(&mut self, cx: &mut Cx<'_>, lease: Lease, state: Observation) {
        self.enter(Stage::Set { state });
        let ttl = self.plan.ttl.map(|ttl| draw(cx, "ttl", ttl));
        let Some(open) = &mut self.open else { return };
        let Lease { cache, token } = lease;
        open.call(cx, &[cache], Call::Set { token, state, ttl }, self.plan.patience);
    }

    fn query(&mut self, cx: &mut Cx<'_>, query: Query) {
        let Some(open) = &mut self.open else { return };
        let ticket = open.ask(cx, self.plan.patience);
        cx.send(self.plan.database, Message::Query { ticket, query });
    }

    fn delete(&mut self, cx: &mut Cx<'_>, made: Option<Observation>) {
        let caches = self.route.live();
        self.enter(Stage::Delete { made, pending: caches.clone() });
        let version = made.map(|made| made.version).unwrap_or_default();
        // Here, between the update and the invalidation, is where a crash hurts.
        cx.yield_now();
        let Some(open) = &mut self.open else { return };
        open.call(cx, &caches, Call::Delete { version }, self.plan.patience);
    }

    fn end_update(&mut self, cx: &mut Cx<'_>) {
        let made = match &self.open {
            Some(Open { stage: Stage::Delete { made, .. }, .. }) => *made,
            _ => None,
        };
        self.end(cx, made.map_or(Completion::Unknown, Completion::Ok));
    }

    fn end(&mut self, cx: &mut Cx<'_>, completion: Completion) {
        let Some(mut open) = self.open.take() else { return };
        open.stop_timer(cx);
        cx.complete(open.op, completion);
        self.missing = self.missing.saturating_sub(1);
        self.go_on(cx);
    }

    fn enter(&mut self, stage: Stage) {
        if let Some(open) = &mut self.open {
            open.stage = stage;
        }
    }

    // ---- caches that do not answer ----

    fn fail(&mut self, cx: &mut Cx<'_>, cache: NodeId) {
        if self.route.fail(cache) {
            let poll = draw(cx, "poll", self.plan.poll);
            cx.set_timer(poll, Timer::Poll);
        }
    }

    fn poll(&mut self, cx: &mut Cx<'_>) {
        if self.route.failed().is_empty() || self.missing == 0 {
            return;
        }
        for cache in self.route.failed() {
            let (ticket, key) = (Ticket { op: u32::MAX, step: 0 }, Key(0));
            cx.send(*cache, Message::Call { ticket, key, call: Call::Ping });
        }
        let poll = draw(cx, "poll", self.plan.poll);
        cx.set_timer(poll, Timer::Poll);
    }
}

impl Open {
    fn ticket(&self) -> Ticket {
        Ticket { op: self.op.ordinal, step: self.step }
    }

    /// The next question: whoever asks it waits for so long.
    fn ask(&mut self, cx: &mut Cx<'_>, patience: Span) -> Ticket {
        self.stop_timer(cx);
        self.step += 1;
        let ticket = self.ticket();
        self.timer = Unnamed(Some(cx.set_timer(patience, Timer::GiveUp(ticket))));
        ticket
    }

    fn call(&mut self, cx: &mut Cx<'_>, caches: &[NodeId], call: Call, patience: Span) {
        let ticket = self.ask(cx, patience);
        for cache in caches {
            cx.send(*cache, Message::Call { ticket, key: self.key, call });
        }
    }

    fn stop_timer(&mut self, cx: &mut Cx<'_>) {
        if let Some(timer) = self.timer.0.take() {
            cx.cancel_timer(timer);
        }
    }
}

/// A length of time by chance.
fn draw(cx: &mut Cx<'_>, purpose: &'static str, delay: Delay) -> Span {
    match delay.max.0.saturating_sub(delay.min.0) {
        0 => delay.min,
        width => Span(delay.min.0 + cx.choose(purpose, width)),
    }
}
