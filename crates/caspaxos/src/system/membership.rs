//! Changing the acceptors while clients are at work.
//!
//! A proposer's acceptors are fixed. To change them, new proposers replace the old ones. A change
//! from a set of acceptors to one that has one more, or one less, takes two *generations* of
//! proposers. With S the smaller of the two sets and L the larger:
//!
//! 1. The first generation prepares with a majority of S and has accepted by a majority of L. Each
//!    of these quorums meets each old and each new quorum, so this generation can work beside the
//!    one before. Clients move to it one at a time.
//! 2. When no client uses the old generation any more, all keys are *rescanned*: a read commits
//!    each of them again, by a majority of L.
//! 3. The second generation prepares and has accepted by majorities of the new set.
//!
//! A missing rescan does no harm at once, because majorities of S and of L always meet. But a
//! *cold* key, which no client writes to, stays where a majority of the old set accepted it. When
//! one acceptor joins and then one of that majority leaves, a majority of the new set need not meet
//! the rest of the old majority.
//!
//! (CASPaxos paper, section 2.3; the steps of growing in order, those of shrinking in reverse. Here
//! both are the same two generations.)
//!
//! [`Membership`] is the operator: a part of the nemesis, which waits for a number of successful
//! writes between its steps. Before the first change a sweeper can write cold keys, and after the
//! last change a sweeper reads every key. In a scenario file:
//!
//! ```toml
//! [caspaxos.membership]
//! changes = ["grow", "shrink"]
//! cold_keys = 20
//! ```

use std::collections::BTreeSet;

use history::NodeId;
use scenario::WriteCount;
use serde::{Deserialize, Serialize};
use sim::{Command, Event, Identifier, Identity, Kind, Nemesis, NemesisContext};

use crate::{Configuration, Message, Protocol, Quorum};

/// A change of membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MembershipChange {
    /// A new acceptor joins.
    Grow,
    /// One of the acceptors, drawn by chance, leaves.
    Shrink,
}

/// The operator.
#[derive(Clone, Debug, Default)]
pub struct Membership {
    steps: Vec<Step>,
    next: usize,
    writes: WriteCount,
    /// The number of writes before the next step.
    writes_wanted: u64,
    /// Clients and sweepers that are done.
    done: BTreeSet<NodeId>,
    /// The smaller and the larger set of the current change.
    smaller: Vec<NodeId>,
    larger: Vec<NodeId>,
    /// The set after the current change.
    members: Vec<NodeId>,
}

#[derive(Clone, Debug)]
enum Step {
    /// Wait for this many more writes.
    Writes(u64),
    /// Wait until this client or sweeper is done.
    Done(NodeId),
    /// Start a node.
    Start(NodeId),
    /// Stop a client after its open operation.
    Stop(NodeId),
    /// Begin a change in which this acceptor joins.
    Join(NodeId),
    /// Begin a change in which an acceptor leaves.
    Leave,
    /// Give a proposer the acceptors of the first generation of the change.
    ConfigureBetween(NodeId),
    /// Give a proposer the acceptors of the second generation of the change.
    ConfigureAfter(NodeId),
}

/// The nodes of a plan, in the order of their use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cast {
    /// The initial acceptors.
    pub(crate) acceptors: Vec<NodeId>,
    /// The acceptors that join.
    pub(crate) joining: Vec<NodeId>,
    /// The nodes of each generation.
    pub(crate) proposers: Vec<Vec<NodeId>>,
    /// The nodes of each generation.
    pub(crate) clients: Vec<Vec<NodeId>>,
    /// Writes the cold keys.
    pub(crate) writer: Option<NodeId>,
    /// The sweepers that rescan all keys, one per change. Empty without rescans.
    pub(crate) rescanners: Vec<NodeId>,
    /// Reads all keys at the end.
    pub(crate) reader: Option<NodeId>,
}

impl Cast {
    /// Gives a generation of proposers its acceptors, and starts its clients, one at a time.
    fn take_over(
        &self,
        generation: usize,
        configure: fn(NodeId) -> Step,
        writes: u64,
    ) -> Vec<Step> {
        let mut steps: Vec<Step> =
            self.proposers[generation].iter().copied().map(configure).collect();
        let (old, new) = (&self.clients[generation - 1], &self.clients[generation]);
        for (old, new) in old.iter().zip(new) {
            steps.extend([Step::Writes(writes), Step::Stop(*old), Step::Start(*new)]);
        }
        steps.extend(old.iter().copied().map(Step::Done));
        steps
    }
}

