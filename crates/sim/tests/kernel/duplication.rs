//! Datagrams that arrive twice.

use sim::{Chance, Fate, Kind, LinkRule, Order};

use crate::stage::{A, Act, B, Heard, Stage, takes, takes_between};

fn duplicates(ppm: u32, rule: LinkRule) -> LinkRule {
    LinkRule { duplicate: Chance::from_ppm(ppm).unwrap(), ..rule }
}

#[test]
fn a_duplicated_message_arrives_twice_and_is_one_message() {
    let stage = Stage::of(["a", "b"]).rule(duplicates(1_000_000, takes(1)));
    let play = stage.tell(0, A, [Act::Say(B, 7)]).play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 7 to b: arrives at 1ms and 1ms",
            "1ms b hears 7 from a",
            "1ms b hears 7 from a",
        ]
    );
    assert_eq!(play.actor(B).inputs(), [Heard::Start, Heard::Word(7), Heard::Word(7)]);
}

#[test]
fn the_copy_has_a_delay_of_its_own() {
    let stage = Stage::of(["a", "b"]).rule(duplicates(1_000_000, takes_between(1, 10)));
    let play = stage.chatter(A, B, 100).play();
    let (mut earlier, mut later) = (0, 0);
    for (_, fate) in play.fates(A, B) {
        match fate {
            Fate::Duplicated(first, second) if second < first => earlier += 1,
            Fate::Duplicated(first, second) if second > first => later += 1,
            other => panic!("{other:?} of a message that is always duplicated"),
        }
    }
    assert!(earlier > 20 && later > 20, "{earlier} copies came before, {later} after");
}

#[test]
fn nothing_arrives_twice_where_duplication_is_off() {
    let stage = Stage::of(["a", "b"]).rule(duplicates(0, takes_between(1, 10)));
    let play = stage.chatter(A, B, 200).play();
    assert_eq!(play.count(|kind| matches!(kind, Kind::Deliver { .. })), 200);
}

#[test]
fn as_much_is_duplicated_as_the_rule_says() {
    let stage = Stage::of(["a", "b"]).rule(duplicates(100_000, takes(1)));
    let play = stage.chatter(A, B, 3_000).play();
    let delivered = play.count(|kind| matches!(kind, Kind::Deliver { .. }));
    assert!((3_250..3_350).contains(&delivered), "{delivered}");
}

#[test]
fn copies_keep_the_order_of_a_link_that_keeps_it() {
    let rule = LinkRule { order: Order::Fifo, ..takes_between(1, 10) };
    let stage = Stage::of(["a", "b"]).rule(duplicates(500_000, rule));
    let play = stage.chatter(A, B, 200).play();
    let heard = play.actor(B).heard.clone();
    assert!(heard.len() > 250);
    let word = |heard: &Heard| match heard {
        Heard::Word(number) => *number,
        other => panic!("{other:?}"),
    };
    assert!(heard[1..].is_sorted_by_key(|(_, heard)| word(heard)), "{heard:?}");
}
