//! Choices for an explorer: each question of a step can be answered in each possible way.
//!
//! A step is taken once, and [`Enumerated::questions`] lists what it asked. Every question without
//! a given answer got 0. [`other_answers`] lists what else the step could have been answered, and
//! the explorer takes the step again from a clone with each of these
//! ([`World::branches`](crate::World::branches) does all this).
//!
//! What the network does with a message is such a question: its purpose is `fate`, its name is the
//! name of the link, and the answers are 0 for a message that arrives, 1 for one that is lost, and
//! 2 for one that is duplicated. It is asked of each message, also where the [`Faults`] leave one
//! answer, so that a list of answers means the same with other faults. Where a message can be
//! duplicated and not lost, it arrives by the answer 1 as by 0.

use std::collections::VecDeque;
use std::sync::Arc;

use history::Time;

use crate::context::Question;
use crate::edit::FATE;
use crate::network::{Chance, Drawn, Link};
use crate::{Choices, Fate, StreamId};

/// Which faults of the network an explorer tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Faults {
    /// Every message arrives once, unless it is never taken.
    #[default]
    None,
    /// A message can be lost or duplicated where the link's rule gives that a chance.
    ByRule,
    /// Any message can be lost.
    Losses,
    /// Any datagram can be duplicated.
    Duplicates,
    /// Any message can be lost. Any datagram can be duplicated.
    Any,
}

/// Gives the answers that it was given, and 0 after those. It remembers what was asked.
#[derive(Clone, Debug, Default)]
pub struct Enumerated {
    faults: Faults,
    answers: VecDeque<u64>,
    questions: Vec<Question>,
    streams: Arc<Vec<(String, String)>>,
}

impl Enumerated {
    /// Choices with these faults of the network.
    #[must_use]
    pub fn new(faults: Faults) -> Enumerated {
        Enumerated { faults, ..Enumerated::default() }
    }

    /// From now on, these faults of the network.
    pub fn allow(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Answers the next questions so, and forgets those that were asked before. To be called before
    /// a step.
    pub fn answer(&mut self, answers: &[u64]) {
        self.answers = answers.iter().copied().collect();
        self.questions.clear();
    }

    /// What was asked since the last call of [`answer`](Self::answer), and the answers.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// How a message on a link can fare, beside arriving once: lost, duplicated.
    fn can(&self, link: &Link) -> (bool, bool) {
        let (lost, duplicated) = match self.faults {
            Faults::None => (false, false),
            Faults::ByRule => (link.rule.loss > Chance::NEVER, link.rule.duplicate > Chance::NEVER),
            Faults::Losses => (true, false),
            Faults::Duplicates => (false, true),
            Faults::Any => (true, true),
        };
        (lost, duplicated && !link.is_stream())
    }
}

impl Choices for Enumerated {
    fn stream(&mut self, purpose: &str, name: &str) -> StreamId {
        let known = self.streams.iter().position(|(p, n)| p == purpose && n == name);
        let place = known.unwrap_or_else(|| {
            Arc::make_mut(&mut self.streams).push((purpose.to_owned(), name.to_owned()));
            self.streams.len() - 1
        });
        StreamId(place as u32)
    }

    fn draw(&mut self, stream: StreamId, bound: u64) -> u64 {
        let answer = self.answers.pop_front().unwrap_or(0);
        let (purpose, name) = self.streams[stream.0 as usize].clone();
        assert!(answer < bound, "the answer {answer} to {purpose:?} is not below {bound}");
        self.questions.push(Question { purpose, name, bound, answer });
        answer
    }

    fn fates_of(&mut self, name: &str) -> StreamId {
        self.stream(FATE, name)
    }

    fn fate(&mut self, link: &mut Link, now: Time) -> Fate {
        let (can_be_lost, can_be_duplicated) = self.can(link);
        let bound = match (can_be_lost, can_be_duplicated) {
            (_, true) => 3,
            (true, false) => 2,
            (false, false) => 1,
        };
        let answer = self.draw(link.fates(), bound);
        let (lost, duplicated) = (can_be_lost && answer == 1, answer == 2);
        let after = link.rule.delay.min;
        link.settle(Drawn { after, copy_after: after, lost, duplicated }, now)
    }
}

/// What else a step could have been answered, if its first `given` answers stay: each list is to be
/// given to [`Enumerated::answer`] before the step is taken again from a clone, and then has
/// alternatives of its own (with `given` the length of the list). A question with a bound above
/// `limit` has no alternatives: see [`Question::is_cut_short`].
#[must_use]
pub fn other_answers(questions: &[Question], given: usize, limit: u64) -> Vec<Vec<u64>> {
    let mut others = Vec::new();
    for (place, question) in questions.iter().enumerate().skip(given) {
        if question.is_cut_short(limit) {
            continue;
        }
        let before: Vec<u64> = questions[..place].iter().map(|question| question.answer).collect();
        for answer in (0..question.bound).filter(|answer| *answer != question.answer) {
            others.push(before.iter().copied().chain([answer]).collect());
        }
    }
    others
}
