//! Scripts in Lua and in Rust, which must do the same.

use redis::{Blob, ErrorReply, Reply, Script, ScriptContext};

pub(crate) const SCRIPTS: [Script; 9] = [
    Script {
        name: "get",
        source: "return redis.call('GET', KEYS[1])",
        native: |context| {
            let key = context.key(1)?;
            Ok(Reply::from(context.get(key)?))
        },
    },
    Script { name: "increment", source: "return redis.call('INCR', KEYS[1])", native: increment },
    Script {
        name: "increment_caught",
        source: "return redis.pcall('INCR', KEYS[1])",
        native: |context| Ok(Reply::from(increment(context))),
    },
    Script {
        name: "give_error",
        source: "return redis.error_reply('OUCH it hurts')",
        native: |_| Ok(Reply::Error(ErrorReply::from_static("OUCH it hurts"))),
    },
    Script {
        name: "set_then_fail",
        source: "redis.call('SET', KEYS[1], 'written') return redis.call('INCR', KEYS[1])",
        native: |context| {
            context.set(context.key(1)?.clone(), Blob::from("written"))?;
            increment(context)
        },
    },
    Script {
        name: "compare_and_set",
        source: "local found = redis.call('GET', KEYS[1]) or ''
                 if found ~= ARGV[1] then return 0 end
                 redis.call('SET', KEYS[1], ARGV[2])
                 return 1",
        native: |context| {
            let found = context.get(context.key(1)?)?.unwrap_or_default();
            if context.arguments().first() != Some(&found) {
                return Ok(Reply::Integer(0));
            }
            context.set(context.key(1)?.clone(), context.argument(2)?.clone())?;
            Ok(Reply::Integer(1))
        },
    },
    Script {
        name: "call_words",
        source: "return redis.call(unpack(ARGV))",
        native: |context| context.call(context.arguments()),
    },
    Script {
        name: "words",
        source: "return {KEYS, ARGV}",
        native: |context| {
            let words = |words: &[Blob]| words.iter().cloned().map(Reply::Bulk).collect();
            Ok(Reply::Array(vec![
                Reply::Array(words(context.keys())),
                Reply::Array(words(context.arguments())),
            ]))
        },
    },
    Script {
        name: "last_millisecond",
        source: "redis.call('SET', KEYS[1], 'v', 'PX', 1000)
                 local now = redis.call('PEXPIRETIME', KEYS[1]) - 1000
                 redis.call('SET', KEYS[1], 'v', 'PXAT', now - 1)
                 redis.call('SET', KEYS[2], 'v', 'PXAT', now)
                 return {
                     redis.call('EXISTS', KEYS[1]),
                     redis.call('EXISTS', KEYS[2]),
                     redis.call('PTTL', KEYS[2]),
                     redis.call('PEXPIREAT', KEYS[2], now),
                     redis.call('EXISTS', KEYS[2]),
                 }",
        native: last_millisecond,
    },
];

fn increment(context: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    context.call(&[Blob::from("INCR"), context.key(1)?.clone()])
}

/// A key lives until the end of the millisecond of its expiry. But setting its expiry to the
/// current millisecond removes it.
fn last_millisecond(context: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let past = context.key(1)?;
    let now_ms = present_ms(context)?;
    let (before, now) = ((now_ms - 1).to_string(), now_ms.to_string());
    run(context, "SET", past, &["v", "PXAT", &before])?;
    let present = context.key(2)?;
    run(context, "SET", present, &["v", "PXAT", &now])?;
    Ok(Reply::Array(vec![
        run(context, "EXISTS", past, &[])?,
        run(context, "EXISTS", present, &[])?,
        run(context, "PTTL", present, &[])?,
        run(context, "PEXPIREAT", present, &[&now])?,
        run(context, "EXISTS", present, &[])?,
    ]))
}

fn present_ms(context: &mut ScriptContext<'_>) -> Result<u64, ErrorReply> {
    let time = context.call(&[Blob::from("TIME")])?;
    let Reply::Array(parts) = &time else {
        panic!("TIME gave {time:?}");
    };
    let [Reply::Bulk(seconds), Reply::Bulk(micros)] = &parts[..] else {
        panic!("TIME gave {time:?}");
    };
    let number = |text: &Blob| -> u64 { text.to_string().parse().expect("a number") };
    Ok(number(seconds) * 1_000 + number(micros) / 1_000)
}

fn run(
    context: &mut ScriptContext<'_>,
    name: &str,
    key: &Blob,
    rest: &[&str],
) -> Result<Reply, ErrorReply> {
    let mut line = vec![Blob::from(name), key.clone()];
    line.extend(rest.iter().copied().map(Blob::from));
    context.call(&line)
}
