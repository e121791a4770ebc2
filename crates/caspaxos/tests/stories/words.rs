//! The vocabulary of the scripts, and the text of their results.

use std::fmt::Write as _;
use std::str::FromStr;

use caspaxos::{Answer, Ballot, Message, Protocol, Quorum, Reply, Request};
use history::{Action, Key, NodeId, Observation, Value, Version};
use sim::Effect;

/// Clients c1, c2, ..., proposers p1, p2, ... and acceptors a0, a1, ... have numbers from here.
const KINDS: [(&str, u16); 3] = [("c", 0), ("p", 100), ("a", 200)];

/// A node, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node(pub(crate) NodeId);

impl FromStr for Node {
    type Err = String;

    fn from_str(name: &str) -> Result<Node, String> {
        let wrong = || format!("{name:?} is no node: there are c1, p1, a0 and so on");
        let find = |(kind, first): &(&str, u16)| Some((name.strip_prefix(kind)?, *first));
        let (number, first) = KINDS.iter().find_map(find).ok_or_else(wrong)?;
        let number: u16 = number.parse().map_err(|_| wrong())?;
        Ok(Node(NodeId(first + number)))
    }
}

/// What a node is called.
pub(crate) fn name(node: NodeId) -> String {
    let (kind, first) = KINDS.iter().rev().find(|(_, first)| *first <= node.0).expect("c is 0");
    format!("{kind}{}", node.0 - first)
}

/// A key: key1, key2, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyName(pub(crate) Key);

impl FromStr for KeyName {
    type Err = String;

    fn from_str(name: &str) -> Result<KeyName, String> {
        let number = name.strip_prefix("key").and_then(|number| number.parse::<u32>().ok());
        let index = number.and_then(|number| number.checked_sub(1));
        index.map(|index| KeyName(Key(index))).ok_or_else(|| format!("{name:?} is no key"))
    }
}

/// The keys that there are, by name.
pub(crate) fn key_names() -> Vec<String> {
    (1..=4).map(|number| format!("key{number}")).collect()
}

fn key_name(key: Key) -> String {
    format!("key{}", key.0 + 1)
}

/// A ballot: "eon,id,era".
#[derive(Clone, Copy, Debug)]
pub(crate) struct BallotText(pub(crate) Ballot);

impl FromStr for BallotText {
    type Err = String;

    fn from_str(text: &str) -> Result<BallotText, String> {
        Ballot::parse(text.as_bytes()).map(BallotText).map_err(|error| format!("{text:?}: {error}"))
    }
}

/// A state: "v3=7" is version 3, whose value is 7.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State(pub(crate) Observation);

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<State, String> {
        let parts = text.strip_prefix('v').and_then(|text| text.split_once('='));
        let state = parts.and_then(|(version, value)| {
            let (version, value) = (version.parse().ok()?, value.parse().ok()?);
            Some(State(Observation { version: Version(version), value: Value(value) }))
        });
        state.ok_or_else(|| format!("{text:?} is no state: write v3=7"))
    }
}

/// What an acceptor has accepted: "v3=7 under 0,1,2".
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted {
    pub(crate) state: Observation,
    pub(crate) under: Ballot,
}

impl Accepted {
    pub(crate) const NOTHING: Accepted =
        Accepted { state: Observation::EMPTY, under: Ballot::ZERO };
}

impl FromStr for Accepted {
    type Err = String;

    fn from_str(text: &str) -> Result<Accepted, String> {
        let (state, ballot) = text
            .split_once(" under ")
            .ok_or_else(|| format!("{text:?}: write v3=7 under 0,1,2"))?;
        let (State(state), BallotText(under)) = (state.parse()?, ballot.parse()?);
        Ok(Accepted { state, under })
    }
}

/// A quorum: "2 of a0 a1 a2".
#[derive(Clone, Debug)]
pub(crate) struct QuorumText(pub(crate) Quorum);

impl FromStr for QuorumText {
    type Err = String;

    fn from_str(text: &str) -> Result<QuorumText, String> {
        let (size, nodes) =
            text.split_once(" of ").ok_or_else(|| format!("{text:?}: write 2 of a0 a1 a2"))?;
        let size = size.parse().map_err(|_| format!("{size:?} is no number"))?;
        let nodes: Result<Vec<NodeId>, String> =
            nodes.split(' ').map(|node| Ok(node.parse::<Node>()?.0)).collect();
        Ok(QuorumText(Quorum { nodes: nodes?, size }))
    }
}

/// The change to a register that a script asks for.
pub(crate) fn cas(from: u64, value: u64) -> Action {
    let expected = Observation { version: Version(from), value: Value::NONE };
    Action::Cas { expected, value: Value(value) }
}

/// What a node does, in lines. The same message to several nodes takes one line. Timers are left
/// out: that one is set is seen when it runs out.
pub(crate) fn tell(node: NodeId, effects: &[Effect<Protocol>]) -> String {
    let mut lines = String::new();
    let mut effects = effects.iter().peekable();
    while let Some(effect) = effects.next() {
        match effect {
            Effect::Send { to, message } => {
                let mut receivers = name(*to);
                while let Some(Effect::Send { to, .. }) = effects
                    .next_if(|next| matches!(next, Effect::Send { message: m, .. } if m == message))
                {
                    receivers = format!("{receivers} {}", name(*to));
                }
                writeln!(lines, "{} -> {receivers}: {}", name(node), in_words(message))
            }
            Effect::Mark(mark) => writeln!(lines, "{} marks {mark}", name(node)),
            Effect::Busy(span) => writeln!(lines, "{} is busy for {span}", name(node)),
            _ => Ok(()),
        }
        .expect("to a String");
    }
    lines
}

/// What a message says.
pub(crate) fn in_words(message: &Message) -> String {
    match message {
        Message::Request { key, ballot, request: Request::Prepare, .. } => {
            format!("prepare {} under {ballot}", key_name(*key))
        }
        Message::Request { key, ballot, request: Request::Accept(state), .. } => {
            format!("accept {state} of {} under {ballot}", key_name(*key))
        }
        Message::Request { key, request: Request::Query, .. } => {
            format!("query {}", key_name(*key))
        }
        Message::Reply { reply, .. } => answered(reply),
        Message::Changed { answer, .. } => match answer {
            Answer::Ok(state) => format!("ok, {state}"),
            Answer::Refused(state) => format!("refused, {state}"),
            Answer::Busy => "busy".to_owned(),
            Answer::NotPrepared => "not prepared".to_owned(),
            Answer::Unknown => "unknown".to_owned(),
        },
        other => format!("{other:?}"),
    }
}

fn answered(reply: &Reply) -> String {
    match reply {
        Reply::Promised { accepted: Ballot::ZERO, .. } => "promised, has nothing".to_owned(),
        Reply::Promised { accepted, state } => format!("promised, has {state} under {accepted}"),
        Reply::Held { accepted: Ballot::ZERO, .. } => "has nothing".to_owned(),
        Reply::Held { accepted, state } => format!("has {state} under {accepted}"),
        Reply::Accepted => "accepted".to_owned(),
        Reply::PrepareConflict { promised } | Reply::AcceptConflict { promised } => {
            format!("conflict, has promised {promised}")
        }
        Reply::PrepareError | Reply::AcceptError | Reply::QueryError => "error".to_owned(),
    }
}
