//! Stories of versions that no client observed, and of the writes that may have made them.

use history::{Action, Observation, OpId, Version};

use super::phrase::{list, version_of};
use super::story::Teller;
use crate::chronicle::{Chronicle, Operation};

/// The maximum number of writes for which the story says why they did not make the missing version.
const SUSPECTS_MAX: usize = 4;

/// The maximum number of versions or writes that are named one by one.
const NAMES_MAX: usize = 5;

/// The reason why a write of unknown outcome did not make a version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Alibi {
    /// It may have made it, but then no write is left for another missing version.
    NeededElsewhere,
    /// This version, which is at least as new, was already known when the write began.
    BeganTooLate(Version),
    /// The write made this version.
    Made(Version),
    /// The write expected this version, which is not the one before.
    Expected(Version),
}

pub(super) fn missing_version(
    teller: &mut Teller<'_, '_>,
    version: Version,
    newest: Version,
) -> (String, String) {
    let (chronicle, offender) = (teller.chronicle, teller.offender);
    let mut seen_at = String::new();
    if let Some(reported_to) = chronicle.first_report(newest) {
        seen_at = reported_to.told().map_or(seen_at, |(moment, _)| format!(" at {}", moment.at));
        if reported_to.id != offender.id {
            teller.sentences.push(teller.speaker.describe(reported_to));
        }
    }
    teller.offence("");
    let missing = missing_versions(chronicle, version);
    let key = teller.speaker.key();
    let (writes, made_them) = match missing.len() {
        1 => ("a write", "it"),
        _ => ("writes", "them, one each"),
    };
    teller.sentences.push(format!(
        "No client learned of {}, although {newest} comes after: only {writes} of unknown outcome \
         can have made {made_them}.",
        enumerate(&missing),
    ));
    let sentences = suspects(teller, version, &missing);
    teller.sentences.extend(sentences);
    (
        format!("No write can have made {version} of {key}, although {newest} existed{seen_at}."),
        format!("So there was no {version}, and without it there is no {newest}."),
    )
}

/// The versions up to a missing one that no client observed.
fn missing_versions(chronicle: &Chronicle, last: Version) -> Vec<Version> {
    let mut missing = Vec::new();
    let mut next = Version(1);
    for (told, _) in chronicle.reported_versions() {
        while next < told && next <= last {
            missing.push(next);
            next = next.next();
        }
        if told >= last {
            break;
        }
        next = next.max(told.next());
    }
    missing
}

/// Versions in ascending order, the newest of them by name.
fn enumerate(versions: &[Version]) -> String {
    let older = versions.len().saturating_sub(NAMES_MAX);
    let counted = (older > 0).then(|| format!("{older} older versions"));
    let named = versions[older..].iter().map(Version::to_string);
    list(&counted.into_iter().chain(named).collect::<Vec<String>>())
}

/// For each write that might have made the version, the reason why it did not.
fn suspects(teller: &mut Teller<'_, '_>, version: Version, missing: &[Version]) -> Vec<String> {
    let chronicle = teller.chronicle;
    let unknown = chronicle.operations().iter().filter(|operation| {
        operation.is_unknown_write() && operation.began.step < chronicle.until()
    });
    let unseen = Unseen::new(chronicle, chronicle.until(), None);
    let others = missing.iter().copied().filter(|other| {
        // A compare-and-set can have made it, so no other write is needed.
        *other != version && !unseen.swapped.contains(other)
    });
    let others: Vec<Version> = others.collect();
    let mut suspects: Vec<(Alibi, &Operation)> =
        unknown.map(|write| (alibi(chronicle, write, version), write)).collect();
    suspects.sort_by_key(|(alibi, write)| (*alibi, write.began));
    if suspects.is_empty() {
        let key = teller.speaker.key();
        return vec![format!("But the outcome of every write of {key} is known.")];
    }
    let told = suspects.iter().take(SUSPECTS_MAX);
    let told = told.map(|(alibi, write)| speak_of(teller, *alibi, write, version, &others));
    let mut sentences: Vec<String> = told.collect();
    if let Some(more) = suspects.len().checked_sub(SUSPECTS_MAX).filter(|more| *more > 0) {
        sentences.push(format!("Nor was it any of {more} more writes of unknown outcome."));
    }
    sentences
}

fn alibi(chronicle: &Chronicle, write: &Operation, version: Version) -> Alibi {
    let value = write.action.written().unwrap_or_default();
    if let Some((made, _)) = chronicle.first_sight(value) {
        return Alibi::Made(made);
    }
    let rumor = chronicle.noted(write.began.step);
    match write.action {
        Action::Cas { expected, .. } if expected.version.next() != version => {
            Alibi::Expected(expected.version)
        }
        _ if rumor >= version => Alibi::BeganTooLate(rumor),
        _ => Alibi::NeededElsewhere,
    }
}

