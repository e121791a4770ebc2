//! What led to a violation, for each rule of the rumor checker.

use history::{Action, Observation, OpId, Value, Version};

use super::phrase::{Speaker, version_of};
use super::{deletion, missing};
use crate::Reason;
use crate::chronicle::{Chronicle, End, Operation};

/// A story without its conclusion.
pub(super) struct Story {
    pub(super) summary: String,
    pub(super) sentences: Vec<String>,
    /// The conclusion, if there is no cycle.
    pub(super) moral: String,
}

/// Explains why the reply of `offender` is impossible.
pub(super) fn describe(
    chronicle: &Chronicle,
    offender: &Operation,
    reason: &Reason,
    speaker: &mut Speaker<'_>,
) -> Story {
    let mut teller = Teller { chronicle, offender, speaker, sentences: Vec::new() };
    let (summary, moral) = match *reason {
        Reason::OlderThanRumor { claimed, rumor, reported_to } => {
            teller.older_than_rumor(claimed, rumor.version, reported_to)
        }
        Reason::TwoValues { version, first, reported_to, second } => {
            teller.two_values(version, [first, second], reported_to)
        }
        Reason::TwoVersions { writer, first, second, .. } => {
            teller.two_versions(writer, [first, second])
        }
        Reason::NotWritten { seen } => teller.not_written(seen),
        Reason::WrittenLater { seen, writer } => teller.written_later(seen, writer),
        Reason::ValueOfDenied { seen, writer } => teller.value_of_denied(seen, writer),
        Reason::WrittenTooLate { seen, writer, rumor } => {
            teller.written_too_late(seen, writer, rumor)
        }
        Reason::NotWhatItExpected { seen, writer, expected } => {
            teller.not_what_it_expected(seen, writer, expected)
        }
        Reason::NeededEarlier { seen, writer } => {
            missing::needed_earlier(&mut teller, seen, writer)
        }
        Reason::DeniedButSeen { seen, seen_by } => teller.denied_but_seen(seen, seen_by),
        Reason::RefusedAlthoughCurrent { expected } => teller.refused_although_current(expected),
        Reason::Nonsense { answer } => teller.nonsense(answer),
        Reason::MissingVersion { version, newest } => {
            missing::missing_version(&mut teller, version, newest)
        }
        Reason::NotDeleted { state, reported_to, other, other_reported_to } => {
            deletion::not_deleted(&mut teller, (state, reported_to), (other, other_reported_to))
        }
        Reason::Revived { state, other, reported_to } => {
            deletion::revived(&mut teller, state, (other, reported_to))
        }
        Reason::TwoSuccessors { state, first, reported_to, second } => {
            deletion::two_successors(&mut teller, state, (first, reported_to), second)
        }
        Reason::Outdated { made, writer, expected } => {
            deletion::outdated(&mut teller, made, writer, expected)
        }
    };
    Story { summary, sentences: teller.sentences, moral }
}

/// Collects the sentences of a story.
pub(super) struct Teller<'a, 'names> {
    pub(super) chronicle: &'a Chronicle,
    pub(super) offender: &'a Operation,
    pub(super) speaker: &'a mut Speaker<'names>,
    pub(super) sentences: Vec<String>,
}

impl Teller<'_, '_> {
    /// `c1 saw v16 (value c1#30) of key1 at 236ms`.
    pub(super) fn sight(&self, seen: Observation) -> String {
        let client = self.speaker.client(self.offender.id.client);
        let (state, key) = (self.speaker.state(seen), self.speaker.key());
        format!("{client} saw {state} of {key} at {}", self.ended_at())
    }

    pub(super) fn ended_at(&self) -> String {
        match self.offender.end {
            End::Returned(moment, _) | End::Gone(moment) => moment.at.to_string(),
            End::Open => self.offender.began.at.to_string(),
        }
    }

    /// Adds the operation that observed a value, and before it the value's writer if that is
    /// another operation.
    pub(super) fn spread(&mut self, reported_to: &Operation, value: Value) {
        let step = reported_to.told().map_or(self.chronicle.until(), |(moment, _)| moment.step);
        if let Some(writer) =
            self.chronicle.writer(value).filter(|writer| writer.id != reported_to.id)
        {
            self.sentences.push(self.speaker.describe(&writer.as_of(step)));
        }
        self.sentences.push(self.speaker.describe(reported_to));
    }

