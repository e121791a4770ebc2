//! Orders to a proposer, and their effects.

use history::{Action, Key, NodeId, Observation, Span, Value, Version};
use sim::{Effect, Input, Keep, Process, Sandbox};

use super::Proposer;
use crate::change::Comparing;
use crate::order::{Accepting, Order, Report};
use crate::{Answer, Ballot, Configuration, Message, Protocol, Reply, Request};

const KEY: Key = Key(0);
const ORCHESTRATOR: NodeId = NodeId(20);
const CLIENT: NodeId = NodeId(10);
const TOMBSTONE: Ballot = Ballot { eon: 9, id: 5, era: 3 };
const STATE: Observation = Observation { version: Version(1), value: Value(7) };

struct Stage {
    proposer: Proposer,
    sandbox: Sandbox<Protocol>,
    ticket: u32,
}

impl Stage {
    fn new() -> Stage {
        let configuration = Configuration::majorities(&[NodeId(1), NodeId(2), NodeId(3)]);
        let proposer = Proposer::new(7, configuration, Span::from_millis(50))
            .with_deletions(ORCHESTRATOR, Comparing::States);
        Stage { proposer, sandbox: Sandbox::default(), ticket: 0 }
    }

    /// The messages that the proposer sends after this message.
    fn sent(&mut self, from: NodeId, message: Message) -> Vec<(NodeId, Message)> {
        self.proposer.handle(&mut self.sandbox.context(), Input::Message { from, message });
        let sent = self.sandbox.take_effects().into_iter().filter_map(|effect| match effect {
            Effect::Send { to, message } => Some((to, message)),
            _ => None,
        });
        sent.collect()
    }

    fn order(&mut self, order: Order) -> Vec<(NodeId, Message)> {
        self.sent(ORCHESTRATOR, Message::Order { number: 1, order })
    }

    fn change(&mut self, action: Action) -> Vec<(NodeId, Message)> {
        self.ticket += 1;
        self.sent(CLIENT, Message::Change { ticket: self.ticket, key: KEY, action })
    }

    fn reply(&mut self, acceptor: u16, ballot: Ballot, reply: Reply) -> Vec<(NodeId, Message)> {
        self.sent(NodeId(acceptor), Message::Reply { key: KEY, ballot, reply })
    }

    /// Commits a change with these acceptors, so that the proposer leads. Returns its ballot.
    fn lead(&mut self, action: Action) -> Ballot {
        let (ballot, ..) = request(&self.change(action)[0].1);
        let promised = Reply::Promised { accepted: Ballot::ZERO, state: Observation::EMPTY };
        (1..=2).for_each(|acceptor| drop(self.reply(acceptor, ballot, promised)));
        (1..=2).for_each(|acceptor| drop(self.reply(acceptor, ballot, Reply::Accepted)));
        ballot
    }
}

/// The ballot, age and content of a request.
fn request(message: &Message) -> (Ballot, u32, Request) {
    match message {
        Message::Request { ballot, age, request, .. } => (*ballot, *age, *request),
        other => panic!("no request: {other:?}"),
    }
}

fn forget() -> Order {
    Order::Forget { key: KEY, tombstone: TOMBSTONE }
}

#[test]
fn what_is_sent_after_a_deletion_is_of_another_age_and_above_the_tombstone() {
    let mut stage = Stage::new();
    stage.lead(Action::Write { value: Value(7) });
    let reports = stage.order(forget());
    let report = Message::Report { number: 1, report: Report::Age(1) };
    assert_eq!(reports, [(ORCHESTRATOR, report)]);
    let (ballot, age, request) = request(&stage.change(Action::Read)[0].1);
    assert_eq!((age, request), (1, Request::Prepare), "it has forgotten what it led with");
    assert!(ballot > TOMBSTONE);
}

#[test]
fn an_attempt_does_not_outlive_the_deletion_of_its_register() {
    let mut stage = Stage::new();
    let (ballot, ..) = request(&stage.change(Action::Write { value: Value(7) })[0].1);
    let told = stage.order(forget());
    let answer = Message::Changed { ticket: 1, answer: Answer::NotPrepared };
    assert!(told.contains(&(CLIENT, answer)));
    let promised = Reply::Promised { accepted: Ballot::ZERO, state: Observation::EMPTY };
    for acceptor in 1..=2 {
        assert_eq!(stage.reply(acceptor, ballot, promised), [], "below the tombstone");
    }
}

#[test]
fn a_restart_does_not_take_a_proposer_back_behind_an_order() {
    let mut stage = Stage::new();
    stage.order(forget());
    let others = Configuration::majorities(&[NodeId(4)]);
    stage.order(Order::Configure { epoch: 3, configuration: others });
    stage.proposer = stage.proposer.clone().crash(Keep::Durable);
    let old = Configuration::majorities(&[NodeId(1)]);
    stage.order(Order::Configure { epoch: 2, configuration: old });
    let asked = stage.change(Action::Read);
    let (ballot, age, _) = request(&asked[0].1);
    assert_eq!(asked.iter().map(|(to, _)| *to).collect::<Vec<_>>(), [NodeId(4)]);
    assert!(ballot > TOMBSTONE && age == 1, "{ballot} of age {age}");
}

