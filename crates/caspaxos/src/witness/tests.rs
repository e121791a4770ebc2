//! Stories of single attempts, from events made by hand.

use std::borrow::Cow;

use history::{Action, Key, Names, NodeId, Observation, OpId, Span, Time, Value, Version};
use scenario::Witness;
use sim::{Event, Fate, Kind, Loss, MessageId, Observer, TimerId};

use super::AcceptorWitness;
use crate::{Ballot, Message, Protocol, Reply, Request, Timer};

const KEY: Key = Key(0);
const PROPOSER: NodeId = NodeId(6);
const CLIENT: NodeId = NodeId(7);
const OP: OpId = OpId { client: CLIENT, ordinal: 1 };
const BALLOT: Ballot = Ballot { eon: 0, id: 1, era: 1 };
const STATE: Observation = Observation { version: Version(1), value: Value(9) };

/// The events, a millisecond apart.
struct Stage {
    witness: AcceptorWitness,
    events: u64,
    messages: u64,
}

impl Stage {
    /// A client's request has just reached the proposer.
    fn new() -> Stage {
        let nodes = ["a0", "a1", "a2", "a3", "a4", "a5", "p1", "c1"].map(str::to_owned);
        let names = Names { nodes: nodes.to_vec(), keys: vec!["key1".to_owned()] };
        let mut stage = Stage { witness: AcceptorWitness::new(names), events: 0, messages: 0 };
        let (ticket, action) = (OP.ordinal, Action::Read);
        let question = Message::Change { ticket, key: KEY, action };
        let id = stage.send(CLIENT, PROPOSER, question, None);
        stage.see(PROPOSER, Kind::Deliver { from: CLIENT, id });
        stage
    }

    fn see(&mut self, node: NodeId, kind: Kind<Protocol>) {
        let (at, seq) = (Time(self.events * 1_000_000), self.events);
        self.events += 1;
        self.witness.event(&Event { at, seq, node, kind });
    }

    fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: Message,
        loss: Option<Loss>,
    ) -> MessageId {
        let id = MessageId(self.messages);
        self.messages += 1;
        let fate = loss.map_or(Fate::Delivered(Span(u64::MAX)), Fate::Dropped);
        self.see(from, Kind::Send { to, id, fate, ordinal: 0, message });
        id
    }

    fn ask(&mut self, acceptor: u16, request: Request, loss: Option<Loss>) -> MessageId {
        let message = Message::Request { key: KEY, ballot: BALLOT, age: 0, request };
        self.send(PROPOSER, NodeId(acceptor), message, loss)
    }

    fn reply(&mut self, acceptor: u16, reply: Reply) {
        let message = Message::Reply { key: KEY, ballot: BALLOT, reply };
        let id = self.send(NodeId(acceptor), PROPOSER, message, None);
        self.see(PROPOSER, Kind::Deliver { from: NodeId(acceptor), id });
    }

    fn told(&self) -> Vec<String> {
        self.witness.testify(&[OP])
    }
}

#[test]
fn each_acceptor_is_named_with_the_outcome_of_its_request() {
    let mut stage = Stage::new();
    for acceptor in [0, 1] {
        stage.ask(acceptor, Request::Prepare, None);
    }
    let promised = Reply::Promised { accepted: Ballot::ZERO, state: Observation::EMPTY };
    for acceptor in [0, 1, 0] {
        stage.reply(acceptor, promised);
    }
    let accept = Request::Accept(STATE);
    for acceptor in [0, 4] {
        stage.ask(acceptor, accept, None);
    }
    stage.ask(1, accept, Some(Loss::Partition));
    stage.ask(2, accept, Some(Loss::Network));
    let to_who_crashes = stage.ask(3, accept, None);
    stage.ask(5, accept, None);
    let why = Loss::NodeDown;
    stage.see(NodeId(3), Kind::Lose { from: PROPOSER, id: to_who_crashes, why });
    stage.reply(0, Reply::Accepted);
    // At the second request it has promised another proposer. It has accepted the state before.
    stage.reply(0, Reply::AcceptConflict { promised: BALLOT.advanced() });
    stage.reply(4, Reply::AcceptConflict { promised: BALLOT.advanced() });
    let expected = "c1#1 went through p1, under ballot 0,1,1: promised by a0 (had nothing) and a1 \
                    (had nothing); v1=9 was accepted by a0, lost on the way to a2 and a3, \
                    blocked by a partition on the way to a1, refused by a4, not yet at a5.";
    assert_eq!(stage.told(), [expected]);
}

#[test]
fn answers_to_a_query_that_did_not_agree_are_no_promises() {
    let mut stage = Stage::new();
    let held = Reply::Held { accepted: Ballot::ZERO, state: Observation::EMPTY };
    stage.ask(0, Request::Query, None);
    stage.reply(0, held);
    let expected = "c1#1 went through p1: answered by a0 (had nothing).";
    assert_eq!(stage.told(), [expected]);
    let accepted = Ballot { eon: 0, id: 2, era: 4 };
    for acceptor in [1, 2] {
        stage.ask(acceptor, Request::Prepare, None);
        stage.reply(acceptor, Reply::Promised { accepted, state: STATE });
    }
    let expected = "c1#1 went through p1, under ballot 0,1,1: promised by a1 (had v1=9 under \
                    0,2,4) and a2 (had v1=9 under 0,2,4).";
    assert_eq!(stage.told(), [expected]);
}

#[test]
fn what_is_asked_after_something_else_is_not_for_the_question() {
    let timer = Kind::Timer { id: TimerId(0), timer: Timer::Try };
    for (between, is_told) in
        [(Kind::Mark(Cow::Borrowed("one-round-trip")), true), (timer, false), (Kind::Start, false)]
    {
        let mut stage = Stage::new();
        stage.see(PROPOSER, between.clone());
        stage.ask(0, Request::Prepare, None);
        assert_eq!(!stage.told().is_empty(), is_told, "{between:?}");
    }
}
