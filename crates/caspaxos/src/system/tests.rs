//! The reports of processes on their remaining work, and on the nodes for which they wait.

use history::{Action, Key, NodeId, Observation};
use scenario::System as _;
use sim::{Effect, Event, Fate, Input, Kind, Loss, MessageId, Process as _, Sandbox};

use super::CasPaxos;
use crate::{
    Ballot, Config, Message, OrchestratedChange, OrchestratorConfig, Process, Protocol, Reply,
    Timer,
};

/// A process on a node of its own.
struct Node {
    me: NodeId,
    process: Process,
    sandbox: Sandbox<Protocol>,
}

impl Node {
    fn does(&mut self, input: Input<Protocol>) -> Vec<Effect<Protocol>> {
        self.process.handle(&mut self.sandbox.context(), input);
        self.sandbox.take_effects()
    }

    fn left(&self) -> Option<String> {
        CasPaxos::unfinished(&self.process)
    }

    /// The nodes for which it waits, and the reason.
    fn waits_for(&self) -> Vec<(NodeId, String)> {
        let waits = CasPaxos::waits_for(&self.process).into_iter();
        waits.map(|waiting| (waiting.on, waiting.what)).collect()
    }
}

/// Three acceptors, a proposer, a client that is to write five times, two sweepers, and an
/// orchestrator with four jobs, of which two are the sweepers'.
fn nodes() -> Vec<Node> {
    let changes = vec![OrchestratedChange::AddProposer, OrchestratedChange::RemoveAcceptor];
    let orchestrator = OrchestratorConfig { changes, cold_keys: 2, ..Default::default() };
    let config = Config { proposers: 1, clients: 1, keys: 1, ..Config::default() };
    let config = Config { orchestrator: Some(orchestrator), ..config };
    let config = config.complete().expect("it makes sense");
    let nodes = CasPaxos::deploy(&config, 5).nodes.into_iter().enumerate();
    let node = |(number, spec): (usize, sim::NodeSpec<Process>)| {
        let me = NodeId(number as u16);
        let mut sandbox = Sandbox::default();
        sandbox.me = me;
        Node { me, process: spec.process, sandbox }
    };
    nodes.map(node).collect()
}

/// The first node with this remaining work.
fn with<'a>(nodes: &'a mut [Node], left: &str) -> &'a mut Node {
    let found = nodes.iter_mut().find(|node| node.left().as_deref() == Some(left));
    found.unwrap_or_else(|| panic!("no node {left}"))
}

#[test]
fn an_unfinished_node_reports_its_remaining_work() {
    let nodes = nodes();
    let left: Vec<String> = nodes.iter().filter_map(Node::left).collect();
    let expected = [
        "still has 5 writes to finish",
        "still has 2 keys to finish",
        "still has 3 keys to finish",
        "still has 4 jobs to finish",
    ];
    assert_eq!(left, expected);
    assert!(nodes.iter().all(|node| node.waits_for().is_empty()), "no node has begun");
}

#[test]
fn a_waiting_node_names_the_nodes_it_waits_for() {
    let mut nodes = nodes();
    let proposer = nodes.iter().position(|node| {
        let mut node =
            Node { me: node.me, process: node.process.clone(), sandbox: Sandbox::default() };
        let message = Message::Change { ticket: 0, key: Key(0), action: Action::Read };
        !node.does(Input::Message { from: NodeId(50), message }).is_empty()
    });
    let proposer = NodeId(proposer.expect("a client waits for a proposer") as u16);

    let client = with(&mut nodes, "still has 5 writes to finish");
    client.does(Input::Timer(Timer::Try));
    assert_eq!(client.waits_for(), [(proposer, "what a read finds".to_owned())]);

    let sweeper = with(&mut nodes, "still has 2 keys to finish");
    sweeper.does(Input::Timer(Timer::Try));
    assert_eq!(sweeper.waits_for(), [(proposer, "what becomes of a write".to_owned())]);

    let message = Message::Change { ticket: 0, key: Key(0), action: Action::Read };
    let asked = &mut nodes[proposer.index()];
    asked.does(Input::Message { from: NodeId(50), message });
    let promise = |acceptor| (NodeId(acceptor), "a promise to ballot 0,1,1".to_owned());
    assert_eq!(asked.waits_for(), [promise(0), promise(1), promise(2)]);
    let promised = Reply::Promised { accepted: Ballot::ZERO, state: Observation::EMPTY };
    let ballot = Ballot { eon: 0, id: 1, era: 1 };
    for acceptor in [0, 1] {
        let message = Message::Reply { key: Key(0), ballot, reply: promised };
        asked.does(Input::Message { from: NodeId(acceptor), message });
    }
    let acceptance = |acceptor| (NodeId(acceptor), "an acceptance under ballot 0,1,1".to_owned());
    assert_eq!(asked.waits_for(), [acceptance(0), acceptance(1), acceptance(2)]);
}

