//! The client: reads rows through a cache and updates them in the database, in a loop.
//!
//! A *read* asks a cache. A hit ends the read. On a miss the client reads the row from the
//! database. If it got a lease, it fills in the entry. If another client holds the lease, the
//! client backs off and asks again. If the cache does not reply, the client tries once more, with
//! another cache if there is one. Then it reads the row from the database and fills in nothing.
//!
//! An *update* writes the row in the database, and then invalidates the entry in all caches that
//! the client believes to be up. It is over when each of them has replied or timed out.
//!
//! An operation ends only after its last effect on caches. So if no operation is open, no client is
//! going to change an entry.

mod open;
mod plan;

use std::sync::Arc;

use history::{Action, Completion, NodeId, Observation, Value};
use scenario::work_left;
use sim::{Context, Input, Keep};

pub(crate) use self::open::{Lease, Unnamed};
use self::open::{Open, Stage};
pub use self::plan::{Kind, Plan, Work};
use crate::config::{AfterBackoff, TwoLeases, WhenUnknown, key_name};
use crate::load::Load;
use crate::route::Route;
use crate::{Answer, Call, Message, Protocol, Query, QueryResult, Ticket, Timer, Token};

pub(crate) type Cx<'a> = Context<'a, Protocol>;

/// A client.
#[derive(Clone, Debug, Hash)]
pub struct Client {
    plan: Arc<Plan>,
    route: Route,
    /// Its operations.
    load: Load,
    open: Option<Open>,
}

impl sim::Process for Client {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Message { message: Message::Work(round), .. } => self.work(cx, round),
            Input::Message { from, message: Message::Answer { ticket, answer, .. } } => {
                self.on_cache_reply(cx, from, ticket, answer);
            }
            Input::Message { message: Message::Result { ticket, result }, .. } => {
                self.on_database_reply(cx, ticket, &result);
            }
            Input::Timer(Timer::Next) => self.begin(cx),
            Input::Timer(Timer::Poll) => self.route.poll(cx, self.load.missing() > 0),
            Input::Timer(Timer::Timeout(ticket)) if self.is_current(ticket) => self.time_out(cx),
            Input::Timer(Timer::AskAgain(ticket)) if self.is_current(ticket) => self.ask_again(cx),
            Input::ConnectionLost { peer, .. } => self.lose(cx, peer),
            _ => (),
        }
    }

    /// A restarted client has forgotten its open operation, but not its task.
    fn crash(self, _: Keep) -> Client {
        Client { open: None, route: Route::new(&self.plan), ..self }
    }
}

