//! The orders of an orchestrator, and their sequence.

use history::{Key, NodeId, Observation, Span};
use sim::{Effect, Input, Keep, Process, Sandbox};

use super::{Cast, Job, Orchestrator, Pace};
use crate::order::{Accepting, Order, Report};
use crate::rules::Published;
use crate::{Ballot, Configuration, Message, OrchestratedChange, Protocol, Timer};

const KEY: Key = Key(0);
const TOMBSTONE: Ballot = Ballot { eon: 4, id: 8, era: 2 };
const PROPOSERS: [NodeId; 2] = [NodeId(8), NodeId(9)];

struct Stage {
    orchestrator: Orchestrator,
    sandbox: Sandbox<Protocol>,
}

impl Stage {
    fn new(acceptors: u16, changes: &[OrchestratedChange]) -> Stage {
        let cast = Cast {
            acceptors: (0..acceptors).map(NodeId).collect(),
            spare_acceptors: [NodeId(6), NodeId(7)].into(),
            proposers: PROPOSERS.to_vec(),
            spare_proposers: [].into(),
            keys: vec![Key(0), Key(1)],
            deletes: true,
        };
        let pace = Pace { every: Span::from_millis(100), retry: Span::from_millis(30) };
        let jobs = changes.iter().copied().map(Job::Change).collect();
        let orchestrator = Orchestrator::new(cast, jobs, pace, &Published);
        Stage { orchestrator, sandbox: Sandbox::default() }
    }

    /// The orders, with their receivers, after this input.
    fn orders(&mut self, input: Input<Protocol>) -> Vec<(NodeId, u32, Order)> {
        self.orchestrator.handle(&mut self.sandbox.context(), input);
        let orders = self.sandbox.take_effects().into_iter().filter_map(|effect| match effect {
            Effect::Send { to, message: Message::Order { number, order } } => {
                Some((to, number, order))
            }
            _ => None,
        });
        orders.collect()
    }

    fn deleted(&mut self) -> Vec<(NodeId, u32, Order)> {
        let message = Message::Deleted { key: KEY, tombstone: TOMBSTONE };
        self.orders(Input::Message { from: PROPOSERS[0], message })
    }

    fn report(&mut self, from: NodeId, number: u32, report: Report) -> Vec<(NodeId, u32, Order)> {
        self.orders(Input::Message { from, message: Message::Report { number, report } })
    }

    /// All nodes report the same. Returns the orders that follow.
    fn all(&mut self, nodes: &[NodeId], number: u32, report: Report) -> Vec<(NodeId, u32, Order)> {
        nodes.iter().flat_map(|node| self.report(*node, number, report)).collect()
    }

    /// Reports success for all orders, and returns the steps.
    fn play(&mut self, mut orders: Vec<(NodeId, u32, Order)>) -> Vec<Order> {
        let mut steps = Vec::new();
        while let Some((_, _, order)) = orders.first().cloned() {
            steps.push(order.clone());
            let state = Observation::EMPTY;
            let report = match order {
                Order::Commit { .. } => Report::Committed { ballot: TOMBSTONE, state },
                Order::Forget { .. } | Order::Configure { .. } | Order::Retire => Report::Age(3),
                Order::Reject(_) | Order::Erase { .. } | Order::Sweep => Report::Done,
            };
            let given = std::mem::take(&mut orders);
            for (to, number, _) in given {
                orders.extend(self.report(to, number, report));
            }
        }
        steps
    }
}

fn erase() -> Order {
    Order::Erase { key: KEY, tombstone: TOMBSTONE }
}

#[test]
fn a_deletion_takes_four_steps() {
    let mut stage = Stage::new(3, &[]);
    let orders = stage.deleted();
    assert_eq!(orders.len(), 1, "any one proposer will do");
    let ages = PROPOSERS.map(|proposer| (proposer, 3)).to_vec();
    assert_eq!(
        stage.play(orders),
        [
            Order::Commit { key: KEY, by: Accepting::All },
            Order::Forget { key: KEY, tombstone: TOMBSTONE },
            Order::Reject(ages),
            erase(),
        ]
    );
    assert_eq!(stage.orchestrator.missing(), 0);
}

#[test]
fn a_change_that_is_due_goes_before_a_deletion_that_has_only_begun() {
    let mut stage = Stage::new(3, &[OrchestratedChange::RemoveAcceptor]);
    stage.orders(Input::Start);
    let commit = Order::Commit { key: KEY, by: Accepting::All };
    assert_eq!(stage.deleted()[0].2, commit);
    let change = stage.orders(Input::Timer(Timer::Change));
    assert!(matches!(change[0].2, Order::Configure { .. }), "{change:?}");
    let steps = stage.play(change);
    let place = steps.iter().position(|step| *step == commit);
    assert!(place.is_some_and(|place| place > 0), "the deletion comes later: {steps:?}");
    assert_eq!((steps.last(), stage.orchestrator.missing()), (Some(&erase()), 0));
}

#[test]
fn a_deletion_that_proposers_know_of_is_brought_to_its_end_first() {
    let mut stage = Stage::new(3, &[OrchestratedChange::RemoveAcceptor]);
    stage.orders(Input::Start);
    stage.deleted();
    let state = Observation::EMPTY;
    let forget = stage.report(PROPOSERS[1], 1, Report::Committed { ballot: TOMBSTONE, state });
    assert_eq!(stage.orders(Input::Timer(Timer::Change)), []);
    let steps = stage.play(forget);
    let erased = steps.iter().position(|step| *step == erase());
    let changed = steps.iter().position(|step| matches!(step, Order::Configure { .. }));
    assert!(erased.is_some() && erased < changed, "{steps:?}");
}