#[test]
fn a_sweeper_begins_at_its_order_and_again_after_a_crash() {
    let mut nodes = nodes();
    let sweeper = with(&mut nodes, "still has 2 keys to finish");
    assert_eq!(sweeper.does(Input::Start), [], "it waits for an order");
    let order = Message::Order { number: 1, order: crate::Order::Sweep };
    assert!(!sweeper.does(Input::Message { from: NodeId(20), message: order }).is_empty());
    let asks = |sweeper: &mut Node| {
        let mut asked = sweeper.does(Input::Timer(Timer::Try)).into_iter();
        let asked = asked.find_map(|effect| match effect {
            Effect::Send { message: Message::Change { ticket, key, .. }, .. } => {
                Some((ticket, key))
            }
            _ => None,
        });
        asked.expect("it asks")
    };
    let (first, key) = asks(sweeper);
    sweeper.process = sweeper.process.clone().crash(sim::Keep::Durable);
    assert!(sweeper.waits_for().is_empty());
    assert!(!sweeper.does(Input::Start).is_empty(), "it had begun");
    let answer = crate::Answer::Ok(Observation::EMPTY);
    let changed =
        |ticket| Input::Message { from: NodeId(3), message: Message::Changed { ticket, answer } };
    sweeper.does(changed(first));
    assert_eq!(
        sweeper.left().as_deref(),
        Some("still has 2 keys to finish"),
        "no order waits for that"
    );
    let (second, again) = asks(sweeper);
    assert_eq!((second, again), (first + 1, key));
    sweeper.does(changed(second));
    assert_eq!(sweeper.left().as_deref(), Some("still has 1 key to finish"));
}

#[test]
fn an_orchestrator_counts_what_it_is_at_and_what_is_to_come() {
    let mut nodes = nodes();
    let sweeper = with(&mut nodes, "still has 2 keys to finish").me;
    let orchestrator = with(&mut nodes, "still has 4 jobs to finish");
    orchestrator.does(Input::Start);
    assert!(orchestrator.waits_for().is_empty(), "the time for the first job has not come");
    orchestrator.does(Input::Timer(Timer::Change));
    assert_eq!(orchestrator.waits_for(), [(sweeper, "a report".to_owned())]);
    assert_eq!(orchestrator.left().as_deref(), Some("still has 4 jobs to finish"));
    let deleted = |key| Message::Deleted { key: Key(key), tombstone: Ballot::ZERO };
    for (key, left) in [(0, 5), (1, 6), (0, 6)] {
        orchestrator.does(Input::Message { from: NodeId(9), message: deleted(key) });
        assert_eq!(orchestrator.left(), Some(format!("still has {left} jobs to finish")));
    }
    let report = |number, report| Message::Report { number, report };
    let done = report(1, crate::Report::Done);
    orchestrator.does(Input::Message { from: sweeper, message: done });
    assert_eq!(orchestrator.left().as_deref(), Some("still has 5 jobs to finish"));
    // The first of the two deletions: a tombstone is to be committed, and three steps follow.
    let (proposer, _) = orchestrator.waits_for()[0];
    let ballot = Ballot { eon: 3, id: 1, era: 4 };
    let committed = report(2, crate::Report::Committed { ballot, state: Observation::EMPTY });
    orchestrator.does(Input::Message { from: proposer, message: committed });
    assert_eq!(orchestrator.left().as_deref(), Some("still has 7 jobs to finish"));
}

#[test]
fn lost_answers_are_marked_by_what_they_said() {
    let sent = |reply, fate| Event {
        at: history::Time::ZERO,
        seq: 0,
        node: NodeId(0),
        kind: Kind::Send {
            to: NodeId(3),
            id: MessageId(0),
            fate,
            ordinal: 0,
            message: Message::Reply { key: Key(0), ballot: Ballot::ZERO, reply },
        },
    };
    let promised = Reply::Promised { accepted: Ballot::ZERO, state: Observation::EMPTY };
    for (reply, mark) in [
        (promised, Some("promise-reply-lost")),
        (Reply::Accepted, Some("accept-reply-lost")),
        (Reply::PrepareError, None),
    ] {
        assert_eq!(CasPaxos::mark(&sent(reply, Fate::Dropped(Loss::Network))), mark);
        assert_eq!(CasPaxos::mark(&sent(reply, Fate::Held)), None);
    }
}
