//! Running a recording again, and checking one without running anything.

use std::path::Path;

use serde::Deserialize as _;
use serde_json::Value;
use sim::{Event, Observer, Seeded};
use trace::{Divergence, Footer, LogError, LogReader, Playback, causal_past, verify};

use crate::endings::Endings;
use crate::run::{Again, Conclusion, Investigation, Prepared, Watchers};
use crate::{End, Interrupt, MessageOf, Outcome, Ran, RunError, System, TimerOf, Verdict};

/// How many events of the causal past of a divergence are told.
const PAST: usize = 12;

/// What of a log is not known that is not whole, and shows nothing as far as it goes.
const BREAKS_OFF: &str = "the log breaks off, and its events up to there show no violation";

/// What came of a replay, or of a check of a recording.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The run, as it went this time.
    pub ran: Ran,
    /// Where it parted from the recording, in lines of text; none if it did not.
    pub divergence: Option<Vec<String>>,
    /// Whether the recording breaks off, so that only what it has was checked.
    pub partial: bool,
}

impl<S: System> Prepared<'_, S> {
    /// Runs a recording again. With `redraw` the answers of chance come from the seed, not from the
    /// recording.
    pub(crate) fn replay(
        &self,
        path: &Path,
        redraw: bool,
        interrupt: &Interrupt,
    ) -> Result<Replayed, RunError> {
        let (header, footer) = verify(path)?;
        let redrawn = redraw.then(|| self.scenario.draw(&mut Seeded::new(&header.seed)).drawn);
        let tape = Playback::<MessageOf<S>, TimerOf<S>>::new(LogReader::open(path)?);
        let stop = |tape: &Playback<_, _>| tape.is_over() || interrupt.is_raised();
        let simulated = if redraw {
            self.simulate(Seeded::new(&header.seed), tape, stop)
        } else {
            self.simulate(tape.clone(), tape, stop)
        };
        if interrupt.is_raised() {
            return Err(RunError::Interrupted { partial: None });
        }
        let ran =
            self.judge(&header.seed, &simulated, Some(&|investigation| shown(path, investigation)));
        let divergence = match simulated.watchers.extra.finish()? {
            Some(divergence) => Some(self.tell(path, &divergence)?),
            None => differing_end(&footer, &ran),
        };
        let drawn = &self.scenario.drawn;
        let divergence = divergence.or_else(|| {
            let redrawn = redrawn.filter(|redrawn| redrawn != drawn)?;
            Some(vec![
                format!("the seed draws {}", Value::from_iter(redrawn)),
                format!("recorded was   {}", Value::from_iter(drawn.clone())),
            ])
        });
        Ok(Replayed { ran, divergence, partial: false })
    }

    /// Has the checkers and invariants go through a recording.
    pub(crate) fn recheck(&self, path: &Path) -> Result<Replayed, RunError> {
        let mut watchers = Watchers::<S, ()>::new(self, ());
        let footer = read_through(path, &mut watchers)?;
        if let Some(footer) = &footer
            && footer.digest != watchers.digest.fingerprint()
        {
            let line = footer.events + 2;
            let why = "its digest is not that of its events".to_owned();
            return Err(LogError::Corrupt { path: path.to_owned(), line, why }.into());
        }
        let header = LogReader::open(path)?.header().clone();
        let again: Again<'_, S> = &|investigation| shown(path, investigation);
        // Who knows what came after the log broke off.
        let void = |watchers: &Watchers<S, ()>| match footer {
            Some(_) => Some(Conclusion::void(Verdict::Vacuous, self.missing_marks(watchers)?)),
            None => Some(Conclusion::void(Verdict::Inconclusive, BREAKS_OFF.to_owned())),
        };
        let found = self
            .found(&watchers, false, Some(again))
            .or_else(|| self.by_its_word(footer.as_ref()?))
            .or_else(|| {
                footer.as_ref()?;
                watchers.end(&End::Recorded);
                self.found(&watchers, false, None)
            })
            .or_else(|| void(&watchers))
            .or_else(|| self.found(&watchers, true, Some(again)));
        let ran = self.outcome(&header.seed, &watchers, found.unwrap_or(Conclusion::NOTHING));
        let divergence = footer.as_ref().and_then(|footer| differing_end(footer, &ran));
        Ok(Replayed { ran, divergence, partial: footer.is_none() })
    }

    /// What only the run itself could tell, by its own word: that a client waited forever, what was
    /// wrong with the processes at rest, or that a limit was reached.
    fn by_its_word(&self, footer: &Footer) -> Option<Conclusion> {
        let outcome = Outcome::deserialize(&footer.outcome).ok()?;
        if outcome.verdict == Verdict::Inconclusive {
            return Some(Conclusion::void(Verdict::Inconclusive, outcome.void?));
        }
        let violation = outcome.violation?;
        let is_checker = || self.checkers().iter().any(|checker| checker.name() == violation.by);
        let is_told = match outcome.verdict {
            Verdict::Liveness => true,
            Verdict::Invariant => violation.by != Endings::NAME && is_checker(),
            _ => false,
        };
        is_told.then(|| Conclusion::of(outcome.verdict, violation))
    }

    /// A divergence in words: what was expected, what came, and what led to it.
    fn tell(
        &self,
        path: &Path,
        divergence: &Divergence<MessageOf<S>, TimerOf<S>>,
    ) -> Result<Vec<String>, RunError> {
        let names = self.names();
        let (seq, expected, got) = match divergence {
            Divergence::Event { seq, expected, got } => (seq, expected.as_ref(), Some(got)),
            Divergence::Ended { seq, expected } => (seq, Some(expected), None),
        };
        let words = |event: Option<&Event<_, _>>, nothing: &str| match event {
            Some(event) => trace::in_words(&json(event), &names),
            None => nothing.to_owned(),
        };
        let mut lines = vec![
            format!("the run and the recording part at event {seq} (line {})", seq + 2),
            format!("  expected: {}", words(expected, "the end of the run")),
            format!("  got:      {}", words(got, "the end of the run")),
            "  what led to it, by the recording:".to_owned(),
        ];
        for (place, event) in causal_past(path, *seq, PAST)? {
            if place < *seq {
                lines.push(format!("    event {place}: {}", trace::in_words(&event, &names)));
            }
        }
        Ok(lines)
    }
}

