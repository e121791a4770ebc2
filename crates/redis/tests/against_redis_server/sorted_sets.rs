//! Generated sequences of commands on sorted sets.
//!
//! Redis does not specify ranges by member if scores differ, so there are none.

use proptest::prelude::*;
use proptest::sample::select;
use redis::Blob;

use crate::generated::hold;
use crate::sequences::LINES_MAX;

/// Forms of commands.
const FORMS: [&str; 42] = [
    "ZADD key score member",
    "ZADD key score member score member",
    "ZADD key flag score member score member",
    "ZADD key flag flag score member",
    "ZADD key flag flag flag score member",
    "ZADD names 0 member 0 member 0 member",
    "ZINCRBY key score member",
    "ZREM key member member",
    "ZREM names member",
    "ZCARD key",
    "ZSCORE key member",
    "ZMSCORE key member member",
    "ZRANK key member",
    "ZREVRANK key member",
    "ZCOUNT key bound bound",
    "ZLEXCOUNT names name name",
    "ZRANGE key rank rank",
    "ZRANGE key rank rank option option",
    "ZRANGE key bound bound BYSCORE option option",
    "ZRANGE names name name BYLEX option option",
    "ZREVRANGE key rank rank option",
    "ZRANGEBYSCORE key bound bound option option",
    "ZREVRANGEBYSCORE key bound bound option",
    "ZRANGEBYLEX names name name option",
    "ZREVRANGEBYLEX names name name option",
    "ZRANGESTORE key key rank rank",
    "ZRANGESTORE key key bound bound BYSCORE option",
    "ZREMRANGEBYRANK key rank rank",
    "ZREMRANGEBYSCORE key bound bound",
    "ZREMRANGEBYLEX names name name",
    "ZPOPMIN key",
    "ZPOPMAX key rank",
    "ZSCAN key 0 MATCH member",
    "ZRANDMEMBER key rank",
    "ZRANDMEMBER key rank WITHSCORES",
    "ZUNION 2 key key setting setting WITHSCORES",
    "ZUNIONSTORE key 3 key names key setting",
    "ZINTER 2 key key setting WITHSCORES",
    "ZINTERSTORE key 2 key key setting setting",
    "ZDIFF 2 key key WITHSCORES",
    "ZDIFFSTORE key 2 key key",
    "SET key score",
];

const KEYS: [&str; 3] = ["a", "b", "c"];

const SCORES: [&str; 22] = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "1.5",
    "0.1",
    "0.2",
    "0.3",
    "1e300",
    "-1e300",
    "5e-324",
    "inf",
    "-inf",
    "3.0",
    "100000000000000000",
    "9007199254740993",
    "0x1p3",
    "1e-5",
    "nan",
    "x",
    "-0.7",
];

fn strings(words: &'static [&'static str]) -> BoxedStrategy<Vec<Blob>> {
    select(words).prop_map(|word| vec![Blob::from(word)]).boxed()
}

fn line_of(words: &str) -> Vec<Blob> {
    words.split(' ').filter(|word| !word.is_empty()).map(Blob::from).collect()
}

/// Words of a kind. Most kinds are one word.
fn words(kind: &'static str) -> BoxedStrategy<Vec<Blob>> {
    match kind {
        "key" => strings(&KEYS),
        "names" => strings(&["n"]),
        "score" => prop_oneof![
            4 => strings(&SCORES),
            1 => any::<f64>().prop_map(|number| vec![Blob::from(format!("{number:e}"))]),
            1 => (-1e9..1e9).prop_map(|number: f64| vec![Blob::from(format!("{number}"))]),
        ]
        .boxed(),
        "bound" => (strings(&["", "", "("]), words("score"))
            .prop_map(|(start, score)| vec![Blob::from([&*start[0], &*score[0]].concat())])
            .boxed(),
        "member" => strings(&["a", "b", "ab", "", "\0", "1", "a name of more than 23 bytes"]),
        "name" => strings(&["-", "+", "[a", "(a", "[ab", "(b", "[", "(", "x", "[1"]),
        "rank" => strings(&["0", "1", "2", "-1", "-2", "5", "-9", "9223372036854775807", "x"]),
        "flag" => strings(&["NX", "XX", "GT", "LT", "CH", "INCR", "ch"]),
        "option" => {
            let options = ["", "WITHSCORES", "REV", "LIMIT 1 2", "LIMIT 0 -1", "LIMIT -1 1"];
            select(options.to_vec()).prop_map(line_of).boxed()
        }
        "setting" => {
            let settings =
                ["", "WEIGHTS 2 0.5", "WEIGHTS 1 inf", "AGGREGATE MIN", "AGGREGATE MAX", "FOO"];
            select(settings.to_vec()).prop_map(line_of).boxed()
        }
        literal => Just(vec![Blob::from(literal)]).boxed(),
    }
}

fn line() -> impl Strategy<Value = Vec<Blob>> {
    let forms = FORMS.map(|form| {
        let kinds: Vec<_> = form.split(' ').map(words).collect();
        kinds.prop_map(|words| words.concat()).boxed()
    });
    proptest::strategy::Union::new(forms)
}

#[test]
fn generated_sequences_on_sorted_sets_have_the_same_replies() {
    hold(prop::collection::vec(line(), 1..LINES_MAX));
}