#[test]
fn an_old_configuration_does_not_replace_a_newer_one() {
    let mut stage = Stage::new();
    for (epoch, node) in [(2, 4), (1, 5), (2, 6)] {
        let configuration = Configuration::majorities(&[NodeId(node)]);
        let reports = stage.order(Order::Configure { epoch, configuration });
        assert_eq!(reports.len(), 1, "it is reported all the same");
    }
    assert_eq!(stage.change(Action::Read)[0].0, NodeId(4));
}

#[test]
fn other_acceptors_have_promised_nothing() {
    let mut stage = Stage::new();
    stage.lead(Action::Write { value: Value(7) });
    stage.change(Action::Read);
    let configuration = Configuration::majorities(&[NodeId(2), NodeId(3), NodeId(4)]);
    let told = stage.order(Order::Configure { epoch: 1, configuration });
    let answer = Message::Changed { ticket: 2, answer: Answer::Unknown };
    assert!(told.contains(&(CLIENT, answer)), "the attempt is over");
    let asked = stage.change(Action::Read);
    assert_eq!(request(&asked[0].1).2, Request::Prepare, "and so is the leadership");
}

#[test]
fn all_acceptors_means_all() {
    let mut stage = Stage::new();
    let ballot = stage.lead(Action::Write { value: Value(7) }).advanced();
    let asked = stage.order(Order::Commit { key: KEY, by: Accepting::All });
    assert_eq!(request(&asked[0].1), (ballot, 0, Request::Accept(STATE)));
    assert_eq!(stage.reply(1, ballot, Reply::Accepted), []);
    assert_eq!(stage.reply(2, ballot, Reply::Accepted), []);
    let report = Message::Report { number: 1, report: Report::Committed { ballot, state: STATE } };
    assert_eq!(stage.reply(3, ballot, Reply::Accepted), [(ORCHESTRATOR, report)]);
}

#[test]
fn a_register_is_not_committed_again_beside_an_attempt_or_when_turned_off() {
    let commit = Order::Commit { key: KEY, by: Accepting::Quorum };
    let mut stage = Stage::new();
    stage.change(Action::Read);
    assert_eq!(stage.order(commit.clone()), [], "the order will come again");
    stage.order(Order::Retire);
    assert_eq!(stage.order(commit), [], "it has no acceptors");
}

#[test]
fn a_tombstone_is_reported_with_its_own_ballot() {
    let mut stage = Stage::new();
    stage.lead(Action::Write { value: Value(7) });
    let asked = stage.change(Action::Delete { expected: STATE });
    let (tombstone, _, request) = request(&asked[0].1);
    assert_eq!(request, Request::Accept(Observation::EMPTY));
    let conflict = Reply::AcceptConflict { promised: TOMBSTONE };
    stage.reply(3, tombstone, conflict);
    stage.reply(2, tombstone, Reply::Accepted);
    let told = stage.reply(1, tombstone, Reply::Accepted);
    assert!(told.contains(&(ORCHESTRATOR, Message::Deleted { key: KEY, tombstone })), "{told:?}");
}

#[test]
fn a_retired_proposer_sends_no_requests() {
    let mut stage = Stage::new();
    stage.order(Order::Retire);
    let again = stage.order(Order::Retire);
    let report = Message::Report { number: 1, report: Report::Age(1) };
    assert_eq!(again, [(ORCHESTRATOR, report)], "once is enough");
    stage.order(Order::Configure {
        epoch: 99,
        configuration: Configuration::majorities(&[NodeId(4)]),
    });
    let answer = Message::Changed { ticket: 1, answer: Answer::NotPrepared };
    assert_eq!(stage.change(Action::Read), [(CLIENT, answer)]);
}

#[test]
fn after_a_crash_it_compares_and_reads_as_before() {
    let mut stage = Stage::new();
    stage.proposer = stage.proposer.clone().crash(Keep::Durable);
    let (ballot, ..) = request(
        &stage.change(Action::Cas {
            expected: Observation { value: Value(8), ..STATE },
            value: Value(9),
        })[0]
            .1,
    );
    let promised = Reply::Promised { accepted: Ballot { era: 0, ..ballot }, state: STATE };
    let asked: Vec<_> = (1..=2).flat_map(|it| stage.reply(it, ballot, promised)).collect();
    let wanted = asked.iter().find_map(|(_, message)| match message {
        Message::Request { request: Request::Accept(state), .. } => Some(*state),
        _ => None,
    });
    assert_eq!(wanted, Some(STATE), "the same version with another value is another state");

    let mut stage = Stage::new();
    stage.proposer = stage.proposer.clone().reading(crate::reads::Reads::Quorum);
    stage.proposer = stage.proposer.clone().crash(Keep::Durable);
    let asked = stage.change(Action::Read);
    assert!(asked.iter().all(|(_, message)| {
        matches!(message, Message::Request { request: Request::Query, .. })
    }));
}
