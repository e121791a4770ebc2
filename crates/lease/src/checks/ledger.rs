//! The history of entries and rows. The story of a violation uses it to show which client put an
//! outdated row into a cache, and why no client removed it.

use std::collections::{BTreeMap, VecDeque};

use history::{Key, Names, NodeId, Observation, Time, Version};
use sim::{Command, Event, Fate, Keep, Kind, Loss, MessageId};

use crate::{Answer, Call, Message, Protocol, QueryResult};

/// The history of entries and rows. Its memory is bounded by the numbers of nodes, keys and
/// invalidations in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The last version of a row that each client got from the database.
    selected: BTreeMap<(NodeId, Key), (Time, Observation)>,
    /// The last updates of a row: the client, and the new version.
    updated: BTreeMap<Key, VecDeque<(Time, NodeId, Version)>>,
    /// The last fills of an entry of a cache.
    filled: BTreeMap<(NodeId, Key), VecDeque<Fill>>,
    /// The last invalidation of an entry that reached a cache.
    forgotten: BTreeMap<(NodeId, Key), (Time, NodeId)>,
    /// The last invalidation of an entry that did not reach a cache.
    lost: BTreeMap<(NodeId, Key), (Time, NodeId, Loss)>,
    under_way: BTreeMap<MessageId, (NodeId, Vec<Key>)>,
    /// The last crashes of a node, and what it kept.
    crashed: BTreeMap<NodeId, VecDeque<(Time, Keep)>>,
}

/// The number of remembered updates of a row, fills of an entry, and crashes of a node.
const REMEMBERED_MAX: usize = 16;

/// The fill of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    cache: NodeId,
    key: Key,
    at: Time,
    client: NodeId,
    state: Observation,
    /// The time at which the client got the row.
    selected: Option<Time>,
}

impl Ledger {
    pub(crate) fn event(&mut self, event: &Event<Protocol>) {
        let (at, node) = (event.at, event.node);
        match &event.kind {
            Kind::Send { to, id, fate, message, .. } => {
                self.sent(at, node, *to, *id, *fate, message)
            }
            Kind::Deliver { id, .. } => {
                self.under_way.remove(id);
            }
            Kind::Lose { from, id, why } => self.lose(at, *from, *id, *why),
            Kind::Nemesis(Command::Crash { node, keep }) => {
                remember(self.crashed.entry(*node).or_default(), (at, *keep));
            }
            _ => (),
        }
    }

    fn sent(
        &mut self,
        at: Time,
        from: NodeId,
        to: NodeId,
        id: MessageId,
        fate: Fate,
        message: &Message,
    ) {
        match message {
            Message::Call { key, call: Call::Delete { .. }, .. } => {
                self.invalidate(at, (from, to), id, fate, vec![*key]);
            }
            Message::Calls { calls, .. } => {
                let is_delete =
                    |(key, call): &(Key, Call)| matches!(call, Call::Delete { .. }).then_some(*key);
                let keys: Vec<Key> = calls.iter().filter_map(is_delete).collect();
                self.invalidate(at, (from, to), id, fate, keys);
            }
            Message::Answer { key, answer, .. } => self.answered(at, (from, to), *key, *answer),
            Message::Answers { answers, .. } => {
                answers
                    .iter()
                    .for_each(|(key, answer)| self.answered(at, (from, to), *key, *answer));
            }
            Message::Result { result: QueryResult::Row { key, state }, .. } => {
                self.selected.insert((to, *key), (at, *state));
            }
            Message::Result { result: QueryResult::Rows(rows), .. } => {
                rows.iter().for_each(|(key, state)| {
                    self.selected.insert((to, *key), (at, *state));
                });
            }
            Message::Result { result: QueryResult::Updated { key, state }, .. } => {
                remember(self.updated.entry(*key).or_default(), (at, to, state.version));
            }
            _ => (),
        }
    }

    fn answered(&mut self, at: Time, (cache, client): (NodeId, NodeId), key: Key, answer: Answer) {
        match answer {
            Answer::Stored(state) => {
                let selected = self.selected.get(&(client, key)).filter(|(_, row)| *row == state);
                let selected = selected.map(|(at, _)| *at);
                let fill = Fill { cache, key, at, client, state, selected };
                remember(self.filled.entry((cache, key)).or_default(), fill);
            }
            Answer::Deleted(_) => {
                self.forgotten.insert((cache, key), (at, client));
            }
            _ => (),
        }
    }

    fn invalidate(
        &mut self,
        at: Time,
        (client, cache): (NodeId, NodeId),
        id: MessageId,
        fate: Fate,
        keys: Vec<Key>,
    ) {
        if keys.is_empty() {
            return;
        }
        self.under_way.insert(id, (cache, keys));
        if let Fate::Dropped(why) = fate {
            self.lose(at, client, id, why);
        }
    }

