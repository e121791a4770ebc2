//! Datagrams that are reordered, or are not.

use sim::{LinkRule, Order};

use crate::stage::{A, B, Heard, Stage, takes_between};

fn heard_in_order(order: Order) -> Vec<u32> {
    let rule = LinkRule { order, ..takes_between(1, 50) };
    let play = Stage::of(["a", "b"]).rule(rule).chatter(A, B, 200).play();
    let words = play.actor(B).inputs().into_iter().filter_map(|heard| match heard {
        Heard::Word(number) => Some(number),
        _ => None,
    });
    words.collect()
}

#[test]
fn a_message_with_a_short_delay_overtakes_one_with_a_long_delay() {
    let heard = heard_in_order(Order::Free);
    assert_eq!(heard.len(), 200);
    assert!(!heard.is_sorted(), "{heard:?}");
}

#[test]
fn on_a_fifo_link_nothing_is_overtaken() {
    assert!(heard_in_order(Order::Fifo).into_iter().eq(0..200));
}
