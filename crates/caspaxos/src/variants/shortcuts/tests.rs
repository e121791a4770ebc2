//! Each shortcut deviates from the protocol in one decision, and in no other.

use history::{Key, NodeId};

use super::{ERASE_BY_VALUE, ERASE_DESPITE_PROMISE, Shortcut};
use crate::acceptor::ERASE;
use crate::change::Comparing;
use crate::orchestrator::{Cast, Step};
use crate::rules::{Published, Rules};
use crate::{Accepting, Ballot, Configuration};

const KEY: Key = Key(1);
const TOMBSTONE: Ballot = Ballot { eon: 4, id: 8, era: 2 };
const PROPOSER: NodeId = NodeId(8);

/// All that rules decide.
#[derive(Debug, PartialEq)]
struct Decisions {
    after_deletion: Step,
    after_commit: Vec<Step>,
    erase: &'static str,
    comparing: Comparing,
    after_change: Vec<Step>,
    after_removal: Vec<Step>,
}

fn cast() -> Cast {
    let (acceptors, keys) = ((0..4).map(NodeId).collect(), vec![Key(0), KEY]);
    Cast { acceptors, keys, deletes: true, ..Cast::default() }
}

fn decisions(rules: &dyn Rules) -> Decisions {
    Decisions {
        after_deletion: rules.after_deletion(KEY, TOMBSTONE),
        after_commit: rules.after_commit(KEY, TOMBSTONE),
        erase: rules.erase_script().source,
        comparing: rules.comparing(),
        after_change: rules.after_change(&cast()),
        after_removal: rules.after_removal(&cast(), PROPOSER),
    }
}

const COMMIT: Step = Step::Commit { key: KEY, tombstone: TOMBSTONE, by: Accepting::All };
const FORGET: Step = Step::Forget { key: KEY, tombstone: TOMBSTONE };
const ERASING: Step = Step::Erase { key: KEY, tombstone: TOMBSTONE };

fn configure() -> Step {
    Step::Configure(Configuration::majorities(&cast().acceptors))
}

fn protocol() -> Decisions {
    Decisions {
        after_deletion: COMMIT,
        after_commit: vec![FORGET, Step::Reject, ERASING],
        erase: ERASE.source,
        comparing: Comparing::States,
        after_change: vec![configure(), Step::Rescan(Key(0)), Step::Rescan(KEY)],
        after_removal: vec![Step::Retire(PROPOSER), Step::Reject],
    }
}

#[test]
fn the_protocol_leaves_nothing_out() {
    assert_eq!(decisions(&Published), protocol());
    let odd = Cast { acceptors: vec![NodeId(0)], ..cast() };
    let settled = Step::Configure(Configuration::majorities(&odd.acceptors));
    assert_eq!(Published.after_change(&odd), [settled]);
    let kept = Cast { deletes: false, ..cast() };
    assert_eq!(Published.after_removal(&kept, PROPOSER), [Step::Retire(PROPOSER)]);
}

#[test]
fn each_shortcut_leaves_out_what_it_says() {
    let is = |shortcut: Shortcut, wrong| {
        assert_eq!(decisions(shortcut.rules()), wrong, "{shortcut:?}");
    };
    let erase = ERASE_DESPITE_PROMISE.source;
    is(Shortcut::NaiveErasing, Decisions { after_deletion: ERASING, erase, ..protocol() });
    let after_deletion = Step::Commit { key: KEY, tombstone: TOMBSTONE, by: Accepting::Quorum };
    is(Shortcut::QuorumOfTombstones, Decisions { after_deletion, ..protocol() });
    let after_commit = vec![ERASING];
    is(Shortcut::ForgetNothing, Decisions { after_commit, ..protocol() });
    let forget = Step::Forget { key: KEY, tombstone: Ballot::ZERO };
    let after_commit = vec![forget, Step::Reject, ERASING];
    is(Shortcut::NoFastForward, Decisions { after_commit, ..protocol() });
    let (after_commit, after_removal) = (vec![FORGET, ERASING], vec![Step::Retire(PROPOSER)]);
    is(Shortcut::NoAges, Decisions { after_commit, after_removal, ..protocol() });
    is(Shortcut::EraseByValue, Decisions { erase: ERASE_BY_VALUE.source, ..protocol() });
    is(Shortcut::EraseDespitePromise, Decisions { erase, ..protocol() });
    is(Shortcut::NoRescan, Decisions { after_change: vec![configure()], ..protocol() });
    let after_removal = vec![Step::Retire(PROPOSER)];
    is(Shortcut::RetiredAreHeard, Decisions { after_removal, ..protocol() });
    is(Shortcut::CompareVersions, Decisions { comparing: Comparing::Versions, ..protocol() });
}
