//! Every order of events, for two clients and one row: a small-scope exhaustive check.
//!
//! It explores the same state space as tla-cache, a TLA+ model of these protocols: clients that
//! choose to read or to update, one after the other; a row that is created at some moment; an entry
//! that the environment fills in at some moment. But it runs the real code: the processes of this
//! crate, and the scripts on a Redis server in memory. Messages arrive in every order.
//!
//! A state's fingerprint omits everything that does not affect later steps: clocks stand still, and
//! connections and timers have no ids. Operations are bounded, so the number of states is finite.
//!
//! What must hold: whenever no client has an open operation, the entry is absent or equals the row.
//!
//! ```
//! use lease::Discipline;
//! use lease::small_scope::{Model, explore};
//!
//! let explored = explore(&Model::new(Discipline::None));
//! assert_eq!(explored.shortest.map(|steps| steps.len()), Some(6), "a stale set");
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use history::{Key, NodeId, Observation, OpId, Span, Value};
use redis_node::ServerConfig;
use sim::{Delay, Effect, Input, Keep, Process, Sandbox};
use xxhash_rust::xxh3::Xxh3;

use crate::cache::Cache;
use crate::client::{Client, Plan, Work};
use crate::config::{AfterBackoff, AtStart, Topology, TwoLeases, Weights, WhenUnknown};
use crate::database::Database;
use crate::dialect::{Dialect, Rules};
use crate::{
    Answer, Call, Discipline, Message, Protocol, Query, QueryResult, Ticket, Timer, Token,
};

const DATABASE: NodeId = NodeId(0);
const CACHE: NodeId = NodeId(1);
const FIRST_CLIENT: u16 = 2;
const KEY: Key = Key(0);

/// The explored model.
#[derive(Clone, Debug)]
pub struct Model {
    /// The rules for leases.
    pub discipline: Discipline,
    /// The number of clients.
    pub clients: u16,
    /// The number of operations of each client.
    pub operations: u64,
    /// Whether an invalidation may be lost.
    pub loses_invalidations: bool,
    /// The number of times that the cache may restart empty.
    pub wipes: u32,
    /// The part of the state space that is explored.
    pub extent: Extent,
}

/// The part of a state space to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All states.
    All,
    /// The states that are no further away than the nearest outdated one.
    ToTheFirst,
}

/// The result of an exploration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explored {
    /// The number of states.
    pub states: usize,
    /// The number of states without an open operation in which the entry is outdated.
    pub violating: usize,
    /// The shortest trace to one of these. A step is the arrival of a message at the database or
    /// the cache. A client's own actions are not steps.
    pub shortest: Option<Vec<String>>,
}

impl Model {
    /// Two clients with one operation each, and no faults.
    #[must_use]
    pub fn new(discipline: Discipline) -> Model {
        let extent = Extent::All;
        Model {
            discipline,
            clients: 2,
            operations: 1,
            loses_invalidations: false,
            wipes: 0,
            extent,
        }
    }
}

/// Explores all states.
#[must_use]
pub fn explore(model: &Model) -> Explored {
    let first = State::new(model);
    let mut found: BTreeMap<u128, Found> = BTreeMap::new();
    let mut queue = VecDeque::from([(first.fingerprint(), first.clone(), 0)]);
    found.insert(first.fingerprint(), Found { steps: 0, from: None });
    let mut explored = Explored { states: 0, violating: 0, shortest: None };
    // States are visited in order of distance. Transitions that are not steps go to the front.
    while let Some((name, state, steps)) = queue.pop_front() {
        if found[&name].steps != steps {
            continue;
        }
        explored.states += 1;
        if state.is_violating(model) {
            explored.violating += 1;
            explored.shortest.get_or_insert_with(|| trace(&found, name));
            if model.extent == Extent::ToTheFirst {
                break;
            }
        }
        for (step, next) in state.successors(model) {
            let next_name = next.fingerprint();
            let next_steps = steps + u32::from(step.is_some());
            if found.get(&next_name).is_some_and(|known| known.steps <= next_steps) {
                continue;
            }
            let is_step = step.is_some();
            let from = Some((name, step));
            found.insert(next_name, Found { steps: next_steps, from });
            match is_step {
                true => queue.push_back((next_name, next, next_steps)),
                false => queue.push_front((next_name, next, next_steps)),
            }
        }
    }
    explored
}

