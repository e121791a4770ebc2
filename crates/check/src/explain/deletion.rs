//! What led to a violation of the rules for registers that can be deleted.

use history::{Action, Observation, OpId, Value};

use super::story::Teller;
use crate::chronicle::{Chronicle, Operation};

/// A state, and the first operation that observed it.
type Sight = (Observation, OpId);

const NOT_DELETED: &str = "So no order of the operations leads to that state.";
const DELETED: &str = "A deleted register does not come back: the next write makes a new v1.";
const ONE_SUCCESSOR: &str = "A state is replaced once, or deleted once.";

/// Adds the deletions of a state that clients requested, and their outcomes.
fn deletions(teller: &mut Teller<'_, '_>, state: Observation) {
    let chronicle: &Chronicle = teller.chronicle;
    let asked = chronicle.operations().iter().filter(|operation| {
        operation.action == Action::Delete { expected: state }
            && operation.began.step < chronicle.until()
    });
    let asked: Vec<&Operation> = asked.collect();
    for deletion in &asked {
        let sentence = teller.speaker.describe(&deletion.as_of(chronicle.until()));
        teller.sentences.push(sentence);
    }
    if asked.is_empty() {
        let state = teller.speaker.state(state);
        teller.sentences.push(format!("No client had requested a deletion of {state}."));
    }
}

fn spread(teller: &mut Teller<'_, '_>, (seen, reported_to): Sight) {
    if let Some(reported_to) = teller.chronicle.operation(reported_to).copied() {
        teller.spread(&reported_to, seen.value);
    }
}

pub(super) fn not_deleted(
    teller: &mut Teller<'_, '_>,
    known: Sight,
    other: Sight,
) -> (String, String) {
    spread(teller, known);
    deletions(teller, known.0);
    if other.1 != teller.offender.id {
        spread(teller, other);
    }
    teller.offence("");
    let (state, then) = (teller.speaker.state(known.0), teller.speaker.state(other.0));
    let key = teller.speaker.key();
    (
        format!("{key} was {state} and then {then}, but no client can have deleted it in between."),
        NOT_DELETED.to_owned(),
    )
}

pub(super) fn revived(
    teller: &mut Teller<'_, '_>,
    state: Observation,
    other: Sight,
) -> (String, String) {
    if let Some(writer) = teller.chronicle.writer(state.value).copied() {
        let sentence = teller.speaker.describe(&writer.as_of(teller.chronicle.until()));
        teller.sentences.push(sentence);
    }
    deletions(teller, state);
    spread(teller, other);
    // The state in between may be the deletion itself.
    teller.sentences.dedup();
    if other.1 != teller.offender.id {
        teller.offence("");
    }
    let (state, then) = (teller.speaker.state(state), teller.speaker.state(other.0));
    let (key, at) = (teller.speaker.key(), teller.ended_at());
    (
        format!("{state} of {key} was there again at {at}, after a client had seen {then}."),
        DELETED.to_owned(),
    )
}

pub(super) fn two_successors(
    teller: &mut Teller<'_, '_>,
    state: Observation,
    first: Sight,
    second: Observation,
) -> (String, String) {
    spread(teller, first);
    let writer = teller.chronicle.writer(second.value).copied();
    if let Some(writer) = writer.filter(|it| it.id != teller.offender.id) {
        let sentence = teller.speaker.describe(&writer.as_of(teller.chronicle.until()));
        teller.sentences.push(sentence);
    }
    teller.offence("");
    let speaker = &teller.speaker;
    let (state, first, second) =
        (speaker.state(state), speaker.state(first.0), speaker.state(second));
    (
        format!("{state} of {} became {first}, and it became {second}.", speaker.key()),
        ONE_SUCCESSOR.to_owned(),
    )
}

pub(super) fn outdated(
    teller: &mut Teller<'_, '_>,
    made: Observation,
    writer: OpId,
    expected: Observation,
) -> (String, String) {
    let chronicle = teller.chronicle;
    let replaced = chronicle.operations().iter().find(|operation| {
        let is_other = operation.id != writer && operation.told().is_some();
        is_other && operation.action.expected() == Some(expected) && !operation.is_denied()
    });
    if let Some(replaced) = replaced {
        let sentence = teller.speaker.describe(replaced);
        teller.sentences.push(sentence);
    }
    if let Some(write) = chronicle.operation(writer).filter(|it| it.id != teller.offender.id) {
        let sentence = teller.speaker.describe(&write.as_of(chronicle.until()));
        teller.sentences.push(sentence);
    }
    teller.offence("");
    let speaker = &teller.speaker;
    let what = match made.value {
        Value::NONE => "was deleted".to_owned(),
        _ => format!("became {}", speaker.state(made)),
    };
    let (expected, key) = (speaker.state(expected), speaker.key());
    (
        format!("{expected} of {key} {what}, though it had been gone for good."),
        ONE_SUCCESSOR.to_owned(),
    )
}
