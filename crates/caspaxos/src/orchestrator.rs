//! The orchestrator: collects what deletions leave behind, and changes the membership, while
//! clients are at work.
//!
//! Both are lists of steps. Which steps they are, its [rules](crate::rules) say. A step is an order
//! to certain nodes, and it is done when all of them have reported. Until then the order is given
//! again to those that have not: it, and the report, may be lost, come twice, or come late. What
//! the orchestrator has still to do it writes down before it gives an order, so that it can crash
//! at any moment, and goes on with the same step when it starts again. It does one thing after the
//! other; so a deletion and a change of membership never meet half-way. A change that is due goes
//! first, and a deletion that has got no further than its first step is put off for it: that takes
//! all acceptors, and the change may be the removal of one that is gone.
//!
//! # Deletion
//!
//! (CASPaxos paper, section 3.1.) A client deletes a register by a change like any other: the empty
//! state is accepted by a quorum, which is a *tombstone*, and the client is answered. The register
//! is as good as new then, and still there on every acceptor. To erase it,
//!
//! 1. the state is committed again, *by all acceptors*; if it is empty under a ballot b then,
//! 2. every proposer *forgets* the register, moves past b, and *comes of age*: nothing that it has
//!    sent before is of that age;
//! 3. every acceptor is told these ages, and *rejects* what is of an earlier one;
//! 4. every acceptor *erases* the register if it still holds what it accepted under b, and has
//!    promised nothing since. If one has, all this begins again.
//!
//! The first makes sure that nothing older than the tombstone is left to be seen once that is gone;
//! the second, that nothing is written below a tombstone which is still there; the third, that
//! nothing that is still under way revives the register; the fourth, that nobody's promise is
//! forgotten. A proposer keeps its age, and how far it has moved, when it crashes.
//!
//! # Membership
//!
//! (CASPaxos paper, section 2.3.) Proposers are given other acceptors while they are at work, in
//! configurations with an *epoch*, so that an old one does not replace a newer one. A configuration
//! is a majority of a set of acceptors, for both phases, and has one acceptor more or less than the
//! one before. Whenever their number has become *even*, all keys are *rescanned*: committed again.
//!
//! Why that suffices. Two majorities of sets that differ by one always meet, so proposers of two
//! configurations in a row can work side by side. A majority of an even number, F + 2 of 2F + 2, is
//! so large that it also meets each majority of a set that differs by two. So between two rescans,
//! which lie two changes apart at the most, nothing can be overlooked that the first of them had
//! left. From even to odd nothing has to be rescanned, as if the acceptor that joins had been there
//! and was down. (The paper first changes whom to accept by, rescans, and then whom to prepare
//! with, and has keys rescanned once more before an even number becomes odd. That second rescan
//! does it.)
//!
//! What meets has to meet for attempts, too. A proposer that led, or was half-way through a change,
//! relies on promises of acceptors that it does not ask any more; after two changes others need not
//! hear of these. So with another configuration it begins anew, and what it has sent before a
//! rescan comes too late after it.
//!
//! To replace an acceptor is to add one, and to remove another. A proposer is added by giving it a
//! configuration; from then on it is asked to forget, too. It is removed by turning it off; where
//! registers are deleted, it comes of age once more with that, and what it has sent is rejected.

mod plan;
mod step;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use history::{Key, NodeId, Observation, Span};
use sim::{Context, Input, Keep, TimerId, Waiting};

pub(crate) use self::plan::Job;
pub use self::plan::{Cast, OrchestratedChange};
use self::step::Round;
pub use self::step::Step;
use crate::order::Report;
use crate::rules::Rules;
use crate::{Ballot, Message, Protocol, Timer};

type Cx<'a> = Context<'a, Protocol>;

/// How it goes about it.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Pace {
    /// Between two changes.
    pub(crate) every: Span,
    /// Before an order is given again.
    pub(crate) retry: Span,
}

/// An orchestrator. All but its timer outlasts a crash.
#[derive(Clone, Debug, Hash)]
pub struct Orchestrator {
    cast: Cast,
    pace: Pace,
    rules: &'static dyn Rules,
    /// Whether the next job may begin.
    is_due: bool,
    jobs: VecDeque<Job>,
    /// Registers that were deleted, and the ballots of their tombstones.
    deleted: VecDeque<(Key, Ballot)>,
    /// The number of the latest configuration.
    epoch: u64,
    /// The number of the latest order.
    number: u32,
    /// The ages that proposers have reported last.
    ages: Vec<(NodeId, u32)>,
    /// What is to be done after the present step.
    steps: VecDeque<Step>,
    round: Option<Round>,
    timer: Option<TimerId>,
}

impl sim::Process for Orchestrator {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Start => {
                self.await_next_job(cx);
                if self.round.is_some() {
                    cx.mark("orchestrator-resumed");
                    self.give(cx);
                }
            }
            Input::Timer(Timer::Change) => self.is_due = true,
            Input::Timer(Timer::Try) => self.give(cx),
            Input::Message { message: Message::Deleted { key, tombstone }, .. } => {
                // Once is enough: so the list is no longer than there are keys.
                self.deleted.retain(|(queued, _)| *queued != key);
                self.deleted.push_back((key, tombstone));
            }
            Input::Message { from, message: Message::Report { number, report } } => {
                self.hear(cx, from, number, report);
            }
            _ => (),
        }
        self.proceed(cx);
    }

    fn crash(self, _: Keep) -> Orchestrator {
        Orchestrator { timer: None, ..self }
    }
}