fn json(event: &impl serde::Serialize) -> Value {
    serde_json::to_value(event).expect("an event is JSON")
}

/// The same events, but another footer: somebody wrote one of his own.
fn differing_end(footer: &Footer, ran: &Ran) -> Option<Vec<String>> {
    let digest = ran.outcome.digest;
    if footer.digest != digest {
        let recorded = footer.digest;
        return Some(vec![format!("the digest is {digest}, and {recorded} was recorded")]);
    }
    let fields = trace::differing_fields(&footer.outcome, &json(&ran.outcome));
    let told = fields.iter().map(|(path, recorded, found)| {
        let path = if path.is_empty() { String::new() } else { format!(".{path}") };
        format!("  outcome{path} was recorded as {recorded}, and is {found}")
    });
    let mut lines = vec!["the outcome is another than the one that was recorded".to_owned()];
    lines.extend(told);
    (lines.len() > 1).then_some(lines)
}

/// Shows a recording to an investigator.
fn shown<S: System>(path: &Path, mut investigation: Investigation<S>) -> Investigation<S> {
    // It was read before. If it cannot be read now, there is less to explain by.
    let _ = read_through::<MessageOf<S>, TimerOf<S>>(path, &mut investigation);
    investigation
}

/// Shows all events of a log to an observer. No footer if the log breaks off.
fn read_through<M, T>(
    path: &Path,
    observer: &mut impl Observer<M, T>,
) -> Result<Option<Footer>, LogError>
where
    M: sim::Message,
    T: sim::Message,
{
    let mut log = LogReader::open(path)?;
    loop {
        match log.next_event::<M, T>() {
            Ok(Some(event)) => observer.event(&event),
            Ok(None) => return Ok(log.footer().cloned()),
            Err(LogError::Unfinished { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}
