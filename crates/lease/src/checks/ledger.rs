//! What became of entries and rows: told along with a promise that was broken, so that one sees who
//! put an outdated row into a cache, and why nobody took it away.

use std::collections::{BTreeMap, VecDeque};

use history::{Key, Names, NodeId, Observation, Time, Version};
use sim::{Command, Event, Fate, Keep, Kind, Loss, MessageId};

use crate::{Answer, Call, Message, QueryResult, Timer};

/// What became of entries and rows. It takes as much memory as there are nodes and keys, and
/// invalidations under way.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// What a client was last told of a row by the database.
    selected: BTreeMap<(NodeId, Key), (Time, Observation)>,
    /// The last updates of a row: by whom, and what it was then.
    updated: BTreeMap<Key, VecDeque<(Time, NodeId, Version)>>,
    /// Who was the last to fill in an entry of a cache.
    filled: BTreeMap<(NodeId, Key), Fill>,
    /// The last invalidation of an entry that a cache has heard of.
    forgotten: BTreeMap<(NodeId, Key), (Time, NodeId)>,
    /// The last one that it has not heard of.
    lost: BTreeMap<(NodeId, Key), (Time, NodeId, Loss)>,
    under_way: BTreeMap<MessageId, (NodeId, Vec<Key>)>,
    /// When a node last crashed, and what was kept.
    crashed: BTreeMap<NodeId, (Time, Keep)>,
}

/// So many updates of a row are remembered.
const UPDATES_MAX: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Fill {
    at: Time,
    client: NodeId,
    state: Observation,
    /// When the client was told of the row.
    selected: Option<Time>,
}

impl Ledger {
    pub(crate) fn event(&mut self, event: &Event<Message, Timer>) {
        let (at, node) = (event.at, event.node);
        match &event.kind {
            Kind::Send { to, id, fate, message } => self.sent(at, node, *to, *id, *fate, message),
            Kind::Deliver { id, .. } => {
                self.under_way.remove(id);
            }
            Kind::Lose { from, id, why } => self.lose(at, *from, *id, *why),
            Kind::Nemesis(Command::Crash { node, keep }) => {
                self.crashed.insert(*node, (at, *keep));
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
                let updates = self.updated.entry(*key).or_default();
                updates.push_back((at, to, state.version));
                if updates.len() > UPDATES_MAX {
                    updates.pop_front();
                }
            }
            _ => (),
        }
    }

    fn answered(&mut self, at: Time, (cache, client): (NodeId, NodeId), key: Key, answer: Answer) {
        match answer {
            Answer::Stored(state) => {
                let selected = self.selected.get(&(client, key)).filter(|(_, row)| *row == state);
                let selected = selected.map(|(at, _)| *at);
                self.filled.insert((cache, key), Fill { at, client, state, selected });
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

    /// Which cache has taken this row for an entry, if one has and still does.
    pub(crate) fn holder(&self, key: Key, seen: Observation) -> Option<NodeId> {
        let mut filled = self.filled.iter();
        let is_it =
            |((_, known), fill): &(&(NodeId, Key), &Fill)| *known == key && fill.state == seen;
        filled.find(is_it).map(|((cache, _), _)| *cache)
    }

    /// Where the row came from that a cache has taken for an entry, and who made it outdated.
    pub(crate) fn causes(
        &self,
        (cache, key): (NodeId, Key),
        newer: Version,
        names: &Names,
    ) -> Vec<(Time, String)> {
        let Some(fill) = self.filled.get(&(cache, key)) else { return Vec::new() };
        let (client, key_name) = (names.node(fill.client), names.key(key));
        let selected = fill.selected.map(|at| {
            let version = fill.state.version;
            let said = format!("the database tells {client} that {key_name} is {version}");
            (at, format!("{said}, to be filled in."))
        });
        let updated = self.update(key, newer).map(|(at, writer, made)| {
            (at, format!("{} updates {key_name} to {made}.", names.node(writer)))
        });
        selected.into_iter().chain(updated).collect()
    }

    fn update(&self, key: Key, newer: Version) -> Option<(Time, NodeId, Version)> {
        let mut updates = self.updated.get(&key)?.iter();
        updates.find(|(_, _, made)| *made == newer).copied()
    }

    /// When a cache took it, and why it still has it after that update.
    pub(crate) fn fate(
        &self,
        (cache, key): (NodeId, Key),
        newer: Version,
        names: &Names,
    ) -> Vec<(Time, String)> {
        let Some(fill) = self.filled.get(&(cache, key)) else { return Vec::new() };
        let (cache_name, key_name) = (names.node(cache), names.key(key));
        let (client, version) = (names.node(fill.client), fill.state.version);
        let filled = format!("{client} fills in {version} of {key_name} at {cache_name}.");
        let mut told = vec![(fill.at, filled)];
        let Some((since, writer, _)) = self.update(key, newer) else { return told };
        told.extend(self.invalidations(cache, key, since, names));
        for node in [writer, cache] {
            if let Some((at, keep)) = self.crashed.get(&node).filter(|(at, _)| *at >= since) {
                told.push((*at, format!("{} {}.", names.node(node), crash(*keep))));
            }
        }
        told
    }

    /// What a cache has been told about an entry since then, and what it has not heard.
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
            (
                *at,
                format!("{cache_name} forgets {key_name}, since {} says so.", names.node(*client)),
            )
        });
        let lost = self.lost.get(&(cache, key)).filter(|(at, ..)| *at >= since);
        let lost = lost.map(|(at, client, why)| {
            let client = names.node(*client);
            let why = match why {
                Loss::Network => "the network loses it",
                Loss::Partition => "a partition is in the way",
                Loss::Connection => "the connection broke",
                Loss::NodeDown => "it is down",
            };
            (*at, format!("{client} tells {cache_name} to forget {key_name}, in vain: {why}."))
        });
        let mut told: Vec<_> = heard.into_iter().chain(lost).collect();
        if told.is_empty() {
            let text = format!("From then on nobody tells {cache_name} to forget {key_name}.");
            told.push((since, text));
        }
        told
    }
}

/// What that is to a node.
fn crash(keep: Keep) -> &'static str {
    match keep {
        Keep::Durable => "crashes, and knows no more than what was durable",
        Keep::Nothing => "crashes, and knows nothing any more",
        Keep::Replica => "is replaced by a replica, which may be behind",
    }
}
