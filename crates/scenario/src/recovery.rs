//! The end of all faults, and the progress of clients after it.
//!
//! A system that does nothing is always safe. So a scenario can say when its faults end, and how
//! soon each client must then finish an operation. The nemesis stops, the network heals, and nodes
//! that crashed, were paused or slowed down run again. If a role is named, only a random majority
//! of it is reachable: a property that should hold with F of 2F + 1 nodes gone is tested with F of
//! them gone.
//!
//! From then on each unfinished client must begin and finish an operation in time. A failed
//! operation, or one with an unknown outcome, does not count: in a livelock all clients are busy,
//! and none makes progress.

use std::collections::{BTreeMap, BTreeSet};

use history::{Completion, Names, NodeId, OpId, Span, Time};
use sim::{Command, Endpoint, Event, Kind, NemesisContext, Observer, Protocol};

use crate::fault::Directory;
use crate::judgement::LIVENESS;
use crate::prepared::Prepared;
use crate::{Problem, RecoverySection, System, Violation, Waiting};

/// The maximum number of clients without progress that are named one by one.
const TOLD: usize = 5;

/// The nemesis's part: it records the faults of nodes, and undoes them.
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    /// Of these only a majority comes back.
    group: Vec<NodeId>,
    /// Some nodes may not have been started yet, and are not for a recovery to start.
    up: BTreeSet<NodeId>,
    down: BTreeSet<NodeId>,
    paused: BTreeSet<NodeId>,
    slow: BTreeSet<NodeId>,
}

impl Recovery {
    pub(crate) fn new(
        section: &RecoverySection,
        directory: &Directory,
    ) -> Result<Recovery, Problem> {
        if section.within == Span::ZERO {
            return Err(Problem::new("recovery.within", "nobody does anything in no time"));
        }
        let role = section.role.as_ref();
        let group = role.map(|role| directory.group(role, "recovery.role")).transpose()?;
        let group = group.unwrap_or_default();
        let (up, down, paused, slow) = Default::default();
        Ok(Recovery { group, up, down, paused, slow })
    }

    /// Handles an event. When the network has healed, all earlier commands have been executed, so
    /// the nodes are repaired then.
    pub(crate) fn on_event<P: Protocol>(
        &mut self,
        event: &Event<P>,
        cx: &mut NemesisContext<'_, P::Message>,
    ) {
        match &event.kind {
            Kind::Start => {
                self.down.remove(&event.node);
                self.up.insert(event.node);
            }
            Kind::Nemesis(Command::Crash { node, .. }) if self.up.remove(node) => {
                self.paused.remove(node);
                self.down.insert(*node);
            }
            Kind::Nemesis(Command::Pause(node)) => _ = self.paused.insert(*node),
            Kind::Nemesis(Command::Resume(node)) => _ = self.paused.remove(node),
            Kind::Nemesis(Command::Slow { node, by: Span::ZERO }) => _ = self.slow.remove(node),
            Kind::Nemesis(Command::Slow { node, .. }) => _ = self.slow.insert(*node),
            Kind::Nemesis(Command::Mend) => self.put_right(cx),
            _ => (),
        }
    }

    fn put_right<M>(&self, cx: &mut NemesisContext<'_, M>) {
        let gone = self.draw_gone(cx);
        for node in &gone {
            let (node, all) = (Endpoint::Node(*node), Endpoint::Any);
            cx.command(Command::Cut { from: node, to: all });
            cx.command(Command::Cut { from: all, to: node });
        }
        let back = |nodes: &BTreeSet<NodeId>| -> Vec<NodeId> {
            nodes.iter().copied().filter(|node| !gone.contains(node)).collect()
        };
        back(&self.slow).into_iter().for_each(|node| {
            cx.command(Command::Slow { node, by: Span::ZERO });
        });
        back(&self.paused).into_iter().for_each(|node| cx.command(Command::Resume(node)));
        back(&self.down).into_iter().for_each(|node| cx.command(Command::Start(node)));
    }

    /// The minority that does not come back.
    fn draw_gone<M>(&self, cx: &mut NemesisContext<'_, M>) -> Vec<NodeId> {
        let mut left = self.group.clone();
        let minority = left.len().saturating_sub(1) / 2;
        (0..minority).map(|_| left.remove(cx.choose("gone", left.len() as u64) as usize)).collect()
    }
}

/// Observes the progress of clients after the recovery.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// `None` if the scenario has no recovery, or if the progress was already checked.
    within: Option<Span>,
    recovered: Option<Time>,
    gone: BTreeSet<NodeId>,
    clients: BTreeMap<NodeId, Attempts>,
    marks: BTreeMap<String, u64>,
}

/// What a client has tried since the recovery.
#[derive(Clone, Copy, Debug, Default)]
struct Attempts {
    /// The operation that it is at, if it began after the recovery.
    open: Option<OpId>,
    finished: u64,
    failed: u64,
    unknown: u64,
}

impl Progress {
    pub(crate) fn new(recovery: Option<&RecoverySection>) -> Progress {
        Progress { within: recovery.map(|section| section.within), ..Progress::default() }
    }