/// A sweeper goes over all of its keys.
fn sweep(sweeper: NodeId) -> [Step; 2] {
    [Step::Start(sweeper), Step::Done(sweeper)]
}

impl Membership {
    /// A plan for these changes. The writes of a change are spread evenly over its steps.
    pub(crate) fn new(changes: &[MembershipChange], writes: u64, cast: Cast) -> Membership {
        let waits = 2 * cast.clients[0].len() as u64;
        let writes = writes.div_ceil(waits.max(1));
        let mut steps = Vec::new();
        steps.extend(cast.writer.into_iter().flat_map(sweep));
        steps.extend(cast.clients[0].iter().copied().map(Step::Start));
        let mut joining = cast.joining.iter().copied();
        let mut rescanners = cast.rescanners.iter().copied();
        for (number, change) in changes.iter().enumerate() {
            match change {
                MembershipChange::Grow => {
                    let acceptor = joining.next().expect("one joins for each growth");
                    steps.extend([Step::Start(acceptor), Step::Join(acceptor)]);
                }
                MembershipChange::Shrink => steps.push(Step::Leave),
            }
            let first = 1 + 2 * number;
            steps.extend(cast.take_over(first, Step::ConfigureBetween, writes));
            steps.extend(rescanners.next().into_iter().flat_map(sweep));
            steps.extend(cast.take_over(first + 1, Step::ConfigureAfter, writes));
        }
        let last = &cast.clients[2 * changes.len()];
        steps.push(Step::Writes(writes));
        steps.extend(last.iter().copied().map(Step::Stop));
        steps.extend(last.iter().copied().map(Step::Done));
        steps.extend(cast.reader.into_iter().flat_map(sweep));
        Membership { steps, members: cast.acceptors, ..Membership::default() }
    }

    /// Whether the next step is due.
    fn is_due(&self) -> bool {
        match self.steps.get(self.next) {
            None => false,
            Some(Step::Writes(_)) => self.writes.total() >= self.writes_wanted,
            Some(Step::Done(node)) => self.done.contains(node),
            Some(_) => true,
        }
    }

    fn act(&mut self, cx: &mut NemesisContext<'_, Message>) {
        match self.steps[self.next] {
            Step::Writes(_) | Step::Done(_) => (),
            Step::Start(node) => cx.command(Command::Start(node)),
            Step::Stop(node) => cx.command(Command::Tell { node, message: Message::Stop }),
            Step::Join(acceptor) => {
                self.smaller.clone_from(&self.members);
                self.members.push(acceptor);
                self.larger.clone_from(&self.members);
            }
            Step::Leave => {
                self.larger.clone_from(&self.members);
                let place = cx.choose("leaving-acceptor", self.members.len() as u64) as usize;
                self.members.remove(place);
                self.smaller.clone_from(&self.members);
            }
            Step::ConfigureBetween(node) => {
                let prepare = Quorum::majority(self.smaller.clone());
                let accept = Quorum::majority(self.larger.clone());
                let message = Message::Configure(Configuration { prepare, accept });
                cx.command(Command::Tell { node, message });
            }
            Step::ConfigureAfter(node) => {
                let majority = Quorum::majority(self.members.clone());
                let (prepare, accept) = (majority.clone(), majority);
                let message = Message::Configure(Configuration { prepare, accept });
                cx.command(Command::Tell { node, message });
            }
        }
        self.next += 1;
        if let Some(Step::Writes(more)) = self.steps.get(self.next) {
            self.writes_wanted = self.writes.total() + more;
        }
    }
}

impl Identity for Membership {
    fn identify(&self, into: &mut Identifier<'_>) {
        into.as_it_stands(&format!("{self:?}"));
    }
}

impl Nemesis<Protocol> for Membership {
    #[inline]
    fn on_event(&mut self, event: &Event<Protocol>, cx: &mut NemesisContext<'_, Message>) {
        // Nearly all events are messages, and no step waits for one.
        if let Kind::Send { .. } | Kind::Deliver { .. } = event.kind {
            return;
        }
        if self.next < self.steps.len() {
            self.go_on(event, cx);
        }
    }
}

impl Membership {
    fn go_on(&mut self, event: &Event<Protocol>, cx: &mut NemesisContext<'_, Message>) {
        self.writes.event(event);
        if let Kind::Mark(name) = &event.kind
            && (name == "client-done" || name == "swept")
        {
            self.done.insert(event.node);
        }
        while self.is_due() {
            self.act(cx);
        }
    }
}