    fn lose(&mut self, at: Time, from: NodeId, id: MessageId, why: Loss) {
        let Some((cache, keys)) = self.under_way.remove(&id) else { return };
        for key in keys {
            self.lost.insert((cache, key), (at, from, why));
        }
    }

    /// The last fill with this row, of this cache if it is known.
    pub(crate) fn fill(&self, cache: Option<NodeId>, key: Key, seen: Observation) -> Option<Fill> {
        let fills = self.filled.values().flatten();
        let is_it = |fill: &&Fill| {
            fill.key == key && fill.state == seen && cache.is_none_or(|cache| fill.cache == cache)
        };
        fills.filter(is_it).max_by_key(|fill| fill.at).copied()
    }

    /// The source of the row, and the update that made it outdated.
    pub(crate) fn causes(&self, fill: &Fill, newer: Version, names: &Names) -> Vec<(Time, String)> {
        let (client, key) = (names.node(fill.client), names.key(fill.key));
        let selected = fill.selected.map(|at| {
            let said = format!("{client} reads {key} from the database: {}", fill.state.version);
            (at, format!("{said}, to be filled in."))
        });
        let updated = self.update(fill.key, newer).map(|(at, writer, made)| {
            (at, format!("{} updates {key} to {made}.", names.node(writer)))
        });
        selected.into_iter().chain(updated).collect()
    }

    fn update(&self, key: Key, newer: Version) -> Option<(Time, NodeId, Version)> {
        let mut updates = self.updated.get(&key)?.iter();
        updates.find(|(_, _, made)| *made == newer).copied()
    }

    /// The fill of the cache, and why the entry is still there after that update.
    pub(crate) fn fate(&self, fill: &Fill, newer: Version, names: &Names) -> Vec<(Time, String)> {
        let (cache, key) = (names.node(fill.cache), names.key(fill.key));
        let (client, version) = (names.node(fill.client), fill.state.version);
        let mut told = vec![(fill.at, format!("{client} fills in {version} of {key} at {cache}."))];
        let Some((since, writer, _)) = self.update(fill.key, newer) else { return told };
        told.extend(self.invalidations(fill.cache, fill.key, since, names));
        let crashes = |node: NodeId| self.crashed.get(&node).into_iter().flatten();
        let is_after = |(at, _): &&(Time, Keep)| *at >= since;
        if let Some((at, _)) = crashes(writer).find(is_after) {
            told.push((*at, format!("{} crashes.", names.node(writer))));
        }
        // The cache may have forgotten an invalidation in a crash, or may have missed it.
        let has_heard =
            self.forgotten.get(&(fill.cache, fill.key)).is_some_and(|(at, _)| *at >= since);
        let mut crashes = crashes(fill.cache).rev();
        if let Some((at, keep)) = crashes.find(|crash| is_after(crash) == has_heard) {
            let what = match keep {
                Keep::Durable => "crashes, and keeps what was durable",
                Keep::Nothing => "crashes, and keeps nothing",
                Keep::Replica => "is replaced by a replica, which may be behind",
            };
            told.push((*at, format!("{cache} {what}.")));
        }
        told
    }

    /// The invalidations of an entry since then that reached a cache, and those that did not.
    fn invalidations(
        &self,
        cache: NodeId,
        key: Key,
        since: Time,
        names: &Names,
    ) -> Vec<(Time, String)> {
        let (cache_name, key_name) = (names.node(cache), names.key(key));
        let heard = self.forgotten.get(&(cache, key)).filter(|(at, _)| *at >= since);
        let heard = heard.map(|(at, client)| {
            (*at, format!("{cache_name} drops {key_name}, invalidated by {}.", names.node(*client)))
        });
        let lost = self.lost.get(&(cache, key)).filter(|(at, ..)| *at >= since);
        let lost = lost.map(|(at, client, why)| {
            let client = names.node(*client);
            let why = match why {
                Loss::Network => "the network drops it",
                Loss::Partition => "a partition blocks it",
                Loss::Connection => "the connection broke",
                Loss::NodeDown => "the cache is down",
            };
            (
                *at,
                format!(
                    "{client}'s invalidation of {key_name} does not reach {cache_name}: {why}."
                ),
            )
        });
        let mut told: Vec<_> = heard.into_iter().chain(lost).collect();
        if told.is_empty() {
            let text = format!("and no later invalidation of {key_name} is sent to {cache_name}.");
            told.push((since, text));
        }
        told
    }
}

fn remember<T>(known: &mut VecDeque<T>, new: T) {
    known.push_back(new);
    if known.len() > REMEMBERED_MAX {
        known.pop_front();
    }
}
