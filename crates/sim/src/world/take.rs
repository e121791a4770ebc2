//! Taking a step of an explored run: the explorer chooses what happens next.
//!
//! A chosen step emits the same events as an ordinary one, and the nemesis sees them. One thing
//! differs: the fate in a `send` event is nominal, for the message arrives when the explorer takes
//! it. [`Path::script`](crate::Path::script) makes an ordinary run of an explored one, whose `send`
//! events tell the fates that the messages met.
//!
//! That a message is lost or duplicated is decided when it is sent, as in every run. It is the
//! answer to a question that [`Enumerated`](crate::Enumerated) choices ask, so an explorer tries
//! the other answers as it tries those of any question. Losing a message later would not be the
//! same: on a stream the connection breaks, and on a link that reports losses the sender is
//! informed, both at the moment of sending.

use history::Time;

use crate::{
    Choices, Event, Kind, MessageId, MessageOf, Nemesis, Observer, Orders, Process, Protocol,
    Script, Scripted,
};

use super::pending::Moment;
use super::{Choice, Ending, What, World};

/// A choice cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotTake {
    /// The message is not in flight.
    #[error("message {} is not in flight", .0.0)]
    NotInFlight(MessageId),
    /// An older message on the same link has to arrive first.
    #[error("message {} keeps its order: an older message on its link arrives first", .0.0)]
    OutOfOrder(MessageId),
    /// Something is due in the present moment, and happens before any message arrives.
    #[error("something is due at this very moment: take `Choice::Clock` first")]
    SomethingIsDue,
    /// The nemesis acts on events, and the step before had none that it sees.
    #[error("the last step had no event that the nemesis could follow with a command")]
    NothingToFollow,
    /// Nothing goes by a clock, or a limit is reached.
    #[error("the run cannot go on: {0:?}")]
    Ended(Ending),
}

impl<P: Process, C: Choices, N: Nemesis<P::Protocol>> World<P, C, N> {
    /// Lets something happen now that [can](World::pending) happen, or the nemesis give a command.
    ///
    /// # Errors
    /// If the choice is not pending; nothing has happened then.
    pub fn take<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        choice: &Choice<MessageOf<P>>,
    ) -> Result<(), CannotTake> {
        self.check_limits().map_err(CannotTake::Ended)?;
        let mut observer = Listening { observer, has_heard: false };
        match choice {
            Choice::Deliver(id) => self.take_message(&mut observer, *id)?,
            Choice::Clock => self.take_clock_item(&mut observer)?,
            Choice::Command(_) if self.moment.is_silent => {
                return Err(CannotTake::NothingToFollow);
            }
            Choice::Command(command) => {
                self.begin_command();
                self.commands.push_back(command.clone());
            }
        }
        self.obey(&mut observer);
        self.moment.is_silent = !observer.has_heard;
        self.forget_what_has_no_effect();
        Ok(())
    }

    fn take_message<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
        id: MessageId,
    ) -> Result<(), CannotTake> {
        let entries = self.queue.entries();
        let messages: Vec<_> = entries.iter().filter_map(|entry| entry.as_message()).collect();
        let Some(message) = messages.iter().find(|message| message.id == id) else {
            return Err(CannotTake::NotInFlight(id));
        };
        if self.clock_items(&entries).first().is_some_and(|item| item.is_due) {
            return Err(CannotTake::SomethingIsDue);
        }
        if self.is_behind_another(&messages, id) {
            return Err(CannotTake::OutOfOrder(id));
        }
        let (place, from, to, epoch) = (message.place, message.from, message.to, message.epoch);
        let is_last = !messages.iter().any(|other| {
            (other.from, other.to, other.epoch) == (from, to, epoch) && other.place != place
        });
        self.begin_moment(self.now, self.moment.last_label + 1);
        let now = self.now;
        let link = self.link(from, to);
        if is_last && link.notes_arrivals() && link.epoch == epoch {
            // If the sender crashes, its peer is informed after this.
            link.last_arrival = now;
        }
        let due = self.queue.remove(place);
        self.let_go(&due);
        self.arrive(observer, due);
        Ok(())
    }

    fn take_clock_item<O: Observer<P::Protocol>>(
        &mut self,
        observer: &mut O,
    ) -> Result<(), CannotTake> {
        let entries = self.queue.entries();
        let items = self.clock_items(&entries);
        let first = items.first().ok_or(CannotTake::Ended(Ending::Quiescent))?;
        let (place, at, stamp, is_due) = (first.place, first.at, first.stamp, first.is_due);
        if at > Time::ZERO + self.limits.time {
            return Err(CannotTake::Ended(Ending::TooLong));
        }
        if !is_due {
            self.begin_moment(at, stamp);
        }
        let due = self.queue.remove(place);
        self.let_go(&due);
        self.arrive(observer, due);
        Ok(())
    }

    fn begin_moment(&mut self, at: Time, label: u32) {
        self.moment.number += 1;
        self.begin_label(label);
        self.now = at;
        self.events_before = self.events;
    }

    fn begin_label(&mut self, label: u32) {
        self.moment.label = label;
        self.moment.last_label = self.moment.last_label.max(label);
        self.queue.stamp = label;
    }

    /// A command is given in the moment of the step before. It still has a label of its own, unless
    /// something is due: for the future of a world should not depend on which step was the last.
    fn begin_command(&mut self) {
        let entries = self.queue.entries();
        if !self.clock_items(&entries).first().is_some_and(|item| item.is_due) {
            self.begin_label(self.moment.last_label + 1);
        }
    }

    /// Forgets timers that were cancelled, and the like: they would stay until their time comes.
    fn forget_what_has_no_effect(&mut self) {
        let entries = self.queue.entries();
        let places = entries.iter().filter(|entry| self.is_without_effect(entry.item));
        let places: Vec<_> = places.map(|entry| entry.place).collect();
        for place in places {
            let due = self.queue.remove(place);
            debug_assert!(!matches!(due.what, What::Arrive { .. }), "messages stay");
            self.let_go(&due);
        }
    }

    /// Where in the order of an explored run the world is.
    pub(crate) fn moment(&self) -> Moment {
        self.moment
    }

    /// When the next clock item happens, with its stamp, if that is not in the present moment.
    pub(crate) fn next_apart(&self) -> Option<(Time, u32)> {
        let entries = self.queue.entries();
        let items = self.clock_items(&entries);
        items.first().filter(|item| !item.is_due).map(|item| (item.at, item.stamp))
    }

    /// The same world, which has not begun, with the answers and commands of a script.
    ///
    /// # Panics
    /// If the world has begun.
    pub fn scripted(
        &self,
        script: &Script<MessageOf<P>>,
    ) -> World<P, Scripted, (N, Orders<MessageOf<P>>)> {
        assert_eq!(self.events, 0, "the world has begun");
        let nemesis = (self.nemesis.clone(), script.orders());
        let mut world = World::new(script.choices(), nemesis, self.limits);
        world.nodes = self.nodes.clone();
        world.rules = self.rules.clone();
        world
    }
}

/// An observer that notes whether the nemesis sees an event too: it does not see answers of chance.
struct Listening<'a, O> {
    observer: &'a mut O,
    has_heard: bool,
}

impl<P: Protocol, O: Observer<P>> Observer<P> for Listening<'_, O> {
    fn event(&mut self, event: &Event<P>) {
        self.has_heard |= !matches!(event.kind, Kind::Chose { .. });
        self.observer.event(event);
    }
}