    /// Whether the progress must be checked now. True once.
    pub(crate) fn is_due(&self, now: Time) -> bool {
        let (Some(within), Some(recovered)) = (self.within, self.recovered) else {
            return false;
        };
        now > recovered + within
    }

    /// The unfinished clients that have not finished an operation since the recovery.
    pub(crate) fn stuck(&mut self, is_done: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
        self.within = None;
        let idle = self.clients.iter().filter(|(_, attempts)| attempts.finished == 0);
        idle.map(|(client, _)| *client).filter(|client| !is_done(*client)).collect()
    }

    /// What has been going on, in sentences.
    pub(crate) fn story(&self, stuck: &[NodeId], names: &Names) -> Vec<String> {
        let name = |node: &NodeId| names.node(*node);
        let recovered = self.recovered.unwrap_or_default();
        let gone: Vec<String> = self.gone.iter().map(|node| name(node).to_string()).collect();
        let but = match gone.len() {
            0 => String::new(),
            _ => format!(", but that nobody reaches {}", gone.join(", ")),
        };
        let mut story = vec![format!("from {recovered} on nothing goes wrong any more{but}")];
        let (told, others) = stuck.split_at(stuck.len().min(TOLD));
        story.extend(told.iter().map(|client| {
            let Attempts { failed, unknown, .. } = self.clients[client];
            format!(
                "{} has finished nothing since: {failed} of its operations failed, and of \
                 {unknown} it does not know the outcome",
                name(client)
            )
        }));
        if !others.is_empty() {
            story.push(format!("nor have {} others", others.len()));
        }
        let marks = self.marks.iter().map(|(mark, count)| format!("{mark} {count}"));
        let marks: Vec<String> = marks.collect();
        if !marks.is_empty() {
            story.push(format!("meanwhile: {}", marks.join(", ")));
        }
        story
    }
}

impl<S: System> Prepared<S> {
    /// The clients without progress since the recovery.
    pub(crate) fn stalled<'w>(
        &self,
        progress: &mut Progress,
        process: impl Fn(NodeId) -> &'w S::Process,
    ) -> Option<Violation> {
        let stuck = progress.stuck(|node| S::unfinished(process(node)).is_none());
        let within = self.general.recovery.as_ref().map(|section| section.within)?;
        if stuck.is_empty() {
            return None;
        }
        let names = self.names();
        let who: Vec<_> = stuck.iter().map(|node| names.node(*node)).collect();
        let mut story = progress.story(&stuck, &names);
        story.extend(self.waiting(process));
        Some(Violation {
            by: LIVENESS.to_owned(),
            summary: format!("{within} after all faults ended, {} got nowhere", who.join(", ")),
            story,
            ..Violation::default()
        })
    }

    /// The waits of nodes, in sentences. Nodes with the same wait share a sentence.
    pub(crate) fn waiting<'w>(&self, process: impl Fn(NodeId) -> &'w S::Process) -> Vec<String> {
        let names = self.names();
        let mut waiting: BTreeMap<(Vec<NodeId>, String), Vec<NodeId>> = BTreeMap::new();
        for node in (0..names.nodes.len()).map(|index| NodeId(index as u16)) {
            let mut whom: BTreeMap<String, Vec<NodeId>> = BTreeMap::new();
            for Waiting { on, what, key } in S::waits_for(process(node)) {
                let key = key.map(|key| format!(" for {}", names.key(key))).unwrap_or_default();
                whom.entry(format!("{what}{key}")).or_default().push(on);
            }
            for (what, on) in whom {
                waiting.entry((on, what)).or_default().push(node);
            }
        }
        let all = |nodes: &[NodeId]| {
            let names: Vec<_> = nodes.iter().map(|node| names.node(*node)).collect();
            names.join(", ")
        };
        let lines = waiting.iter().map(|((on, what), nodes)| match &nodes[..] {
            [node] => format!("{} waits for {}: {what}", names.node(*node), all(on)),
            nodes => format!("{} wait for {}: {what}", all(nodes), all(on)),
        });
        lines.collect()
    }
}

impl<P: Protocol> Observer<P> for Progress {
    #[inline]
    fn event(&mut self, event: &Event<P>) {
        if self.within.is_some() {
            self.note(event);
        }
    }
}

impl Progress {
    fn note<P: Protocol>(&mut self, event: &Event<P>) {
        match &event.kind {
            Kind::Nemesis(Command::Mend) => self.recovered = Some(event.at),
            Kind::Invoke(invoke) => {
                let client = self.clients.entry(event.node).or_default();
                client.open = self.recovered.map(|_| invoke.op);
            }
            _ if self.recovered.is_none() => (),
            Kind::Nemesis(Command::Cut { from: Endpoint::Node(node), to: Endpoint::Any }) => {
                self.gone.insert(*node);
            }
            Kind::Return(ended) => {
                let client = self.clients.entry(event.node).or_default();
                match ended.completion {
                    Completion::Ok(_) | Completion::Refused(_) => {
                        client.finished += u64::from(client.open == Some(ended.op));
                    }
                    Completion::Failed => client.failed += 1,
                    Completion::Unknown => client.unknown += 1,
                }
            }
            Kind::Mark(mark) => *self.marks.entry(mark.to_string()).or_default() += 1,
            _ => (),
        }
    }
}
