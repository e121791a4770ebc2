//! Redis in memory, in-process on one thread: `GET` and `SET`, and an acceptor's scripts.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::Result;
use caspaxos::scripts::{ACCEPT, PREPARE};
use redis::{Blob, Database, ScriptLibrary, Sha1, UnixTime};

use crate::measure::{Contender, medians};
use crate::table::{Table, rate, ratio};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many rounds to take the median of.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How many commands in each round.
    #[arg(long, default_value_t = 1_000_000)]
    commands: usize,
    /// How many pairs of scripts in each round.
    #[arg(long, default_value_t = 50_000)]
    pairs: u32,
}

const KEYS: usize = 10_000;
/// Commands a second that were aimed at.
const COMMANDS_AIM: f64 = 5e6;
/// Pairs of scripts in Lua a second that were aimed at.
const PAIRS_AIM: f64 = 1e5;
const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { rounds, commands, pairs } = *arguments;
    let keys: Vec<Blob> = (0..KEYS).map(|n| Blob::format(format_args!("key:{n:012}"))).collect();
    let value = Blob::from("0123456789");
    let mut database = Database::default();
    for key in &keys {
        database.call(NOW, &[Blob::from("SET"), key.clone(), value.clone()]);
    }
    let mut other = database.clone();
    // An order that no cache likes.
    let key = |n: usize| keys[n.wrapping_mul(7_919) % KEYS].clone();
    let (get, set) = (Blob::from("GET"), Blob::from("SET"));
    let mut native = Acceptor::new(scripts());
    let mut lua = Acceptor::new(scripts().in_lua());
    let mut contenders: [Contender<'_>; 4] = [
        Box::new(|| {
            for n in 0..commands {
                black_box(database.call(NOW, &[get.clone(), key(n)]));
            }
        }),
        Box::new(|| {
            for n in 0..commands {
                black_box(other.call(NOW, &[set.clone(), key(n), value.clone()]));
            }
        }),
        Box::new(|| (0..pairs).for_each(|_| native.round())),
        Box::new(|| (0..pairs).for_each(|_| lua.round())),
    ];
    let seconds = medians(rounds, &mut contenders);
    let [commands, pairs] = [commands as f64, f64::from(pairs)];
    let mut table = Table::new(["Redis in memory", "a second", "of what was aimed at"]);
    for (name, count, seconds, aim) in [
        ("GET", commands, seconds[0], Some(COMMANDS_AIM)),
        ("SET", commands, seconds[1], Some(COMMANDS_AIM)),
        ("prepare and accept, natively", pairs, seconds[2], None),
        ("prepare and accept, in Lua", pairs, seconds[3], Some(PAIRS_AIM)),
    ] {
        let per_second = count / seconds;
        let aim = aim.map_or_else(String::new, |aim| ratio(per_second, aim));
        table.row(vec![name.to_owned(), rate(per_second), aim]);
    }
    println!(
        "{table}\nmedians of {rounds} interleaved rounds, one thread, {KEYS} keys of 16 bytes"
    );
    Ok(())
}

fn scripts() -> ScriptLibrary {
    ScriptLibrary::new([PREPARE, ACCEPT])
}

/// A server whose scripts prepare and accept one ballot after the other.
struct Acceptor {
    database: Database,
    scripts: [Sha1; 2],
    keys: [Blob; 3],
    value: Blob,
    ballot: u32,
}

impl Acceptor {
    fn new(library: ScriptLibrary) -> Acceptor {
        let mut database = Database::new(Arc::new(library));
        let scripts = [PREPARE, ACCEPT].map(|script| {
            database.call(NOW, &["SCRIPT", "LOAD", script.source].map(Blob::from));
            Sha1::of(script.source.as_bytes())
        });
        Acceptor {
            database,
            scripts,
            keys: ["key1/promise", "key1/ballot", "key1/value"].map(Blob::from),
            value: Blob::from("a value of a register"),
            ballot: 0,
        }
    }

    fn round(&mut self) {
        let Acceptor { database, scripts: [prepare, accept], keys, value, ballot } = self;
        *ballot += 1;
        let ballot = Blob::format(format_args!("{ballot},1,1"));
        let prepared = database.evalsha(NOW, prepare, keys, std::slice::from_ref(&ballot));
        let accepted = database.evalsha(NOW, accept, keys, &[ballot, value.clone()]);
        assert!(prepared.as_error().or(accepted.as_error()).is_none(), "no script fails");
        black_box((prepared, accepted));
    }
}