impl Orchestrator {
    pub(crate) fn new(
        cast: Cast,
        jobs: Vec<Job>,
        pace: Pace,
        rules: &'static dyn Rules,
    ) -> Orchestrator {
        Orchestrator {
            cast,
            pace,
            rules,
            is_due: false,
            jobs: jobs.into(),
            deleted: VecDeque::new(),
            epoch: 0,
            number: 0,
            ages: Vec::new(),
            steps: VecDeque::new(),
            round: None,
            timer: None,
        }
    }

    /// How many things it has still to do.
    pub(crate) fn missing(&self) -> usize {
        let present = usize::from(self.round.is_some());
        present + self.steps.len() + self.jobs.len() + self.deleted.len()
    }

    /// Whom it waits for.
    pub(crate) fn waits_for(&self) -> Vec<Waiting> {
        let nodes = self.round.iter().flat_map(|round| &round.waiting);
        let wait = |on: &NodeId| Waiting { on: *on, what: "a report".to_owned(), key: None };
        nodes.map(wait).collect()
    }

    fn await_next_job(&self, cx: &mut Cx<'_>) {
        if !self.jobs.is_empty() {
            cx.set_timer(self.pace.every, Timer::Change);
        }
    }

    /// Begins the next step, or the next job, unless it is at one.
    fn proceed(&mut self, cx: &mut Cx<'_>) {
        self.make_way();
        while self.round.is_none() {
            if let Some(step) = self.steps.pop_front() {
                self.begin(cx, step);
            } else if self.is_due
                && let Some(job) = self.jobs.pop_front()
            {
                self.is_due = false;
                self.steps = self.plan(cx, job);
                self.await_next_job(cx);
            } else if let Some((key, tombstone)) = self.deleted.pop_front() {
                self.begin(cx, self.rules.after_deletion(key, tombstone));
            } else {
                return;
            }
        }
    }

    /// Puts off a deletion of which nobody knows yet, if a change is due.
    fn make_way(&mut self) {
        if self.is_due
            && !self.jobs.is_empty()
            && let Some(Round { step: Step::Commit { key, tombstone, .. }, .. }) = self.round
        {
            self.round = None;
            self.put_off(key, tombstone);
        }
    }

    fn put_off(&mut self, key: Key, tombstone: Ballot) {
        // What was deleted again meanwhile is in the list already.
        if self.deleted.iter().all(|(queued, _)| *queued != key) {
            self.deleted.push_front((key, tombstone));
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>, step: Step) {
        self.number += 1;
        if let Step::Configure(_) = step {
            self.epoch += 1;
        }
        let waiting = step.nodes(&self.cast);
        self.round = Some(Round::new(self.number, step, waiting));
        self.give(cx);
    }

    /// Gives the order of the present step to those who have not reported.
    fn give(&mut self, cx: &mut Cx<'_>) {
        let Some(Round { number, step, waiting, .. }) = &self.round else {
            return;
        };
        let (number, order) = (*number, step.order(self.epoch, &self.ages));
        match step {
            // Any of them will do.
            Step::Commit { .. } | Step::Rescan(_) => {
                let place = cx.choose("committing-proposer", waiting.len() as u64) as usize;
                cx.send(waiting[place], Message::Order { number, order });
            }
            _ => {
                for node in waiting {
                    cx.send(*node, Message::Order { number, order: order.clone() });
                }
            }
        }
        if let Some(timer) = self.timer.take() {
            cx.cancel_timer(timer);
        }
        self.timer = Some(cx.set_timer(self.pace.retry, Timer::Try));
    }

    fn hear(&mut self, cx: &mut Cx<'_>, from: NodeId, number: u32, report: Report) {
        let Some(round) = self.round.as_mut().filter(|round| round.number == number) else {
            return;
        };
        round.hear(from, report);
        if !round.waiting.is_empty() {
            return;
        }
        if let Some(timer) = self.timer.take() {
            cx.cancel_timer(timer);
        }
        if let Some(round) = self.round.take() {
            self.finish(cx, round);
        }
    }

    /// A step is done: what follows from what was reported.
    fn finish(&mut self, cx: &mut Cx<'_>, round: Round) {
        match round.step {
            Step::Commit { key, .. } => {
                if let Some((tombstone, Observation::EMPTY)) = round.committed {
                    self.steps = self.rules.after_commit(key, tombstone).into();
                }
            }
            Step::Forget { .. } | Step::Retire(_) => self.ages = round.ages,
            Step::Erase { key, tombstone } if round.is_kept => {
                cx.mark("promised-meanwhile");
                self.put_off(key, tombstone);
            }
            Step::Configure(_) => cx.mark("membership-changed"),
            Step::Rescan(_) => cx.mark("rescanned"),
            Step::Erase { .. } | Step::Reject | Step::Sweep(_) => (),
        }
    }
}
