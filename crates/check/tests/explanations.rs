//! The other forms of explanations, and tests that explanations are true and small. `violations.rs`
//! has the stories.

use std::collections::BTreeMap;

use check::random::{self, Mix, Simulation, Source};
use check::{Constraint, Explanation, Violation, check_history, explain, notation};
use history::{
    Action, Completion, Entry, Invoke, Key, Names, NodeId, OpId, Return, Span, Step, Time, Version,
};

const STALE_READ: &str = "100ms c1 cas empty
                          110ms c1 made v1
                          190ms c3 cas v1=c1#0
                          200ms c2 read
                          215ms c3 unknown
                          219ms c2 saw v2=c3#0
                          230ms c1 read
                          236ms c1 saw v1=c1#0";

fn explained(text: &str) -> (Violation, Explanation) {
    let (history, names) = notation::parse(text).expect("the story is in the notation");
    let violation = check_history(&history).expect("the story is a history");
    let violation = violation.expect("something is wrong in the story");
    (violation, explain(&history, &violation, &names))
}

#[test]
fn an_explanation_is_drawn_with_its_cycle_in_red() {
    insta::assert_snapshot!(explained(STALE_READ).1.dot(), @r#"
    digraph {
        0 [ shape=box label="c1#0\ncompare-and-set from an empty register, made v1"]
        1 [ shape=box label="c3#0\ncompare-and-set from v1, made v2" color=red]
        2 [ shape=box label="c2#0\nread, saw v2" color=red]
        3 [ shape=box label="c1#1\nread, saw v1" color=red]
        0 -> 1 [ label="real time"]
        0 -> 2 [ label="real time"]
        0 -> 3 [ label="installs"]
        1 -> 2 [ label="installs" color=red fontcolor=red]
        2 -> 3 [ label="real time" color=red fontcolor=red]
        3 -> 1 [ label="overwrites" color=red fontcolor=red]
    }
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "nearly all of it is the snapshot")]
fn an_explanation_is_written_as_json() {
    let (violation, explanation) = explained(STALE_READ);
    let json = serde_json::to_string_pretty(&explanation).expect("it is plain data");
    let read: Explanation = serde_json::from_str(&json).expect("it reads back");
    assert_eq!(read.to_string(), explanation.to_string());
    insta::assert_snapshot!(json, @r#"
    {
      "summary": "c1 saw v1 (value c1#0) at 236ms, although v2 of key1 had been known since 219ms.",
      "story": [
        "c3 began a compare-and-set of key1 that expected v1 (new value c3#0) at 190ms and ended it at 215ms with an unknown outcome.",
        "c2 began a read of key1 (c2#0) at 200ms and saw v2 (value c3#0) at 219ms. Every later operation must see v2 or a newer version.",
        "c1 began a read of key1 (c1#1) at 230ms, after that, and saw v1 (value c1#0) at 236ms.",
        "So c3#0 must come before c2#0, c2#0 before c1#1, and c1#1 before c3#0: a cycle, which no order of the operations satisfies."
      ],
      "cycle": [
        {
          "from": {
            "client": 1,
            "ordinal": 0
          },
          "to": {
            "client": 2,
            "ordinal": 0
          },
          "constraint": "installs",
          "because": "c3#0 comes before c2#0: c2#0 saw v2, which c3#0 made."
        },
        {
          "from": {
            "client": 2,
            "ordinal": 0
          },
          "to": {
            "client": 0,
            "ordinal": 1
          },
          "constraint": "real-time",
          "because": "c2#0 comes before c1#1: c2#0 had returned at 219ms when c1#1 began at 230ms."
        },
        {
          "from": {
            "client": 0,
            "ordinal": 1
          },
          "to": {
            "client": 1,
            "ordinal": 0
          },
          "constraint": "overwrites",
          "because": "c1#1 comes before c3#0: c1#1 saw v1, which c3#0 replaced by v2."
        }
      ],
      "operations": [
        {
          "client": 1,
          "ordinal": 0
        },
        {
          "client": 2,
          "ordinal": 0
        },
        {
          "client": 0,
          "ordinal": 1
        }
      ]
    }
    "#);

    let json = serde_json::to_string(&violation).expect("it is plain data");
    assert_eq!(serde_json::from_str::<Violation>(&json).expect("it reads back"), violation);
    insta::assert_snapshot!(json, @r#"
    {"at":236000000,"key":0,"op":{"client":0,"ordinal":1},"reason":{"older-than-rumor":{"claimed":{"version":1,"value":4294967296},"rumor":{"version":2,"value":8589934592},"reported_to":{"client":2,"ordinal":0}}}}
    "#);
}

#[test]
fn keys_and_values_are_called_what_they_are() {
    let (_, explanation) = explained(
        "10ms alice write 77 on key1
         11ms alice made v1
         12ms bob   write 78 on stock/apples
         13ms bob   made v1
         14ms carol read on stock/apples
         15ms carol saw v1=77",
    );
    insta::assert_snapshot!(explanation, @r"
    v1 of stock/apples has two values: 78 and 77.

      1. bob learned at 13ms that its write of v1 (bob#0, value 78) on stock/apples succeeded.
      2. carol began a read of stock/apples (carol#0) at 14ms and saw v1 (value 77) at 15ms.
      3. No write of stock/apples ever had the value 77.
      4. A version has one value, and v1 has two.
    ");
}

#[test]
fn without_names_there_are_ids() {
    let (history, _) = notation::parse(STALE_READ).expect("the story is in the notation");
    let violation = check_history(&history).expect("the story is a history");
    let violation = violation.expect("something is wrong in the story");
    let explanation = explain(&history, &violation, &Names::default());
    assert_eq!(
        explanation.summary,
        "n0 saw v1 (value n0#0) at 236ms, although v2 of k0 had been known since 219ms."
    );
}

#[test]
fn a_violation_of_another_history_is_not_explained() {
    let (violation, _) = explained(STALE_READ);
    let explanation = explain(&[], &violation, &Names::default());
    insta::assert_snapshot!(explanation, @r"
    at 236ms, n0#1 on k0: it returned v1=n0#0, but v2=n1#0 was known before it began (reported to n2#0)

      1. The history at hand does not contain that operation.
    ");
}

/// A long history of a correct register, and then a client that sees its first version again.
fn long_history_with_a_stale_read() -> Vec<Entry> {
    let mut history: Vec<Entry> = Simulation::new(Mix::plain(100_000), Source::new(7, 0)).collect();
    let first = history.iter().find_map(|entry| match entry.step {
        Step::Return(returned) => match returned.completion {
            Completion::Ok(seen) if seen.version == Version(1) => Some(seen),
            _ => None,
        },
        Step::Invoke(_) | Step::Gone(_) => None,
    });
    let first = first.expect("version 1 was observed");
    let op = OpId { client: NodeId(100), ordinal: 0 };
    let read = Step::Invoke(Invoke { op, key: Key(0), action: Action::Read });
    let completion = Completion::Ok(first);
    let stale = Step::Return(Return { op, completion });
    for step in [read, stale] {
        let latest = history.last().map_or(Time::ZERO, |entry| entry.at);
        let at = latest + Span::from_millis(1);
        history.push(Entry { at, step });
    }
    history
}

#[test]
fn the_explanation_of_a_long_history_is_short() {
    let history = long_history_with_a_stale_read();
    let violation = check_history(&history).expect("the history is well-formed");
    let violation = violation.expect("the last read is stale");
    let explanation = explain(&history, &violation, &Names::default());
    assert!(explanation.story.len() <= 5, "{explanation}");
    assert!(explanation.cycle.len() <= 3, "{explanation}");
    assert!(explanation.dot().lines().count() <= 200, "{}", explanation.dot());
}

/// The steps at which operations were invoked, and at which they returned.
fn moments(history: &[Entry]) -> (BTreeMap<OpId, usize>, BTreeMap<OpId, usize>) {
    let (mut invoked, mut told) = (BTreeMap::new(), BTreeMap::new());
    for (step, entry) in history.iter().enumerate() {
        match entry.step {
            Step::Invoke(invoke) => {
                invoked.insert(invoke.op, step);
            }
            Step::Return(returned) => {
                if let Completion::Ok(_) | Completion::Refused(_) = returned.completion {
                    told.insert(returned.op, step);
                }
            }
            Step::Gone(_) => {}
        }
    }
    (invoked, told)
}

#[test]
fn cycles_are_closed_and_what_they_say_of_real_time_is_true() {
    let mut with_cycle = 0;
    for number in 0..20_000 {
        let history = random::history(11, number).entries;
        let Ok(Some(violation)) = check_history(&history) else {
            continue;
        };
        let explanation = explain(&history, &violation, &Names::default());
        let cycle = &explanation.cycle;
        with_cycle += u64::from(!cycle.is_empty());
        let must_have_one = ["older-than-rumor", "written-later", "written-too-late"];
        if must_have_one.contains(&violation.reason.name()) {
            assert!(!cycle.is_empty(), "{explanation}");
        }
        let (invoked, told) = moments(&history);
        for (edge, next) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
            assert_eq!(edge.to, next.from, "{explanation}");
            if edge.constraint == Constraint::RealTime {
                assert!(told[&edge.from] < invoked[&edge.to], "{explanation}");
            }
        }
    }
    assert!(with_cycle >= 4_000, "{with_cycle} explanations have a cycle");
}