    /// Like `spread`, followed by the version that every later operation must see.
    fn spread_rumor(&mut self, reported_to: &Operation, rumor: Version) {
        let value = reported_to.told().map_or(Value::NONE, |(_, told)| told.value);
        self.spread(reported_to, value);
        if let Some(latest) = self.sentences.last_mut() {
            *latest += &format!(" Every later operation must see {rumor} or a newer version.");
        }
    }

    pub(super) fn offence(&mut self, remark: &str) {
        let sentence = self.speaker.describe_from_start(self.offender, remark);
        self.sentences.push(sentence);
    }

    fn older_than_rumor(
        &mut self,
        claimed: Observation,
        rumor: Version,
        reported_to: OpId,
    ) -> (String, String) {
        let mut since = String::new();
        if let Some(reported_to) = self.chronicle.operation(reported_to) {
            since = reported_to.told().map_or(since, |(moment, _)| format!(" since {}", moment.at));
            self.spread_rumor(reported_to, rumor);
        }
        self.offence("after that");
        let (client, key) = (self.speaker.client(self.offender.id.client), self.speaker.key());
        let at = self.ended_at();
        let claim = match self.offender.saw() {
            Some(seen) => format!("{client} saw {} at {at}", self.speaker.state(seen)),
            None => format!("{client} learned at {at} that it made {}", claimed.version),
        };
        (
            format!("{claim}, although {rumor} of {key} had been known{since}."),
            format!(
                "So {rumor} was present and later absent, which no order of the operations allows."
            ),
        )
    }

    fn two_values(
        &mut self,
        version: Version,
        values: [Value; 2],
        reported_to: OpId,
    ) -> (String, String) {
        let key = self.speaker.key();
        if let Some(reported_to) = self.chronicle.operation(reported_to) {
            self.spread(reported_to, values[0]);
        }
        let second = self.chronicle.writer(values[1]);
        if let Some(writer) = second.filter(|writer| writer.id != self.offender.id) {
            self.sentences.push(self.speaker.describe(writer));
        }
        self.sentences.push(self.speaker.describe(self.offender));
        if second.is_none() {
            self.never_written(values[1]);
        }
        let [first, second] = values.map(|value| self.speaker.value(value));
        (
            format!("{version} of {key} has two values: {first} and {second}."),
            format!("A version has one value, and {version} has two."),
        )
    }

    fn two_versions(&mut self, writer: OpId, versions: [Version; 2]) -> (String, String) {
        let key = self.speaker.key();
        let write = self.chronicle.operation(writer);
        if let Some(value) = write.and_then(|write| write.action.written())
            && let Some((_, reported_to)) = self.chronicle.first_sight(value)
        {
            self.spread(reported_to, value);
        }
        self.offence("");
        self.sentences.push("One write makes one version.".to_owned());
        let ([first, second], writer) = (versions, self.speaker.op(writer));
        (
            format!("The write {writer} took effect twice: as {first} and as {second} of {key}."),
            "So there is no place for it in any order.".to_owned(),
        )
    }

    fn never_written(&mut self, value: Value) {
        let (key, value) = (self.speaker.key(), self.speaker.value(value));
        self.sentences.push(format!("No write of {key} ever had the value {value}."));
    }

    fn not_written(&mut self, seen: Observation) -> (String, String) {
        self.offence("");
        self.never_written(seen.value);
        (
            format!("{}, which no client wrote.", self.sight(seen)),
            "No order helps: a read cannot see a value that no client wrote.".to_owned(),
        )
    }

    fn written_later(&mut self, seen: Observation, writer: OpId) -> (String, String) {
        let mut began = String::new();
        self.offence("");
        if let Some(write) = self.chronicle.operation(writer) {
            began = format!(" at {}", write.began.at);
            let client = self.speaker.client(write.id.client);
            let deed = self.speaker.deed(write);
            self.sentences.push(format!("{client} began {deed}{began}, after that."));
        }
        (
            format!("{}, whose write began only later,{began}.", self.sight(seen)),
            "A value cannot be seen before its write begins.".to_owned(),
        )
    }

