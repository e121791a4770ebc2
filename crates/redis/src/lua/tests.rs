//! The outcome of a script does not depend on the scripts that its engine ran before.

mod costs;
mod generator;

use std::sync::Arc;

use self::generator::Generator;
use super::engine::{Access, Call, Engine};
use crate::{Blob, Database, ErrorReply, Reply, ScriptLibrary, Sha1, UnixTime};

/// The number of scripts, unless this environment variable sets it.
const SCRIPTS: u64 = 2_000;
const VARIABLE: &str = "RUMORMILL_SCRIPTS";

/// All observable results of a script.
#[derive(Debug, PartialEq)]
struct Outcome {
    reply: Result<Reply, ErrorReply>,
    database: Database,
    units_left: u64,
    memory: usize,
}

fn run(engine: &mut Engine, units: u64, text: &str) -> Outcome {
    let mut database = Database::new(Arc::new(ScriptLibrary::default()));
    let now = UnixTime::from_millis(1_000);
    for line in ["RPUSH list a b c", "HSET hash one 1 two 2", "SET number 41"] {
        let words: Vec<Blob> = line.split(' ').map(Blob::from).collect();
        database.call(now, &words);
    }
    let words = ["list", "hash", "number"].map(Blob::from);
    let text = Blob::from(text);
    let sha = Sha1::of(&text);
    let access = Access::ReadWrite;
    engine.units = units;
    let call = Call { sha: &sha, text: &text, keys: &words, arguments: &words, access };
    let reply = engine.run(&mut database, now, &call);
    let (units_left, memory) = (engine.lua.units_left(), engine.lua.memory());
    Outcome { reply, database, units_left, memory }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how many scripts are run")]
fn a_script_comes_to_the_same_in_a_fresh_and_in_a_used_engine() {
    let count = std::env::var(VARIABLE).ok().and_then(|count| count.parse().ok());
    let mut used = Engine::new().expect("an engine");
    let (mut succeeded, mut ended) = (0, 0);
    let scripts = count.unwrap_or(SCRIPTS);
    for seed in 0..scripts {
        let mut generator = Generator::new(seed);
        let text = generator.script();
        let units = 2_000 + generator.below(300_000);
        let fresh = run(&mut Engine::new().expect("an engine"), units, &text);
        let again = run(&mut used, units, &text);
        assert_eq!(fresh, again, "seed {seed}:\n{text}");
        let error = fresh.reply.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert!(!error.contains("compiling"), "seed {seed}: {error}\n{text}");
        succeeded += u64::from(fresh.reply.is_ok());
        ended += u64::from(error.contains("too many") || error.contains("too much"));
    }
    // Some scripts succeed, and some fail.
    assert!(succeeded > scripts / 5, "{succeeded} succeeded");
    assert!(ended > scripts / 100, "{ended} were ended");
}

/// A coroutine that is ended by force leaves the main program's stack in use.
#[test]
fn a_script_that_ended_in_a_coroutine_leaves_nothing_behind() {
    let ends = "local t = {} for i = 1, 100 do t[i] = {} end
                coroutine.wrap(function() while true do end end)()";
    let collects = "for i = 1, 9000 do local s = ('x'):rep(1000) .. i end return 'done'";
    let mut used = Engine::new().expect("an engine");
    let fresh = run(&mut Engine::new().expect("an engine"), 2_000_000, collects);
    assert_eq!(fresh.reply, Ok(Reply::Bulk(Blob::from("done"))));
    assert!(run(&mut used, 2_000_000, ends).reply.is_err());
    assert_eq!(run(&mut used, 2_000_000, collects), fresh);
}

/// One script more than an engine keeps compiled.
#[test]
fn an_engine_is_replaced_when_it_has_compiled_enough() {
    let mut used = Engine::new().expect("an engine");
    for number in 0..1_100 {
        let outcome = run(&mut used, 1_000_000, &format!("return {{{number}, tostring({{}})}}"));
        let Ok(Reply::Array(replies)) = outcome.reply else { panic!("{:?}", outcome.reply) };
        assert_eq!(replies[0], Reply::Integer(number));
        assert!(used.compiled.len() <= 500, "{} are kept", used.compiled.len());
    }
}

/// An engine keeps at most eight texts of half a MiB.
#[test]
fn an_engine_is_replaced_when_it_has_compiled_long_texts() {
    let mut used = Engine::new().expect("an engine");
    let mut kept = Vec::new();
    for number in 0..10 {
        let text = format!("return {number} --{}", "x".repeat((512 << 10) - 11));
        assert_eq!(text.len(), 512 << 10);
        let outcome = run(&mut used, 1_000_000, &text);
        assert_eq!(outcome.reply, Ok(Reply::Integer(number)));
        kept.push(used.compiled.len());
    }
    assert_eq!(kept, [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]);
}

/// Objects that the script dropped do not count against its reply.
#[test]
fn garbage_is_collected_before_a_large_reply() {
    let script = "redis.call('SET', KEYS[3], ('x'):rep(2.3e7))
                  local kept = ('y'):rep(3e7) local garbage = ('z'):rep(1.6e7) garbage = nil
                  return #kept + #redis.call('GET', KEYS[3])";
    let outcome = run(&mut Engine::new().expect("an engine"), 20_000_000, script);
    assert_eq!(outcome.reply, Ok(Reply::Integer(53_000_000)));
}
