use redis::{Blob, Reply, Script};
use redis_node::{Durability, Scripts, ServerConfig};
use sim::Keep;

use crate::stage::{Stage, replies, text};

/// Loaded by the server whenever it starts. Its native twin replies differently, so that the test
/// can distinguish the two.
const HOUSE: Script = Script {
    name: "house",
    source: "return 'house, in Lua'",
    native: |_| Ok(Reply::Bulk(Blob::from_static("house"))),
};

/// Loaded by a client.
const GUEST: Script = Script {
    name: "guest",
    source: "return 'guest'",
    native: |_| Ok(Reply::Bulk(Blob::from_static("guest"))),
};

fn evalsha(script: &Script) -> String {
    format!("EVALSHA {} 0", script.sha())
}

fn server(durability: Durability) -> Stage {
    Stage::with_scripts(ServerConfig { durability, ..ServerConfig::default() }, &[HOUSE])
}

fn code(reply: &Reply) -> &[u8] {
    reply.as_error().map_or(b"", |error| error.code())
}

#[test]
fn a_server_starts_with_its_own_scripts() {
    let (house, guest) = (evalsha(&HOUSE), evalsha(&GUEST));
    let replies = replies(server(Durability::Always).client(&[(0, &house), (10, &guest)]));
    assert_eq!(replies[0], text("house"));
    assert_eq!(code(&replies[1]), b"NOSCRIPT");
}

#[test]
fn scripts_are_run_natively_or_in_lua() {
    let house = evalsha(&HOUSE);
    for (scripts, reply) in [(Scripts::Native, "house"), (Scripts::Lua, "house, in Lua")] {
        let config = ServerConfig { scripts, ..ServerConfig::default() };
        let stage = Stage::with_scripts(config, &[HOUSE]).client(&[(0, &house), (20, &house)]);
        let replies = replies(stage.crash_server(10, Keep::Durable));
        assert_eq!(replies, [text(reply), text(reply)], "before and after a crash");
    }
}

#[test]
fn a_restart_loads_its_own_scripts_again_and_forgets_the_others() {
    for durability in [Durability::Always, Durability::Never] {
        let house = evalsha(&HOUSE);
        let flushed = [(0, "SCRIPT FLUSH"), (5, &house), (20, &house)];
        let replies = replies(server(durability).client(&flushed).crash_server(10, Keep::Durable));
        assert_eq!(code(&replies[1]), b"NOSCRIPT", "{durability:?}: it was flushed");
        assert_eq!(replies[2], text("house"), "{durability:?}");
    }
}

#[test]
fn a_script_that_a_client_loaded_is_gone_after_a_restart() {
    let guest = evalsha(&GUEST);
    let stage = server(Durability::Always).load(0, &GUEST).client(&[(5, &guest), (20, &guest)]);
    let all = stage.crash_server(10, Keep::Durable).run();
    let replies: Vec<&Reply> = all[1].iter().map(|(_, reply)| reply).collect();
    assert_eq!(*replies[0], text("guest"));
    assert_eq!(code(replies[1]), b"NOSCRIPT");
}
