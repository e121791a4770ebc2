//! One value per ballot, against sequences of accepts that are made by hand.

use caspaxos::{Ballot, Message, OneValuePerBallot, Protocol, Request};
use history::{Key, Names, NodeId, Observation, Time, Value, Version};
use scenario::{Checker as _, Finding};
use sim::{Event, Fate, Kind, Loss, MessageId, Observer};

const P1: NodeId = NodeId(0);
const P2: NodeId = NodeId(1);

/// Eon, id and era.
type Numbers = (u64, u32, u64);

/// What becomes of accepts that are sent one after the other: by whom, for which key, under which
/// ballot, and with which value.
fn after(accepts: &[(NodeId, u32, Numbers, u64)]) -> Option<Finding> {
    let names = ["p1", "p2", "a0"].map(str::to_owned).to_vec();
    let keys = ["key1", "key2"].map(str::to_owned).to_vec();
    let mut invariant = OneValuePerBallot::new(Names { nodes: names, keys });
    for (seq, (node, key, (eon, id, era), value)) in (0..).zip(accepts.iter().copied()) {
        let state = Observation { version: Version(1), value: Value(value) };
        let message = Message::Request {
            key: Key(key),
            ballot: Ballot { eon, id, era },
            age: 0,
            request: Request::Accept(state),
        };
        // A breach is one even if the message is lost.
        let fate = Fate::Dropped(Loss::Network);
        let kind = Kind::Send { to: NodeId(2), id: MessageId(seq), fate, ordinal: 0, message };
        invariant.event(&Event::<Protocol> { at: Time(seq), seq, node, kind });
    }
    invariant.finding()
}

#[test]
fn an_attempt_sends_the_same_to_all_and_the_next_has_another_ballot() {
    let attempts = [
        (P1, 0, (0, 1, 1), 7),
        (P1, 0, (0, 1, 1), 7),
        (P1, 0, (0, 1, 2), 8),
        (P2, 0, (0, 2, 1), 9),
        (P1, 0, (3, 1, 3), 7),
    ];
    assert_eq!(after(&attempts), None);
}

#[test]
fn another_key_is_another_register() {
    assert_eq!(after(&[(P1, 0, (0, 1, 1), 7), (P1, 1, (0, 1, 1), 8)]), None);
}

#[test]
fn one_ballot_with_two_values_is_a_breach() {
    let broken = after(&[(P1, 0, (0, 1, 1), 7), (P2, 0, (0, 2, 1), 9), (P1, 0, (0, 1, 1), 8)]);
    let Finding { summary, story, .. } = broken.expect("it is broken");
    assert_eq!(summary, "a ballot of key1 was used for more than one state");
    assert!(story[0].contains("p1") && story[0].contains("ballot 0,1,1"), "{story:?}");
    assert!(story[1].contains("p1") && story[1].contains("ballot 0,1,1"), "{story:?}");
}

#[test]
fn two_proposers_with_one_id_are_a_breach() {
    let broken = after(&[(P1, 0, (0, 1, 1), 7), (P2, 0, (0, 1, 1), 8)]).expect("it is broken");
    assert!(broken.story[2].ends_with("both use the id 1."), "{:?}", broken.story);
    let own = after(&[(P1, 0, (0, 1, 1), 7), (P1, 0, (0, 1, 1), 8)]).expect("it is broken");
    assert_eq!(own.story.len(), 3, "{:?}", own.story);
}

#[test]
fn going_back_to_an_earlier_ballot_is_a_breach() {
    let broken = after(&[(P1, 0, (0, 1, 1), 7), (P1, 0, (0, 1, 2), 8), (P1, 0, (0, 1, 1), 7)]);
    let summary = broken.expect("it is broken").summary;
    assert_eq!(summary, "a ballot of key1 was used after a later one of the same id");
}
