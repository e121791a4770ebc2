//! All answers to the questions of a step are tried.

use std::collections::BTreeSet;

use history::NodeId;
use sim::{
    Branch, Choice, Context, Enumerated, Faults, Input, LinkRule, Process as _, Question, Sandbox,
    Transport, other_answers,
};

use crate::stage::{A, Act, Actor, B, Heard, Plan, Protocol, Stage, Word, chance, takes};

type Branches = Vec<Branch<Actor, Plan, ()>>;

/// What comes of an actor's acts.
fn branches(stage: Stage, faults: Faults, limit: u64) -> Branches {
    let world = stage.world_with(Enumerated::new(faults));
    let mut begun = world.beginnings(&(), limit);
    assert_eq!(begun.len(), 1, "nothing is asked");
    let mut world = begun.swap_remove(0).world;
    world.take(&mut (), &Choice::Clock).expect("an alarm");
    world.branches(&(), &Choice::Clock, limit).expect("the word of the operator")
}

fn answers(branches: &Branches) -> BTreeSet<Vec<u64>> {
    let answers: BTreeSet<_> = branches.iter().map(|branch| branch.answers.clone()).collect();
    assert_eq!(answers.len(), branches.len(), "each is tried once");
    answers
}

#[test]
fn each_combination_of_answers_is_tried_once() {
    let stage = Stage::of(["a"]).tell(0, A, [Act::Choose(3), Act::Choose(2)]);
    let branches = branches(stage, Faults::None, 16);
    let expected = (0..3).flat_map(|one| (0..2).map(move |two| vec![one, two]));
    assert_eq!(answers(&branches), expected.collect());
    for branch in branches {
        let heard = branch.world.process(A).inputs();
        let answers = branch.answers.iter().map(|answer| Heard::Answer(*answer));
        assert_eq!(heard[1..], answers.collect::<Vec<_>>());
        assert_eq!(branch.cut_short, []);
    }
}

#[test]
fn a_question_with_too_many_answers_is_reported() {
    let stage = Stage::of(["a"]).tell(0, A, [Act::Choose(17), Act::Choose(2)]);
    let branches = branches(stage, Faults::None, 16);
    assert_eq!(answers(&branches), [vec![0, 0], vec![0, 1]].into());
    let (purpose, name) = ("act".to_owned(), "a".to_owned());
    let question = Question { purpose, name, bound: 17, answer: 0 };
    assert!(branches.iter().all(|branch| branch.cut_short == [question.clone()]));
}

#[test]
fn messages_are_lost_and_duplicated_where_that_is_to_be_tried() {
    let stream = LinkRule { transport: Transport::Stream, ..takes(1) };
    let lossy = LinkRule { loss: chance(1), ..takes(1) };
    let doubling = LinkRule { duplicate: chance(1), ..takes(1) };
    for (rule, faults, in_flight) in [
        (takes(1), Faults::None, vec![1]),
        (takes(1), Faults::ByRule, vec![1]),
        (takes(1), Faults::Any, vec![0, 1, 2]),
        (lossy, Faults::ByRule, vec![0, 1]),
        // It cannot be lost, so the answer 1 is as good as 0.
        (doubling, Faults::ByRule, vec![1, 1, 2]),
        (doubling, Faults::None, vec![1]),
        // If it is lost both ends are informed.
        (stream, Faults::Any, vec![1, 2]),
    ] {
        let stage = Stage::of(["a", "b"]).rule(rule).tell(0, A, [Act::Say(B, 1)]);
        let branches = branches(stage, faults, 16);
        let mut found: Vec<_> = branches.iter().map(|branch| branch.world.in_flight()).collect();
        found.sort_unstable();
        assert_eq!(found, in_flight, "{rule:?} {faults:?}");
    }
}

#[test]
fn a_sandbox_tells_what_was_asked() {
    let mut sandbox = Sandbox::<Protocol>::default();
    let mut ask = |answers: Vec<u64>| {
        sandbox.answers = answers;
        let message = Word::Do(vec![Act::Choose(3), Act::Choose(2)]);
        let input = Input::Message { from: NodeId::WORLD, message };
        let cx: &mut Context<'_, Protocol> = &mut sandbox.context();
        Actor::default().handle(cx, input);
        let questions = sandbox.take_questions();
        questions.iter().map(|question| (question.bound, question.answer)).collect::<Vec<_>>()
    };
    assert_eq!(ask(vec![2]), [(3, 2), (2, 0)]);
    assert_eq!(ask(vec![]), [(3, 0), (2, 0)]);
    let questions = [(3, 0), (2, 0)].map(|(bound, answer)| {
        let (purpose, name) = ("act".to_owned(), String::new());
        Question { purpose, name, bound, answer }
    });
    assert_eq!(other_answers(&questions, 0, 16), [vec![1], vec![2], vec![0, 1]]);
    assert_eq!(other_answers(&questions, 1, 16), [vec![0, 1]]);
    assert_eq!(other_answers(&questions, 0, 2), [vec![0, 1]]);
}
