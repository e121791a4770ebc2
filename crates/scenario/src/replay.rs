//! Running a recording again, and checking one without running anything.

use std::path::Path;

use history::Names;
use serde::Deserialize as _;
use serde_json::Value;
use sim::{Event, Observer, Protocol};
use trace::{Divergence, Footer, LogError, LogReader, causal_past};

use crate::conclusion::{Again, Conclusion, Investigation};
use crate::endings::Endings;
use crate::prepared::Prepared;
use crate::watch::Watchers;
use crate::{End, Outcome, Ran, RunError, System, Verdict};

/// The maximum number of events from the causal past of a divergence that are shown.
const PAST: usize = 12;

/// What of a log is not known that is not whole, and shows nothing as far as it goes.
const BREAKS_OFF: &str = "the log breaks off, and its events up to there show no violation";

/// The result of a replay, or of a check of a recording.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The run, as it went this time.
    pub ran: Ran,
    /// The divergence from the recording, in lines of text. `None` if there is none.
    pub divergence: Option<Vec<String>>,
    /// Whether the recording breaks off, so that only what it has was checked.
    pub partial: bool,
}

impl<S: System> Prepared<S> {
    /// Runs the checkers on a recording.
    pub(crate) fn recheck(&self, path: &Path) -> Result<Replayed, RunError> {
        let mut watchers = Watchers::<S>::new(self);
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
        // The events after the end of the log are unknown.
        let void = |watchers: &Watchers<S>| match footer {
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
        let found = found.unwrap_or(Conclusion::NOTHING);
        let mut ran = self.outcome(&header.seed, &watchers, found);
        ran.outcome.edits = header.edits.clone();
        ran.outcome.edits_without_effect =
            footer.as_ref().map(edits_without_effect).unwrap_or_default();
        let divergence = footer.as_ref().and_then(|footer| differing_end(footer, &ran));
        Ok(Replayed { ran, divergence, partial: footer.is_none() })
    }

    /// The findings that need the run itself: a client that waited forever, wrong states of
    /// processes at rest, or a reached limit.
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
}

/// A divergence in words: what was expected, what came, and what led to it.
pub(crate) fn in_words<P: Protocol>(
    path: &Path,
    divergence: &Divergence<P>,
    names: &Names,
) -> Result<Vec<String>, LogError> {
    let (seq, expected, got) = match divergence {
        Divergence::Event { seq, expected, got } => (seq, expected.as_ref(), Some(got)),
        Divergence::Ended { seq, expected } => (seq, Some(expected), None),
    };
    let words = |event: Option<&Event<P>>, nothing: &str| match event {
        Some(event) => trace::in_words(&json(event), names),
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
            lines.push(format!("    event {place}: {}", trace::in_words(&event, names)));
        }
    }
    Ok(lines)
}

fn json(event: &impl serde::Serialize) -> Value {
    serde_json::to_value(event).expect("an event is JSON")
}

/// Which edits of a recorded run had no effect: only the run itself could know.
pub(crate) fn edits_without_effect(footer: &Footer) -> Vec<String> {
    let outcome = Outcome::deserialize(&footer.outcome);
    outcome.map(|outcome| outcome.edits_without_effect).unwrap_or_default()
}

/// The same events, but another footer: the footer was written by hand.
pub(crate) fn differing_end(footer: &Footer, ran: &Ran) -> Option<Vec<String>> {
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
pub(crate) fn shown<S: System>(
    path: &Path,
    mut investigation: Investigation<S>,
) -> Investigation<S> {
    // It was read before. If it cannot be read now, there is less to explain by.
    let _ = read_through(path, &mut investigation);
    investigation
}

/// Shows all events of a log to an observer. No footer if the log breaks off.
fn read_through<P: Protocol>(
    path: &Path,
    observer: &mut impl Observer<P>,
) -> Result<Option<Footer>, LogError> {
    let mut log = LogReader::open(path)?;
    loop {
        match log.next_event::<P>() {
            Ok(Some(event)) => observer.event(&event),
            Ok(None) => return Ok(log.footer().cloned()),
            Err(LogError::Unfinished { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}
