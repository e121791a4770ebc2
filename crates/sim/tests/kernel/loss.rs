//! Datagrams that get lost.

use history::Time;
use sim::{Chance, Endpoint, Fate, Kind, LinkRule, Loss, Report};

use crate::stage::{A, Act, B, Heard, Stage, only, takes};

fn loses(ppm: u32, report: Report) -> LinkRule {
    LinkRule { loss: Chance::from_ppm(ppm).unwrap(), report, ..takes(1) }
}

#[test]
fn a_silent_loss_is_seen_by_nobody() {
    let stage = Stage::of(["a", "b"]).rule(loses(1_000_000, Report::Silent));
    let play = stage.tell(0, A, [Act::Say(B, 7)]).play();
    assert_eq!(play.story(), ["0s a sends 7 to b: lost, network"]);
    assert_eq!(play.actor(A).inputs(), [Heard::Start]);
    assert_eq!(play.actor(B).inputs(), [Heard::Start]);
}

#[test]
fn a_reported_loss_is_known_to_the_sender_at_once() {
    let stage = Stage::of(["a", "b"]).rule(loses(1_000_000, Report::Reported));
    let play = stage.tell(0, A, [Act::Say(B, 7)]).play();
    assert_eq!(
        play.story(),
        ["0s a sends 7 to b: lost, network", "0s a learns that 7 to b is lost",]
    );
    assert_eq!(play.actor(A).inputs(), [Heard::Start, Heard::Undelivered(7)]);
}

#[test]
fn nothing_is_lost_where_loss_is_off() {
    for report in [Report::Silent, Report::Reported] {
        let stage = Stage::of(["a", "b"]).rule(loses(0, report));
        let play = stage.chatter(A, B, 200).play();
        assert_eq!(play.count(|kind| matches!(kind, Kind::Deliver { .. })), 200);
        assert_eq!(play.count(|kind| matches!(kind, Kind::Undelivered { .. })), 0);
    }
}

#[test]
fn as_much_is_lost_as_the_rule_says() {
    let stage = Stage::of(["a", "b"]).rule(loses(100_000, Report::Silent));
    let play = stage.chatter(A, B, 3_000).play();
    let dropped = |(_, fate): &(Time, Fate)| *fate == Fate::Dropped(Loss::Network);
    let lost = play.fates(A, B).into_iter().filter(dropped).count();
    assert!((250..350).contains(&lost), "{lost} of 3,000 at 10 %");
    let delivered = play.count(|kind| matches!(kind, Kind::Deliver { .. }));
    assert_eq!(lost + delivered, 3_000);
}

#[test]
fn a_reply_is_lost_after_the_server_has_applied_the_command() {
    let stage = Stage::of(["client", "server"]).link(
        only(B),
        Endpoint::Any,
        loses(1_000_000, Report::Silent),
    );
    let play = stage.tell(0, A, [Act::Ask(B, 7)]).play();
    assert_eq!(
        play.story(),
        [
            "0s client sends 7 to server: arrives at 1ms",
            "1ms server hears 7 from client",
            "1ms server sends 7 to client: lost, network",
        ]
    );
    assert_eq!(play.actor(B).inputs(), [Heard::Start, Heard::Word(7)]);
    assert_eq!(play.actor(A).inputs(), [Heard::Start]);
}
