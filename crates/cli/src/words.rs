//! Outcomes as text for people.

use history::Span;
use scenario::{Outcome, Verdict};

/// A number with thousands separators: `42,112`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The finding and whether it is as expected, in a few words.
pub(crate) fn finding(outcome: &Outcome) -> String {
    let verdict = match &outcome.violation {
        Some(violation) if outcome.verdict != Verdict::Liveness => {
            format!("{} of {}", outcome.verdict.as_str(), violation.by)
        }
        _ => outcome.verdict.as_str().to_owned(),
    };
    if outcome.violation.is_some() && outcome.void.is_some() {
        return format!("{verdict}, but before the required marks were reached");
    }
    match outcome.as_expected {
        Some(true) => format!("{verdict}, as expected"),
        Some(false) => format!("{verdict}, expected: {}", outcome.expected),
        None => format!("{verdict} (expected in some seeds: {})", outcome.expected),
    }
}

/// The finding, on a line with the scenario and the seed.
pub(crate) fn headline(outcome: &Outcome) -> String {
    let mark = match outcome.as_expected {
        Some(true) => "ok  ",
        Some(false) => "FAIL",
        None => "open",
    };
    format!("{mark} {} seed {}: {}", outcome.scenario, outcome.seed, finding(outcome))
}

/// The numbers of a run, in two lines.
pub(crate) fn numbers(outcome: &Outcome) -> Vec<String> {
    let operations = &outcome.operations;
    let counted = [
        ("ok", operations.ok),
        ("refused", operations.refused),
        ("failed", operations.failed),
        ("unknown", operations.unknown),
    ];
    let counted = counted.map(|(name, count)| format!("{} {name}", grouped(count))).join(", ");
    vec![
        format!(
            "{} events, {} messages delivered, {} of virtual time, digest {}",
            grouped(outcome.events),
            grouped(outcome.delivered),
            rounded(outcome.virtual_ns),
            outcome.digest
        ),
        format!("operations: {counted}"),
    ]
}

/// The marks that were reached, in one line.
pub(crate) fn marks(outcome: &Outcome) -> String {
    let marks = outcome.marks.iter().map(|(name, count)| format!("{name} {}", grouped(*count)));
    let marks: Vec<String> = marks.collect();
    if marks.is_empty() { "marks: none".to_owned() } else { format!("marks: {}", marks.join(", ")) }
}

/// The measures, in one line.
pub(crate) fn measures(outcome: &Outcome) -> Option<String> {
    let measures = outcome.measures.iter().map(|(name, number)| match name.strip_suffix("_ns") {
        Some(name) => format!("{name} {}", Span(*number)),
        None => format!("{name} {}", grouped(*number)),
    });
    let measures: Vec<String> = measures.collect();
    (!measures.is_empty()).then(|| format!("measures: {}", measures.join(", ")))
}

/// The values that the seed drew, in one line.
pub(crate) fn drawn(outcome: &Outcome) -> Option<String> {
    let drawn = outcome.drawn.iter().map(|(path, value)| match value.as_str() {
        Some(text) => format!("{path} = {text}"),
        None => format!("{path} = {value}"),
    });
    let drawn: Vec<String> = drawn.collect();
    (!drawn.is_empty()).then(|| format!("drawn: {}", drawn.join(", ")))
}

/// The violation with its story, or the reason why the run is void.
pub(crate) fn explanation(outcome: &Outcome) -> Vec<String> {
    let mut lines: Vec<String> = outcome.void.iter().cloned().collect();
    let Some(violation) = &outcome.violation else {
        return lines;
    };
    lines.push(violation.summary.clone());
    let story = violation.story.iter().enumerate();
    lines.extend(story.map(|(number, sentence)| format!("{:>3}. {sentence}", number + 1)));
    if !violation.cycle.is_empty() {
        lines.push(
            "No order of these operations is possible, because their constraints form a cycle:"
                .to_owned(),
        );
        lines.extend(violation.cycle.iter().map(|because| format!("  - {because}")));
    }
    if !violation.causes.is_empty() {
        lines.push("What made it possible:".to_owned());
        lines.extend(violation.causes.iter().map(|cause| format!("  - {cause}")));
    }
    lines
}

/// Virtual time to the millisecond, if it is more than that.
pub(crate) fn rounded(ns: u64) -> Span {
    match Span(ns) {
        span if ns < 1_000_000 => span,
        span => Span::from_millis(span.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let texts = [0, 999, 1_000, 42_112, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "42,112", "1,234,567"]);
    }
}
