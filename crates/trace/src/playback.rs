//! The replay of a log, event by event.
//!
//! A playback has two tasks. It answers every question of chance from the recording, and it
//! compares every event with the recorded one. The first event that differs is a [`Divergence`],
//! and ends the replay.
//!
//! A question is asked before its event is emitted, but the order is the same. The answers to a
//! process's questions are emitted one after the other once it has handled its input. The fate of a
//! message is emitted when it is sent. So the playback finds the next answer by looking ahead, past
//! the answers that were given but not yet emitted.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::rc::Rc;

use history::Time;
use sim::network::Link;
use sim::{Choices, Event, Fate, Kind, Loss, Observer, Protocol, StreamId};

use crate::{LogError, LogReader};

/// The first difference between a run and its recording.
#[derive(Debug)]
pub enum Divergence<P: Protocol> {
    /// The run emits another event than the recording has. `expected` is `None` if the recording
    /// has ended.
    Event {
        /// The zero-based index of the event.
        seq: u64,
        /// The recorded event.
        expected: Option<Event<P>>,
        /// The event of the run.
        got: Event<P>,
    },
    /// The run has ended, but the recording has more events.
    Ended {
        /// The zero-based index of the event.
        seq: u64,
        /// The recorded event.
        expected: Event<P>,
    },
}

/// A recording that is being replayed. Clones share one playback: one answers questions inside the
/// world, and the other compares events outside.
#[derive(Debug)]
pub struct Playback<P: Protocol>(Rc<RefCell<Tape<P>>>);

impl<P: Protocol> Clone for Playback<P> {
    fn clone(&self) -> Playback<P> {
        Playback(Rc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Tape<P: Protocol> {
    log: LogReader,
    /// The events that were read ahead.
    ahead: VecDeque<Event<P>>,
    /// The number of answers that were given but not emitted yet.
    given: usize,
    /// The ids of streams. Their answers come from the log, in the order of the questions.
    streams: BTreeMap<(String, String), StreamId>,
    compared: u64,
    divergence: Option<Divergence<P>>,
    error: Option<LogError>,
}

impl<P: Protocol> Playback<P> {
    /// Creates a playback of the remaining events of `log`.
    #[must_use]
    pub fn new(log: LogReader) -> Playback<P> {
        Playback(Rc::new(RefCell::new(Tape {
            log,
            ahead: VecDeque::new(),
            given: 0,
            streams: BTreeMap::new(),
            compared: 0,
            divergence: None,
            error: None,
        })))
    }

    /// Creates a second playback that continues from the same event.
    ///
    /// # Errors
    /// If the log cannot be opened again.
    pub fn fork(&self) -> Result<Playback<P>, LogError> {
        let tape = self.0.borrow();
        Ok(Playback(Rc::new(RefCell::new(Tape {
            log: tape.log.fork()?,
            ahead: tape.ahead.clone(),
            given: tape.given,
            streams: tape.streams.clone(),
            compared: tape.compared,
            divergence: None,
            error: None,
        }))))
    }

    /// Whether the replay should stop, because of a divergence or an error.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let tape = self.0.borrow();
        tape.divergence.is_some() || tape.error.is_some()
    }

    /// Ends the playback after the run, and returns the divergence.
    ///
    /// # Errors
    /// If the recording is damaged.
    pub fn finish(self) -> Result<Option<Divergence<P>>, LogError> {
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

impl<P: Protocol> Tape<P> {
    /// The event `place` places after the last compared one.
    fn peek(&mut self, place: usize) -> Option<&Event<P>> {
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

impl<P: Protocol> Choices for Playback<P> {
    fn stream(&mut self, purpose: &str, name: &str) -> StreamId {
        let streams = &mut self.0.borrow_mut().streams;
        let next = StreamId(streams.len() as u32);
        *streams.entry((purpose.to_owned(), name.to_owned())).or_insert(next)
    }

    /// If the recording has no answer here, any answer will do, because the next event differs.
    fn draw(&mut self, _: StreamId, bound: u64) -> u64 {
        let mut tape = self.0.borrow_mut();
        let place = tape.given;
        tape.given += 1;
        match tape.peek(place).map(|event| &event.kind) {
            Some(Kind::Chose { answer, .. }) if *answer < bound => *answer,
            _ => 0,
        }
    }

    fn fate(&mut self, _: &mut Link, _: Time) -> Fate {
        let mut tape = self.0.borrow_mut();
        match tape.peek(0).map(|event| &event.kind) {
            Some(Kind::Send { fate, .. } | Kind::Release { fate, .. }) => *fate,
            _ => Fate::Dropped(Loss::Network),
        }
    }
}

impl<P: Protocol> Observer<P> for Playback<P> {
    fn event(&mut self, event: &Event<P>) {
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
