//! Running a log again, event by event.
//!
//! A playback plays both parts: it answers every question of chance from the recording, and it
//! holds every event that happens against the one that was recorded. The first that differs is a
//! [`Divergence`], and the end of the replay.
//!
//! Questions are asked before they become events, but in the same order: the answers to a process's
//! questions are emitted one after the other as soon as it has handled its input, and the fate of a
//! message when it is sent. So the next answer is always found by looking ahead past the answers
//! that have been given but not yet emitted.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::rc::Rc;

use history::Time;
use sim::network::Link;
use sim::{Choices, Event, Fate, Kind, Loss, Message, Observer, StreamId};

use crate::{LogError, LogReader};

/// Where a run and its recording part.
#[derive(Debug)]
pub enum Divergence<M, T> {
    /// Something else happens than was recorded; nothing was recorded any more if `expected` is
    /// none.
    Event {
        /// The number of the event, from 0.
        seq: u64,
        /// What was recorded.
        expected: Option<Event<M, T>>,
        /// What happens.
        got: Event<M, T>,
    },
    /// The run is over, but the recording goes on.
    Ended {
        /// The number of the event, from 0.
        seq: u64,
        /// What was recorded.
        expected: Event<M, T>,
    },
}

/// A recording that is being replayed. Its clones are the same playback: one answers questions
/// inside the world, the other compares events outside.
#[derive(Debug)]
pub struct Playback<M, T>(Rc<RefCell<Tape<M, T>>>);

impl<M, T> Clone for Playback<M, T> {
    fn clone(&self) -> Playback<M, T> {
        Playback(Rc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Tape<M, T> {
    log: LogReader,
    /// What has been read ahead.
    ahead: VecDeque<Event<M, T>>,
    /// How many answers have been given that have not been emitted yet.
    given: usize,
    compared: u64,
    divergence: Option<Divergence<M, T>>,
    error: Option<LogError>,
}

impl<M: Message, T: Message> Playback<M, T> {
    /// A playback of the events that `log` still has.
    #[must_use]
    pub fn new(log: LogReader) -> Playback<M, T> {
        Playback(Rc::new(RefCell::new(Tape {
            log,
            ahead: VecDeque::new(),
            given: 0,
            compared: 0,
            divergence: None,
            error: None,
        })))
    }

    /// Whether there is no use in going on.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let tape = self.0.borrow();
        tape.divergence.is_some() || tape.error.is_some()
    }

    /// To be called when the run is over.
    ///
    /// # Errors
    /// If the recording turned out to be damaged.
    pub fn finish(self) -> Result<Option<Divergence<M, T>>, LogError> {
        let mut tape = self.0.borrow_mut();
        if tape.divergence.is_none()
            && let Some(expected) = tape.peek(0).cloned()
        {
            let seq = tape.compared;
            tape.divergence = Some(Divergence::Ended { seq, expected });
        }
        match tape.error.take() {
            Some(error) => Err(error),
            None => Ok(tape.divergence.take()),
        }
    }
}

impl<M: Message, T: Message> Tape<M, T> {
    /// The event so many places ahead of those that have been compared.
    fn peek(&mut self, place: usize) -> Option<&Event<M, T>> {
        while self.ahead.len() <= place && self.error.is_none() {
            match self.log.next_event() {
                Ok(Some(event)) => self.ahead.push_back(event),
                Ok(None) => break,
                Err(error) => self.error = Some(error),
            }
        }
        self.ahead.get(place)
    }
}

impl<M: Message, T: Message> Choices for Playback<M, T> {
    fn stream(&mut self, _: &str, _: &str) -> StreamId {
        StreamId(0)
    }

    /// If the recording has no answer here, any will do: what comes of it will differ.
    fn draw(&mut self, _: StreamId, bound: u64) -> u64 {
        let mut tape = self.0.borrow_mut();
        let place = tape.given;
        tape.given += 1;
        match tape.peek(place).map(|event| &event.kind) {
            Some(Kind::Chose { answer, .. }) if *answer < bound => *answer,
            _ => 0,
        }
    }

    fn fate(&mut self, _: &mut Link, now: Time) -> Fate {
        let mut tape = self.0.borrow_mut();
        match tape.peek(0).map(|event| &event.kind) {
            Some(Kind::Send { fate, .. } | Kind::Release { fate, .. })
                if not_before(*fate, now) =>
            {
                *fate
            }
            _ => Fate::Dropped(Loss::Network),
        }
    }
}

/// A recording may say anything; a message arrives no earlier than it was sent.
fn not_before(fate: Fate, now: Time) -> bool {
    match fate {
        Fate::Delivered(at) => at >= now,
        Fate::Duplicated(first, second) => first >= now && second >= now,
        Fate::Dropped(_) | Fate::Held => true,
    }
}

impl<M: Message, T: Message> Observer<M, T> for Playback<M, T> {
    fn event(&mut self, event: &Event<M, T>) {
        let mut tape = self.0.borrow_mut();
        if tape.divergence.is_some() || tape.error.is_some() {
            return;
        }
        if tape.peek(0) != Some(event) {
            let expected = tape.ahead.pop_front();
            let (seq, got) = (event.seq, event.clone());
            tape.divergence = Some(Divergence::Event { seq, expected, got });
            return;
        }
        tape.ahead.pop_front();
        tape.compared += 1;
        if let Kind::Chose { .. } = event.kind {
            tape.given = tape.given.saturating_sub(1);
        }
    }
}