fn speak_of(
    teller: &mut Teller<'_, '_>,
    alibi: Alibi,
    write: &Operation,
    version: Version,
    others: &[Version],
) -> String {
    let but = match alibi {
        Alibi::NeededElsewhere => format!("is needed for {}", enumerate(others)),
        Alibi::BeganTooLate(rumor) => format!("began when {rumor} was already known"),
        Alibi::Made(made) => format!("made {made}"),
        Alibi::Expected(expected) => format!("expected {}", version_of(expected)),
    };
    let write = write.as_of(teller.chronicle.until());
    let sentence = teller.speaker.describe_from_start(&write, "");
    format!("{sentence} It did not make {version}: it {but}.")
}

pub(super) fn needed_earlier(
    teller: &mut Teller<'_, '_>,
    seen: Observation,
    writer: OpId,
) -> (String, String) {
    let chronicle = teller.chronicle;
    let write = chronicle.operation(writer);
    let needed = write.and_then(|write| needed_for(chronicle, write, teller.offender.id));
    let (missing, writes) = needed.unwrap_or_default();
    let others = writes.iter().copied().filter(|other| other.id != writer);
    for write in write.into_iter().chain(others).take(SUSPECTS_MAX) {
        teller.sentences.push(teller.speaker.describe(&write.as_of(chronicle.until())));
    }
    let newer = chronicle.reported_versions().find(|(told, _)| Some(told) > missing.last());
    let newer = newer.map_or(seen.version, |(newer, reported_to)| {
        teller.sentences.push(teller.speaker.describe(reported_to));
        newer
    });
    let made_them = if writes.len() > 1 { "them, one each" } else { "it" };
    let more = writes.len().saturating_sub(NAMES_MAX);
    let writes = writes.iter().take(NAMES_MAX).map(|write| teller.speaker.op(write.id));
    let writes = writes.chain((more > 0).then(|| format!("{more} more")));
    teller.sentences.push(format!(
        "No client learned of {}, although {newer} comes after: only {} can have made {made_them}.",
        enumerate(&missing),
        list(&writes.collect::<Vec<String>>()),
    ));
    teller.offence("");
    let sight = teller.sight(seen);
    (
        format!("{sight}, but the write of that value must have made an older version."),
        "One write makes one version.".to_owned(),
    )
}

/// The missing versions for which a write is needed before `offender` returned, and the writes that
/// are needed for them. Returns the shortest such list with as many writes as versions.
fn needed_for<'a>(
    chronicle: &'a Chronicle,
    write: &Operation,
    offender: OpId,
) -> Option<(Vec<Version>, Vec<&'a Operation>)> {
    let before = chronicle.until().checked_sub(1)?;
    let told = chronicle.reported_versions().filter(|(_, reported_to)| reported_to.id != offender);
    let told: Vec<Version> = told.map(|(version, _)| version).collect();
    let newest = *told.last()?;
    let Unseen { swapped, writes } = Unseen::new(chronicle, before, Some(offender));
    let missing = missing_versions(chronicle, newest).into_iter();
    let missing: Vec<Version> = missing.filter(|version| !swapped.contains(version)).collect();
    let noted = chronicle.noted(write.began.step);
    missing.iter().enumerate().find_map(|(index, last)| {
        let able: Vec<&Operation> =
            writes.iter().filter(|(noted, _)| noted < last).map(|(_, write)| *write).collect();
        let needed = noted < *last && able.len() == index + 1;
        needed.then(|| (missing[..=index].to_vec(), able))
    })
}

/// The writes of unknown outcome whose values no operation saw.
struct Unseen<'a> {
    /// The versions that compare-and-sets among them can have made.
    swapped: Vec<Version>,
    /// The unconditional writes, and the version that each had noted.
    writes: Vec<(Version, &'a Operation)>,
}

impl<'a> Unseen<'a> {
    /// The unseen writes as of a step, without the observations of the operation `except`.
    fn new(chronicle: &'a Chronicle, step: usize, except: Option<OpId>) -> Unseen<'a> {
        let mut unseen = Unseen { swapped: Vec::new(), writes: Vec::new() };
        for write in chronicle.operations().iter().filter(|write| write.began.step <= step) {
            let value = write.action.written().unwrap_or_default();
            let sight = chronicle.first_sight(value).filter(|(_, by)| Some(by.id) != except);
            if !write.as_of(step).is_unknown_write() || sight.is_some() {
                continue;
            }
            let noted = chronicle.noted(write.began.step);
            match write.action {
                Action::Cas { expected, .. } if expected.version == noted => {
                    unseen.swapped.push(noted.next());
                }
                Action::Cas { .. } => {}
                Action::Read | Action::Delete { .. } | Action::Write { .. } => {
                    unseen.writes.push((noted, write))
                }
            }
        }
        unseen
    }
}