impl Client {
    /// A client that waits for its first round.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Client {
        let route = Route::new(&plan);
        Client { plan, route, load: Load::default(), open: None }
    }

    /// Its remaining work, or `None` if it is done.
    #[must_use]
    pub fn unfinished(&self) -> Option<String> {
        match &self.open {
            Some(Open { stage: Stage::Hang, key, .. }) => {
                let entry = key_name(*key);
                Some(format!(
                    "has waited for {entry}, which no client fills in, and stopped trying"
                ))
            }
            None if self.load.missing() == 0 => None,
            _ => Some(work_left(self.load.missing(), ["operation", "operations"])),
        }
    }

    /// Whether it has done an operation, and has none open now.
    pub(crate) fn is_done_with_one(&self, of: u64) -> bool {
        self.open.is_none() && self.load.missing() < of
    }

    fn work(&mut self, cx: &mut Cx<'_>, round: u32) {
        let operations = match &self.plan.work {
            Work::Mix { operations, .. } => *operations,
            Work::Program(program) => program.len() as u64,
        };
        self.load.begin(round, operations);
        self.route.begin(cx);
        if self.open.is_none() {
            self.load.take_up(cx, self.plan.think);
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        if self.open.is_some() || self.load.missing() == 0 {
            return;
        }
        let (kind, key) = match &self.plan.work {
            Work::Program(program) => program[program.len() - self.load.missing() as usize],
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
                let cache = self.route.choose(cx, key);
                let stage = Stage::Get { cache, backoffs: 0, tries: 1 };
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

    // ---- inputs ----

    fn is_current(&self, ticket: Ticket) -> bool {
        self.open.as_ref().is_some_and(|open| open.ticket() == ticket)
    }

    fn on_cache_reply(&mut self, cx: &mut Cx<'_>, cache: NodeId, ticket: Ticket, answer: Answer) {
        if let Answer::Stats(used_memory) = answer {
            return self.route.on_reply(cache, used_memory);
        }
        let current = self.is_current(ticket);
        if let Answer::Moved(master) = answer {
            if current {
                self.follow(cx, master);
            }
            return;
        }
        if answer == Answer::CrossSlot {
            cx.mark("cross-slot");
        }
        let Some(open) = &mut self.open else { return };
        match (&mut open.stage, answer) {
            (Stage::Get { backoffs, .. }, answer) if current => {
                let backoffs = *backoffs;
                self.on_entry(cx, cache, backoffs, answer);
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

    fn on_entry(&mut self, cx: &mut Cx<'_>, cache: NodeId, backoffs: usize, answer: Answer) {
        match answer {
            Answer::Found(state) => {
                cx.mark("hit");
                self.end(cx, Completion::Ok(state));
            }
            Answer::Granted(token) => {
                cx.mark("miss");
                self.select(cx, vec![Lease { cache, token }]);
            }
            Answer::Outdated(_, Some(token)) => {
                cx.mark("miss");
                self.select(cx, vec![Lease { cache, token }]);
            }
            Answer::Outdated(state, None) => {
                cx.mark("served-outdated");
                self.end(cx, Completion::Ok(state));
            }
            Answer::Wait => {
                cx.mark("told-to-wait");
                self.wait(cx, backoffs);
            }
            _ => {
                cx.mark("cache-error");
                self.select(cx, Vec::new());
            }
        }
    }

    fn on_database_reply(&mut self, cx: &mut Cx<'_>, ticket: Ticket, result: &QueryResult) {
        let Some(open) = &self.open else { return };
        match (&open.stage, result) {
            // Later requests do not matter: the row was read for this operation.
            (Stage::Select { leases }, QueryResult::Row { state, .. })
                if open.op.ordinal == ticket.op =>
            {
                match self.usable(cx, leases) {
                    // A row that does not exist has no entry, so the client returns the lease.
                    Some(_) if *state == Observation::EMPTY => self.delete(cx, Some(*state)),
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

    /// The lease that it uses.
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

    /// A request has timed out.
    fn time_out(&mut self, cx: &mut Cx<'_>) {
        let Some(open) = &mut self.open else { return };
        open.timer = Unnamed(None);
        let key = open.key;
        match open.stage.clone() {
            Stage::Get { cache, backoffs, tries } => {
                cx.mark("cache-silent");
                self.route.fail(cx, cache);
                if tries > 1 {
                    return self.select(cx, Vec::new());
                }
                let cache = self.route.choose(cx, key);
                self.enter(Stage::Get { cache, backoffs, tries: tries + 1 });
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
                pending.iter().for_each(|cache| self.route.fail(cx, *cache));
                self.end_update(cx);
            }
            Stage::Wait { .. } | Stage::Hang => (),
        }
    }

    /// The connection to a node broke, so its reply will not come.
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
            self.time_out(cx);
        }
    }

    // ---- actions ----

    fn get(&mut self, cx: &mut Cx<'_>, cache: NodeId) {
        let Some(open) = &mut self.open else { return };
        // A token is made of the operation, so it is unique among operations. One operation may use
        // it twice.
        let token = Token(Value::of(open.op).0);
        open.call(cx, &[cache], Call::Get { token }, self.plan.timeout);
    }

    fn wait(&mut self, cx: &mut Cx<'_>, backoffs: usize) {
        let Some(open) = &mut self.open else { return };
        if let Some(span) = self.plan.backoff.get(backoffs) {
            open.stop_timer(cx);
            open.stage = Stage::Wait { backoffs: backoffs + 1 };
            let timer = cx.set_timer(*span, Timer::AskAgain(open.ticket()));
            open.timer = Unnamed(Some(timer));
            return;
        }
        cx.mark("waited-in-vain");
        match self.plan.after_backoff {
            AfterBackoff::Fill => self.select(cx, Vec::new()),
            AfterBackoff::Fail => self.end(cx, Completion::Failed),
            AfterBackoff::Hang => {
                open.stop_timer(cx);
                open.stage = Stage::Hang;
            }
        }
    }

    /// A backoff has ended, or the wait for the database.
    fn ask_again(&mut self, cx: &mut Cx<'_>) {
        let Some(open) = &mut self.open else { return };
        let key = open.key;
        match open.stage {
            Stage::Wait { backoffs } => {
                let cache = self.route.choose(cx, key);
                self.enter(Stage::Get { cache, backoffs, tries: 1 });
                self.get(cx, cache);
            }
            Stage::Select { .. } => {
                let cache = self.route.draw(cx);
                let token = Token(Value::of(open.op).0);
                let ticket = open.ticket();
                let call = Call::Get { token };
                cx.send(cache, Message::Call { ticket, key, call });
            }
            _ => (),
        }
    }

    /// The master was the wrong one, so the client asks the right one.
    fn follow(&mut self, cx: &mut Cx<'_>, master: NodeId) {
        let timeout = self.plan.timeout;
        let Some(open) = &mut self.open else { return };
        cx.mark("moved");
        self.route.learn(open.key, master);
        match &mut open.stage {
            Stage::Get { cache, .. } => {
                *cache = master;
                self.get(cx, master);
            }
            Stage::Delete { made, pending } => {
                let version = made.map(|made| made.version).unwrap_or_default();
                *pending = vec![master];
                open.call(cx, &[master], Call::Delete { version }, timeout);
            }
            // A lease is valid on the master that issued it.
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
        let ttl = self.plan.ttl.map(|ttl| cx.draw("ttl", ttl));
        let Some(open) = &mut self.open else { return };
        let Lease { cache, token } = lease;
        open.call(cx, &[cache], Call::Set { token, state, ttl }, self.plan.timeout);
    }

    fn query(&mut self, cx: &mut Cx<'_>, query: Query) {
        let Some(open) = &mut self.open else { return };
        let ticket = open.ask(cx, self.plan.timeout);
        cx.send(self.plan.database, Message::Query { ticket, query });
    }

    fn delete(&mut self, cx: &mut Cx<'_>, made: Option<Observation>) {
        let Some(open) = &self.open else { return };
        let caches = self.route.holders(cx, open.key);
        self.enter(Stage::Delete { made, pending: caches.clone() });
        let version = made.map(|made| made.version).unwrap_or_default();
        // A crash here, between the update and the invalidation, loses the invalidation.
        cx.yield_now();
        let Some(open) = &mut self.open else { return };
        open.call(cx, &caches, Call::Delete { version }, self.plan.timeout);
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
        self.route.release();
        self.load.done();
        self.load.take_up(cx, self.plan.think);
    }

    fn enter(&mut self, stage: Stage) {
        if let Some(open) = &mut self.open {
            open.stage = stage;
        }
    }
}