/// The way to a state.
struct Found {
    /// The number of steps.
    steps: u32,
    /// The previous state, and the step, if the transition was one.
    from: Option<(u128, Option<String>)>,
}

fn trace(found: &BTreeMap<u128, Found>, mut name: u128) -> Vec<String> {
    let mut steps = Vec::new();
    while let Some((before, step)) = &found[&name].from {
        steps.extend(step.clone());
        name = *before;
    }
    steps.reverse();
    steps
}

/// All nodes, and the messages and timers in flight.
#[derive(Clone)]
struct State {
    database: Database,
    cache: Cache,
    clients: Vec<(Client, Sandbox<Protocol>)>,
    /// Messages and timers by sender and receiver. There is at most one for each pair, because a
    /// client has one open request at a time.
    messages: BTreeMap<(NodeId, NodeId), Message>,
    timers: BTreeMap<NodeId, Timer>,
    wipes: u32,
}

impl State {
    fn new(model: &Model) -> State {
        let dialect = Dialect::new(Rules::of(model.discipline), &["row".to_owned()]);
        let (server, at_start) = (ServerConfig::default(), AtStart::Serve);
        let at_once = Delay::default();
        let plan = Arc::new(Plan {
            work: Work::Mix { operations: model.operations, reads_ppm: 500_000, keys: vec![KEY] },
            database: DATABASE,
            caches: vec![CACHE],
            topology: Topology::Replicas,
            weights: Weights::Equal,
            think: at_once,
            timeout: Span(1),
            backoff: vec![Span(1); 2],
            after_backoff: AfterBackoff::Fill,
            ttl: None,
            when_unknown: WhenUnknown::Leave,
            two_leases: TwoLeases::Refuse,
            ask_again: None,
            poll: at_once,
        });
        let mut state = State {
            database: Database::new(false, Span::ZERO),
            cache: Cache::new(server, Arc::new(dialect), at_start),
            clients: Vec::new(),
            messages: BTreeMap::new(),
            timers: BTreeMap::new(),
            wipes: model.wipes,
        };
        for number in 0..model.clients {
            let me = NodeId(FIRST_CLIENT + number);
            let mut sandbox = Sandbox::default();
            sandbox.me = me;
            state.clients.push((Client::new(Arc::clone(&plan)), sandbox));
            let message = Message::Work(1);
            state.hand(me, Input::Message { from: NodeId::WORLD, message }, Vec::new());
        }
        state
    }

    fn fingerprint(&self) -> u128 {
        let mut hasher = Xxh3::new();
        self.database.hash(&mut hasher);
        // The whole cache, without the ids of its connections.
        self.cache.server().database().hash(&mut hasher);
        self.clients.iter().for_each(|(client, _)| client.hash(&mut hasher));
        self.messages.hash(&mut hasher);
        self.timers.hash(&mut hasher);
        hasher.write_u32(self.wipes);
        hasher.digest128()
    }

    /// Whether all clients are done, and the entry is outdated. As in the model, a client that has
    /// not begun is not done.
    fn is_violating(&self, model: &Model) -> bool {
        let is_done = |(client, _): &(Client, _)| client.is_done_with_one(model.operations);
        let entry = self.cache.entry(KEY);
        self.clients.iter().all(is_done) && entry.is_some_and(|e| e != self.database.row(KEY))
    }

    /// The next states. A transition that counts as a step has a sentence.
    fn successors(&self, model: &Model) -> Vec<(Option<String>, State)> {
        let mut next = Vec::new();
        for (&(from, to), message) in &self.messages {
            let mut state = self.clone();
            state.messages.remove(&(from, to));
            if to == DATABASE || to == CACHE {
                let step = state.serve(from, to, message.clone());
                next.push((Some(step), state));
            } else {
                let message = message.clone();
                state.hand(to, Input::Message { from, message }, Vec::new());
                next.push((None, state));
            }
            if let Message::Call { ticket, call: Call::Delete { .. }, .. } = message
                && model.loses_invalidations
            {
                let mut state = self.clone();
                state.messages.remove(&(from, to));
                state.hand(from, Input::Timer(Timer::Timeout(*ticket)), Vec::new());
                next.push((Some(format!("{}'s invalidation is lost", name(from))), state));
            }
        }
        for (&node, timer) in &self.timers {
            // A client that begins an operation chooses a read or an update.
            let answers: &[u64] = if *timer == Timer::Next { &[0, 999_999] } else { &[0] };
            for answer in answers {
                let mut state = self.clone();
                state.timers.remove(&node);
                state.hand(node, Input::Timer(timer.clone()), vec![*answer]);
                next.push((None, state));
            }
        }
        next.extend(self.environment_faults());
        next
    }

