//! All that a choice can come to, by the answers to the questions of its step.
//!
//! An explorer of all states is a loop around it. Here are two actors that greet each other. A
//! greeting can be lost or duplicated. An actor greets once more if it was not greeted in time.
//!
//! ```
//! use std::collections::BTreeSet;
//! use std::hash::Hash;
//!
//! use history::{NodeId, Span};
//! use sim::*;
//!
//! #[derive(Clone, Debug, Hash)]
//! struct Actor {
//!     peer: NodeId,
//!     greeted: bool,
//!     tries: u8,
//! }
//!
//! impl Process for Actor {
//!     type Protocol = Types<()>;
//!
//!     fn handle(&mut self, cx: &mut Context<'_, Types<()>>, input: Input<Types<()>>) {
//!         match input {
//!             Input::Message { .. } => self.greeted = true,
//!             Input::Start | Input::Timer(()) if !self.greeted && self.tries > 0 => {
//!                 self.tries -= 1;
//!                 cx.send(self.peer, ());
//!                 cx.set_timer(Span::from_millis(10), ());
//!             }
//!             _ => {}
//!         }
//!     }
//!
//!     fn crash(self, _: Keep) -> Self {
//!         self
//!     }
//!
//!     // Nothing here holds a time or a number that stands for something.
//!     fn identify(&self, into: &mut Identifier<'_>) {
//!         self.hash(into);
//!     }
//!     fn identify_message(message: &(), into: &mut Identifier<'_>) {
//!         message.hash(into);
//!     }
//!     fn identify_timer(timer: &(), into: &mut Identifier<'_>) {
//!         timer.hash(into);
//!     }
//! }
//!
//! let mut world = World::new(Enumerated::new(Faults::Any), (), Limits::default());
//! for (name, peer) in [("a", NodeId(1)), ("b", NodeId(0))] {
//!     let actor = Actor { peer, greeted: false, tries: 2 };
//!     world.add_node(NodeSpec::new(name, Role(0), actor));
//! }
//! let (mut seen, mut to_do) = (BTreeSet::new(), world.beginnings(&(), 16));
//! let mut both_greeted = 0;
//! while let Some(Branch { world, .. }) = to_do.pop() {
//!     if !seen.insert(world.fingerprint()) {
//!         continue;
//!     }
//!     both_greeted += u32::from((0..2).all(|node| world.process(NodeId(node)).greeted));
//!     for pending in world.pending() {
//!         to_do.extend(world.branches(&(), &pending.choice, 16).expect("it is pending"));
//!     }
//! }
//! assert_eq!((seen.len(), both_greeted), (389, 92));
//! ```

use crate::{Enumerated, MessageOf, Nemesis, Observer, Process, Question, other_answers};

use super::{CannotTake, Choice, World};

/// One of the worlds that a choice can lead to.
#[derive(Clone, Debug)]
pub struct Branch<P: Process, N, O> {
    /// The world after the step.
    pub world: World<P, Enumerated, N>,
    /// The observer after the step.
    pub observer: O,
    /// How the questions of the step were answered.
    pub answers: Vec<u64>,
    /// Questions with too many answers: only 0 was tried, so the exploration is incomplete.
    pub cut_short: Vec<Question>,
}

impl<P: Process, N: Nemesis<P::Protocol>> World<P, Enumerated, N> {
    /// Takes a choice in every way: once for each list of answers to the questions that the step
    /// asks. A question with more than `limit` answers is answered with 0 only.
    ///
    /// # Errors
    /// If the choice is not [pending](World::pending).
    pub fn branches<O: Observer<P::Protocol> + Clone>(
        &self,
        observer: &O,
        choice: &Choice<MessageOf<P>>,
        limit: u64,
    ) -> Result<Vec<Branch<P, N, O>>, CannotTake> {
        self.in_every_way(observer, limit, |world, observer| world.take(observer, choice))
    }

    /// [Begins](World::begin) in every way.
    pub fn beginnings<O: Observer<P::Protocol> + Clone>(
        &self,
        observer: &O,
        limit: u64,
    ) -> Vec<Branch<P, N, O>> {
        let begun = self.in_every_way(observer, limit, |world, observer| {
            world.begin(observer);
            Ok(())
        });
        begun.expect("a world can begin")
    }

    fn in_every_way<O: Observer<P::Protocol> + Clone>(
        &self,
        observer: &O,
        limit: u64,
        act: impl Fn(&mut Self, &mut O) -> Result<(), CannotTake>,
    ) -> Result<Vec<Branch<P, N, O>>, CannotTake> {
        let mut branches = Vec::new();
        let mut to_try = vec![Vec::new()];
        while let Some(told) = to_try.pop() {
            let (mut world, mut observer) = (self.clone(), observer.clone());
            world.choices.answer(&told);
            act(&mut world, &mut observer)?;
            let questions = world.choices.questions();
            to_try.extend(other_answers(questions, told.len(), limit));
            let answers = questions.iter().map(|question| question.answer).collect();
            let cut_short = questions.iter().filter(|question| question.is_cut_short(limit));
            let cut_short = cut_short.cloned().collect();
            branches.push(Branch { world, observer, answers, cut_short });
        }
        Ok(branches)
    }
}