    fn value_of_denied(&mut self, seen: Observation, writer: OpId) -> (String, String) {
        if let Some(write) = self.chronicle.operation(writer) {
            self.sentences.push(self.speaker.describe(write));
        }
        self.offence("");
        (format!("{}, whose write had no effect.", self.sight(seen)), DENIED.to_owned())
    }

    fn denied_but_seen(&mut self, seen: Observation, seen_by: OpId) -> (String, String) {
        let mut sight = "another operation had seen it".to_owned();
        if let Some(seen_by) = self.chronicle.operation(seen_by) {
            self.sentences.push(self.speaker.describe(seen_by));
            let at = seen_by.told().map_or(seen_by.began.at, |(moment, _)| moment.at);
            let (client, state) =
                (self.speaker.client(seen_by.id.client), self.speaker.state(seen));
            sight = format!("{client} had seen {state} at {at}");
        }
        self.offence("");
        let (client, key) = (self.speaker.client(self.offender.id.client), self.speaker.key());
        let at = self.ended_at();
        (
            format!("{client} learned at {at} that its write of {key} had no effect, but {sight}."),
            DENIED.to_owned(),
        )
    }

    fn written_too_late(
        &mut self,
        seen: Observation,
        writer: OpId,
        rumor: Version,
    ) -> (String, String) {
        if let Some(reported_to) = self.chronicle.first_report(rumor) {
            self.spread_rumor(reported_to, rumor);
        }
        if let Some(write) = self.chronicle.operation(writer) {
            let sentence = self.speaker.describe_from_start(write, "after that");
            self.sentences.push(sentence);
        }
        self.offence("");
        (
            format!("{}, whose write began when {rumor} was already known.", self.sight(seen)),
            format!("A write that begins when {rumor} is known makes something newer."),
        )
    }

    fn not_what_it_expected(
        &mut self,
        seen: Observation,
        writer: OpId,
        expected: Observation,
    ) -> (String, String) {
        let makes = expected.version.next();
        let between = if seen.version > makes { makes } else { expected.version };
        if let Some(reported_to) = self.chronicle.first_report(between) {
            self.spread(
                reported_to,
                reported_to.told().map_or(Value::NONE, |(_, told)| told.value),
            );
        }
        if let Some(write) = self.chronicle.operation(writer) {
            self.sentences.push(self.speaker.describe(&write.as_of(self.chronicle.until())));
        }
        self.offence("");
        let replaces = version_of(expected.version);
        (
            format!("{}, but that compare-and-set expected {replaces}.", self.sight(seen)),
            format!("A compare-and-set that expects {replaces} makes {makes} or nothing."),
        )
    }

    fn refused_although_current(&mut self, expected: Observation) -> (String, String) {
        self.offence("");
        let (client, key) = (self.speaker.client(self.offender.id.client), self.speaker.key());
        let (at, state) = (self.ended_at(), self.speaker.state(expected));
        (
            format!("{client}'s compare-and-set of {key} was refused at {at} by what it expected."),
            format!("It expected {state} and found just that, so it would have taken effect."),
        )
    }

    fn nonsense(&mut self, answer: Observation) -> (String, String) {
        self.offence("");
        let moral = match self.offender.action {
            _ if self.offender.saw().is_some() => {
                "Version 0 is the empty register, and every other version has a value.".to_owned()
            }
            Action::Cas { expected, .. } if answer.version != expected.version.next() => {
                let makes = expected.version.next();
                let expects = version_of(expected.version);
                format!("A compare-and-set that expects {expects} makes {makes}.")
            }
            Action::Write { value } | Action::Cas { value, .. } if answer.value != value => {
                let value = self.speaker.value(value);
                format!("A write makes a version with its own value, which is {value}.")
            }
            _ => "A write makes version 1 or a newer one.".to_owned(),
        };
        let (client, key) = (self.speaker.client(self.offender.id.client), self.speaker.key());
        let (at, state) = (self.ended_at(), self.speaker.state(answer));
        (format!("{client} got an impossible answer about {key} at {at}: {state}."), moral)
    }
}

const DENIED: &str = "A write that had no effect leaves no value to be seen.";
