//! A client alone: which replies it accepts, and its state after a crash.

use history::{Completion, Key, NodeId, Observation, Span, Value, Version};
use sim::{Delay, Effect, Input, Keep, Process, Sandbox};

use super::Client;
use crate::{Answer, Message, Protocol, Timer};

const PROPOSER: NodeId = NodeId(5);
const STATE: Observation = Observation { version: Version(3), value: Value(7) };

struct Stage {
    client: Client,
    sandbox: Sandbox<Protocol>,
}

impl Stage {
    /// A client with one write to do, at one proposer.
    fn new() -> Stage {
        let client = Client::new(vec![PROPOSER], vec![Key(0)], Some(1), Span::from_millis(50));
        Stage { client, sandbox: Sandbox::default() }
    }

    fn does(&mut self, input: Input<Protocol>) -> Vec<Effect<Protocol>> {
        self.client.handle(&mut self.sandbox.context(), input);
        self.sandbox.take_effects()
    }

    /// The ticket of the client's request.
    fn asks(&mut self, input: Input<Protocol>) -> u32 {
        let asked = self.does(input).into_iter().find_map(|effect| match effect {
            Effect::Send { to: PROPOSER, message: Message::Change { ticket, .. } } => Some(ticket),
            _ => None,
        });
        asked.expect("it asks")
    }

    /// The outcome of its operation after this input. `None` if the client still waits.
    fn ends(&mut self, input: Input<Protocol>) -> Option<Completion> {
        self.does(input).into_iter().find_map(|effect| match effect {
            Effect::Return(returned) => Some(returned.completion),
            _ => None,
        })
    }
}

fn answer(ticket: u32, answer: Answer) -> Input<Protocol> {
    Input::Message { from: PROPOSER, message: Message::Changed { ticket, answer } }
}

#[test]
fn only_what_is_about_its_question_ends_it() {
    let undelivered = |ticket| Input::Undelivered {
        to: PROPOSER,
        message: Message::Change { ticket, key: Key(0), action: history::Action::Read },
    };
    let lost = |peer| Input::ConnectionLost { peer, epoch: 0 };
    for (other, own) in [
        (answer(9, Answer::Busy), answer(0, Answer::Busy)),
        (undelivered(9), undelivered(0)),
        (lost(NodeId(6)), lost(PROPOSER)),
    ] {
        let mut stage = Stage::new();
        assert_eq!(stage.asks(Input::Timer(Timer::Try)), 0);
        let waits_for = stage.client.waits_for().expect("it waits");
        assert_eq!((waits_for.on, waits_for.what.as_str()), (PROPOSER, "what a read finds"));
        assert_eq!(stage.ends(other), None);
        assert!(stage.client.waits_for().is_some());
        assert!(stage.ends(own).is_some());
        assert!(stage.client.waits_for().is_none());
    }
}

#[test]
fn an_unknown_outcome_is_reported_as_unknown() {
    let mut stage = Stage::new();
    stage.asks(Input::Timer(Timer::Try));
    let unknown = Some(Completion::Unknown);
    assert_eq!(stage.ends(Input::Timer(Timer::CallTimeout)), unknown);
    stage.asks(Input::Timer(Timer::Try));
    assert_eq!(stage.ends(answer(1, Answer::Unknown)), unknown);
    stage.asks(Input::Timer(Timer::Try));
    assert_eq!(stage.ends(answer(2, Answer::NotPrepared)), Some(Completion::Failed));
}

#[test]
fn after_a_crash_it_begins_with_another_question() {
    let mut stage = Stage::new();
    stage.asks(Input::Timer(Timer::Try));
    // It has read, and requests a write.
    assert_eq!(stage.asks(answer(0, Answer::Ok(STATE))), 1);
    let waits_for = stage.client.waits_for().expect("it waits");
    assert_eq!(waits_for.what, "what becomes of a write");
    stage.client = stage.client.crash(Keep::Durable);
    assert!(stage.client.waits_for().is_none() && !stage.client.is_done());
    assert_eq!(stage.client.missing(), Some(1), "it still wants what it wanted");
    assert_eq!(stage.ends(answer(1, Answer::Ok(STATE))), None, "no client waits for that");
    // It reads again.
    assert_eq!(stage.asks(Input::Timer(Timer::Try)), 2);
    assert_eq!(stage.asks(answer(2, Answer::Ok(STATE))), 3);
    assert!(stage.ends(answer(3, Answer::Ok(STATE))).is_some());
    assert!(stage.client.is_done());
    assert_eq!(stage.client.missing(), Some(0));
}

#[test]
fn it_pauses_before_each_try_for_as_long_as_is_drawn() {
    let (min, max) = (Span::from_millis(2), Span::from_millis(9));
    for (drawn, pause) in [(0, min), (3, Span(min.0 + 3))] {
        let mut stage = Stage::new();
        stage.client = stage.client.with_pause(Delay { min, max });
        stage.sandbox.answers = vec![drawn];
        let timers = stage.does(Input::Start).into_iter().filter_map(|effect| match effect {
            Effect::SetTimer { after, timer: Timer::Try, .. } => Some(after),
            _ => None,
        });
        assert_eq!(timers.collect::<Vec<Span>>(), [pause]);
    }
}
