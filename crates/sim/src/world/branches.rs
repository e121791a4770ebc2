//! All that a choice can come to, by the answers to the questions of its step.

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