#[test]
fn a_step_is_over_when_all_nodes_have_reported() {
    let mut stage = Stage::new(3, &[]);
    stage.deleted();
    let state = Observation::EMPTY;
    let forget = stage.report(PROPOSERS[1], 1, Report::Committed { ballot: TOMBSTONE, state });
    assert_eq!(forget.len(), 2);
    assert_eq!(stage.report(PROPOSERS[0], 2, Report::Age(1)), []);
    assert_eq!(stage.report(PROPOSERS[0], 2, Report::Age(1)), [], "it is the same report");
    assert_eq!(stage.report(PROPOSERS[1], 1, Report::Age(1)), [], "it is of another order");
    let again = stage.orders(Input::Timer(Timer::Try));
    assert_eq!(again, [forget[1].clone()], "a node that has reported gets no second order");
    assert_eq!(stage.report(PROPOSERS[1], 2, Report::Age(1)).len(), 3);
}

#[test]
fn a_crash_in_a_step_does_not_lose_it() {
    let mut stage = Stage::new(3, &[]);
    stage.deleted();
    let state = Observation::EMPTY;
    let forget = stage.report(PROPOSERS[0], 1, Report::Committed { ballot: TOMBSTONE, state });
    stage.report(PROPOSERS[0], 2, Report::Age(5));
    stage.orchestrator = stage.orchestrator.clone().crash(Keep::Durable);
    assert_eq!(stage.orders(Input::Start), [forget[1].clone()]);
    let reject = stage.report(PROPOSERS[1], 2, Report::Age(6));
    assert_eq!(reject[0].2, Order::Reject(vec![(PROPOSERS[0], 5), (PROPOSERS[1], 6)]));
}

#[test]
fn a_register_that_was_written_again_is_left_alone() {
    let mut stage = Stage::new(3, &[]);
    stage.deleted();
    let state = Observation { version: history::Version(1), value: history::Value(3) };
    assert_eq!(stage.report(PROPOSERS[0], 1, Report::Committed { ballot: TOMBSTONE, state }), []);
    assert_eq!(stage.orchestrator.missing(), 0);
}

#[test]
fn a_promise_since_the_tombstone_begins_it_all_again() {
    let mut stage = Stage::new(3, &[]);
    stage.deleted();
    let state = Observation::EMPTY;
    stage.report(PROPOSERS[0], 1, Report::Committed { ballot: TOMBSTONE, state });
    stage.all(&PROPOSERS, 2, Report::Age(1));
    let acceptors = [NodeId(0), NodeId(1), NodeId(2)];
    assert_eq!(stage.all(&acceptors, 3, Report::Done)[0].2, erase());
    assert_eq!(stage.report(NodeId(1), 4, Report::Kept), []);
    assert_eq!(stage.report(NodeId(0), 4, Report::Done), []);
    let again = stage.report(NodeId(2), 4, Report::Done);
    assert_eq!(again[0].2, Order::Commit { key: KEY, by: Accepting::All });
}

/// The steps of a change in short form: `p2/3 a3/4` is a configuration, and `r` a rescanned key.
fn steps(acceptors: u16, change: OrchestratedChange) -> String {
    let mut stage = Stage::new(acceptors, &[change]);
    stage.orders(Input::Start);
    let orders = stage.orders(Input::Timer(Timer::Change));
    let steps = stage.play(orders);
    let words = steps.iter().map(|step| match step {
        Order::Configure { configuration: Configuration { prepare, accept }, .. } => {
            let (p, a) = (prepare.nodes.len(), accept.nodes.len());
            format!("p{}/{p} a{}/{a}", prepare.size, accept.size)
        }
        Order::Commit { by: Accepting::Quorum, .. } => "r".to_owned(),
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[test]
fn keys_are_rescanned_on_the_way_to_an_even_number() {
    use OrchestratedChange::{AddAcceptor, RemoveAcceptor, ReplaceAcceptor};
    assert_eq!(steps(3, AddAcceptor), "p3/4 a3/4, r, r");
    assert_eq!(steps(4, AddAcceptor), "p3/5 a3/5");
    assert_eq!(steps(4, RemoveAcceptor), "p2/3 a2/3");
    assert_eq!(steps(5, RemoveAcceptor), "p3/4 a3/4, r, r");
    assert_eq!(steps(3, ReplaceAcceptor), "p3/4 a3/4, r, r, p2/3 a2/3");
}

/// Whether all majorities of two sets of these sizes meet, with this many acceptors in common.
fn majorities_meet(one: usize, other: usize, common: usize) -> bool {
    let (one_majority, other_majority) = (one / 2 + 1, other / 2 + 1);
    (one_majority + common).saturating_sub(one) + other_majority > other
}

/// The fact that the order of rescans relies on.
#[test]
fn majorities_meet_as_far_as_the_next_rescan() {
    for n in 1..50 {
        assert!(majorities_meet(n, n + 1, n) && majorities_meet(n + 1, n, n), "{n}");
        let two_apart = [(n, n + 2, n), (n + 2, n, n), (n + 1, n + 1, n)];
        for (one, other, common) in two_apart {
            let meet = majorities_meet(one, other, common);
            assert_eq!(meet, one.is_multiple_of(2), "{one} and {other} with {common} in common");
        }
    }
}

#[test]
fn what_a_removed_proposer_has_sent_is_rejected() {
    let steps = steps(3, OrchestratedChange::RemoveProposer);
    assert_eq!(steps, "Retire, Reject([(NodeId(8), 3)])");
}
