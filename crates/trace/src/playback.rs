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
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::rc::Rc;

use history::Time;
use sim::network::Link;
use sim::{Choices, Event, Fate, Kind, Loss, Observer, Protocol, StreamId};

use crate::{LogError, LogReader};

/// Where a run and its recording part.
#[derive(Debug)]
pub enum Divergence<P: Protocol> {
    /// Something else happens than was recorded; nothing was recorded any more if `expected` is
    /// none.
    Event {
        /// The number of the event, from 0.
        seq: u64,
        /// What was recorded.
        expected: Option<Event<P>>,
        /// What happens.
        got: Event<P>,
    },
    /// The run is over, but the recording goes on.
    Ended {
        /// The number of the event, from 0.
        seq: u64,
        /// What was recorded.
        expected: Event<P>,
    },
}

/// A recording that is being replayed. Its clones are the same playback: one answers questions
/// inside the world, the other compares events outside.
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
    /// What has been read ahead.
    ahead: VecDeque<Event<P>>,
    /// How many answers have been given that have not been emitted yet.
    given: usize,
    /// The numbers of streams. What they answer comes from the log, in the order of asking.
    streams: BTreeMap<(String, String), StreamId>,
    compared: u64,
    divergence: Option<Divergence<P>>,
    error: Option<LogError>,
}

impl<P: Protocol> Playback<P> {
    /// A playback of the events that `log` still has.
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

    /// A second playback that goes on from where this one is, and compares nothing yet.
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
    /// The event so many places ahead of those that have been compared.
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
