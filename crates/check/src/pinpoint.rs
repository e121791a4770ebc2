//! Why no write can have made a value. The rumor checker forgets the writes that show it.

use history::{Action, Entry, Observation};

use crate::chronicle::Chronicle;
use crate::{Malformed, Reason, RegisterKind, Rumor, Violation};

/// Checks a whole history, and returns the most precise reason for a violation.
///
/// ```
/// use check::{Reason, check_history, notation};
///
/// let (history, _) = notation::parse(
///     "1ms c1 write
///      2ms c1 failed
///      3ms c2 read
///      4ms c2 saw v1=c1#0",
/// )?;
/// let violation = check_history(&history)?.expect("c2 saw what c1 had failed to write");
/// assert!(matches!(violation.reason, Reason::ValueOfDenied { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If no clients can have produced this history. Steps after the first violation are ignored.
pub fn check_history(history: &[Entry]) -> Result<Option<Violation>, Malformed> {
    let mut rumor = Rumor::with(RegisterKind::of(history));
    for entry in history {
        rumor.step(entry)?;
        if let Some(violation) = rumor.violation() {
            return Ok(Some(pinpoint(history, violation)));
        }
    }
    Ok(None)
}

/// Returns the same violation with the most precise reason.
pub(crate) fn pinpoint(history: &[Entry], violation: &Violation) -> Violation {
    let Reason::NotWritten { seen } = violation.reason else {
        return *violation;
    };
    let chronicle = Chronicle::new(history, violation);
    let reason = chronicle.and_then(|chronicle| why_not_written(&chronicle, violation, seen));
    Violation { reason: reason.unwrap_or(violation.reason), ..*violation }
}

/// Returns `None` if no operation wrote the value.
fn why_not_written(
    chronicle: &Chronicle,
    violation: &Violation,
    seen: Observation,
) -> Option<Reason> {
    let write = chronicle.writer(seen.value)?;
    let writer = write.id;
    if write.began.step > chronicle.until() {
        return Some(Reason::WrittenLater { seen, writer });
    }
    if write.is_denied() {
        return Some(Reason::ValueOfDenied { seen, writer });
    }
    if let Some((first, _)) = chronicle.first_sight(seen.value)
        && first != seen.version
    {
        return Some(Reason::TwoVersions {
            writer,
            value: seen.value,
            first,
            second: seen.version,
        });
    }
    if let Action::Cas { expected, .. } = write.action
        && expected.version.next() != seen.version
    {
        return Some(Reason::NotWhatItExpected { seen, writer, expected });
    }
    if chronicle.deletes() {
        if chronicle.first_sight(seen.value).is_some() {
            let (reported_to, other) = chronicle.latest_report_before(violation.op, seen)?;
            return Some(Reason::Revived { state: seen, other, reported_to });
        }
        let expected = write.action.expected()?;
        return Some(Reason::Outdated { made: seen, writer, expected });
    }
    let rumor = chronicle.noted(write.began.step);
    if rumor >= seen.version {
        return Some(Reason::WrittenTooLate { seen, writer, rumor });
    }
    Some(Reason::NeededEarlier { seen, writer })
}
