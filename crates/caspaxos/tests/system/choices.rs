//! What is decided by chance on one link, or at one node, does not depend on what else there is.

use std::collections::BTreeMap;

use history::Span;
use sim::{Fate, Kind};

use crate::stage::{Recorded, record, scenario};

const LOSING: &str = "caspaxos/losing/c2p2k2";

/// What the network does with a message, apart from when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fared {
    Lost,
    Delayed(Span),
    Duplicated(Span),
}

/// How the messages of each link fared, in the order in which they were sent.
fn fates(run: &Recorded) -> BTreeMap<String, Vec<Fared>> {
    let mut links = BTreeMap::<String, Vec<Fared>>::new();
    for event in &run.events {
        let Kind::Send { to, fate, .. } = event.kind else {
            continue;
        };
        let link = format!("{}->{}", run.name(event.node), run.name(to));
        links.entry(link).or_default().push(match fate {
            Fate::Delivered(after) => Fared::Delayed(after),
            Fate::Duplicated(first, _) => Fared::Duplicated(first),
            Fate::Dropped(_) | Fate::Held => Fared::Lost,
        });
    }
    links
}

/// What each node was answered to each kind of question, in the order of asking.
fn answers(run: &Recorded) -> BTreeMap<String, Vec<u64>> {
    let mut answers = BTreeMap::<String, Vec<u64>>::new();
    for event in &run.events {
        if let Kind::Chose { purpose, answer, .. } = &event.kind {
            let question = format!("{} of {}", purpose, run.name(event.node));
            answers.entry(question).or_default().push(*answer);
        }
    }
    answers
}

/// Holds what there is in both runs, as far as both have it, against each other. How much that was.
fn compare<T: PartialEq + std::fmt::Debug>(
    ours: &BTreeMap<String, Vec<T>>,
    theirs: &BTreeMap<String, Vec<T>>,
    agree: impl Fn(&T, &T) -> bool,
) -> usize {
    let mut compared = 0;
    for (name, ours) in ours {
        let Some(theirs) = theirs.get(name) else {
            continue;
        };
        for (ordinal, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            assert!(agree(ours, theirs), "{name} {ordinal}: {ours:?} and {theirs:?}");
            compared += 1;
        }
    }
    compared
}

#[test]
fn another_client_does_not_change_what_happens_to_the_others() {
    let two = record(&scenario(LOSING, &["intensity=50"], ""), "7");
    let three = record(&scenario(LOSING, &["intensity=50", "caspaxos.clients=3"], ""), "7");
    assert!(two.events != three.events, "the third client does take part");
    let (two_fates, three_fates) = (fates(&two), fates(&three));
    let links = two_fates.keys().filter(|link| three_fates.contains_key(*link)).count();
    assert_eq!(links, 2 * 2 * 3 + 2 * 2 * 2, "proposers and acceptors, clients and proposers");
    assert!(compare(&two_fates, &three_fates, PartialEq::eq) > 3_000);
    assert!(compare(&answers(&two), &answers(&three), PartialEq::eq) > 300);
}

#[test]
fn switching_loss_off_leaves_every_delay_as_it_was() {
    let lossy = fates(&record(&scenario(LOSING, &["intensity=50"], ""), "7"));
    let set = ["intensity=50", "link.0.loss=0%"];
    let calm = fates(&record(&scenario(LOSING, &set, ""), "7"));
    let requests = |link: &String| link.starts_with('p') && link.contains("->a");
    let lost = |fates: &BTreeMap<String, Vec<Fared>>| {
        let requests = fates.iter().filter(|(link, _)| requests(link));
        requests.flat_map(|(_, fates)| fates).filter(|fate| **fate == Fared::Lost).count()
    };
    assert!(lost(&lossy) > 100 && lost(&calm) == 0);
    // The other links lose what they lost before.
    let (request_links, others): (Vec<_>, Vec<_>) =
        lossy.clone().into_iter().partition(|(link, _)| requests(link));
    assert!(compare(&others.into_iter().collect(), &calm, PartialEq::eq) > 1_000);
    let same_delay = |lossy: &Fared, calm: &Fared| *lossy == Fared::Lost || lossy == calm;
    assert!(compare(&request_links.into_iter().collect(), &calm, same_delay) > 1_000);
}

#[test]
fn switching_duplicates_on_leaves_losses_and_delays_as_they_were() {
    let once = fates(&record(&scenario(LOSING, &["intensity=50"], ""), "7"));
    let set = ["intensity=50", "link.0.duplicate=10%", "link.1.duplicate=10%"];
    let twice = fates(&record(&scenario(LOSING, &set, ""), "7"));
    let duplicates = twice.values().flatten().filter(|fate| matches!(fate, Fared::Duplicated(_)));
    assert!(duplicates.count() > 100);
    let first_copy = |once: &Fared, twice: &Fared| match (once, twice) {
        (Fared::Delayed(once), Fared::Duplicated(twice)) => once == twice,
        _ => once == twice,
    };
    assert!(compare(&once, &twice, first_copy) > 3_000);
}