    /// The transitions of the environment.
    fn environment_faults(&self) -> Vec<(Option<String>, State)> {
        let mut next = Vec::new();
        let (row, entry) = (self.database.row(KEY), self.cache.entry(KEY));
        let world = NodeId::WORLD;
        if row == Observation::EMPTY && entry.is_none() {
            let mut state = self.clone();
            let value = Value::of(OpId { client: world, ordinal: 0 });
            let query = Query::Update { key: KEY, value };
            let ticket = Ticket { op: 0, step: 0 };
            state.serve(world, DATABASE, Message::Query { ticket, query });
            next.push((Some("the row comes into being".to_owned()), state));
        }
        if row != Observation::EMPTY && entry.is_none() {
            let mut state = self.clone();
            state.cache.preload(KEY, row);
            next.push((Some("the entry is filled in from the row".to_owned()), state));
        }
        if self.wipes > 0 {
            let mut state = self.clone();
            state.wipes -= 1;
            state.cache = state.cache.crash(Keep::Nothing);
            next.push((Some("the cache restarts with nothing".to_owned()), state));
        }
        next
    }

    /// Delivers a message to the database or the cache, which replies. Returns the step as a
    /// sentence.
    fn serve(&mut self, from: NodeId, to: NodeId, message: Message) -> String {
        let mut sandbox = Sandbox::default();
        sandbox.me = to;
        let asked = message.clone();
        let input = Input::Message { from, message };
        match to == DATABASE {
            true => self.database.handle(&mut sandbox.context(), input),
            false => self.cache.handle(&mut sandbox.context(), input),
        }
        let mut said = String::new();
        for effect in sandbox.take_effects() {
            if let Effect::Send { to: client, message } = effect {
                said = format!("{} {}", name(from), words(&asked, &message));
                if client != NodeId::WORLD {
                    self.messages.insert((to, client), message);
                }
            }
        }
        said
    }

    /// Gives a client an input. Its questions of chance get these answers.
    fn hand(&mut self, node: NodeId, input: Input<Protocol>, answers: Vec<u64>) {
        let place = usize::from(node.0 - FIRST_CLIENT);
        let Some((client, sandbox)) = self.clients.get_mut(place) else { return };
        sandbox.answers = answers;
        client.handle(&mut sandbox.context(), input);
        for effect in sandbox.take_effects() {
            match effect {
                Effect::Send { to, message } => {
                    self.messages.insert((node, to), message);
                }
                // A client times out only when what it waits for is lost.
                Effect::SetTimer { timer: Timer::Timeout(_), .. } => (),
                Effect::SetTimer { timer, .. } => {
                    self.timers.insert(node, timer);
                }
                _ => (),
            }
        }
    }
}

fn name(node: NodeId) -> String {
    match node.0.checked_sub(FIRST_CLIENT - 1) {
        Some(number) => format!("c{number}"),
        None => node.to_string(),
    }
}

/// The sentence for a request and its reply.
fn words(asked: &Message, answered: &Message) -> String {
    match (asked, answered) {
        (Message::Query { .. }, Message::Result { result, .. }) => match result {
            QueryResult::Row { state, .. } => format!("reads the row: {}", state.version),
            QueryResult::Updated { state, .. } => format!("updates the row: {}", state.version),
            _ => "uses the outbox".to_owned(),
        },
        (_, Message::Answer { answer, .. }) => match answer {
            Answer::Found(state) => format!("reads the entry: {}", state.version),
            Answer::Granted(Token(_)) => "misses the entry".to_owned(),
            Answer::Outdated(state, None) => format!("gets the outdated {}", state.version),
            Answer::Outdated(_, Some(_)) => "misses the entry".to_owned(),
            Answer::Wait => "must wait for the entry".to_owned(),
            Answer::Stored(state) => format!("fills in the entry: {}", state.version),
            Answer::Refused => "may not fill in the entry".to_owned(),
            Answer::Deleted(_) => "invalidates the entry".to_owned(),
            _ => "gets no answer from the cache".to_owned(),
        },
        _ => "does nothing".to_owned(),
    }
}
