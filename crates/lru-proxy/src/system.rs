//! The proxy as a system that scenarios can run.

use std::collections::BTreeMap;

use history::{Key, Names, NodeId};
use redis_node::{NO_SERVER, Server, ServerConfig};
use scenario::{Checker, Deployment, Problem, RegisterKind, RumorChecker, System, work_left};
use sim::{Context, Input, Keep, NodeSpec, Role};

use crate::client::Client;
use crate::config::{Config, Route};
use crate::proxy::Proxy;
use crate::{Message, Protocol, Timer, checks};

/// A caching proxy in front of a Redis server.
#[derive(Debug)]
pub struct LruProxy;

/// The process of a node.
#[derive(Clone, Debug, Hash)]
pub struct Process(Part);

#[derive(Clone, Debug, Hash)]
enum Part {
    Server(Server),
    Proxy(Proxy),
    Client(Client),
}

const SERVER: NodeId = NodeId(0);
const PROXY: NodeId = NodeId(1);

impl sim::Process for Process {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Context<'_, Protocol>, input: Input<Protocol>) {
        match (&mut self.0, input) {
            (Part::Client(client), input) => client.handle(cx, input),
            (Part::Proxy(proxy), input) => proxy.handle(cx, input),
            (Part::Server(server), Input::Message { from, message: Message::Request(request) }) => {
                server.serve(cx, from, request)
            }
            (Part::Server(server), Input::ConnectionLost { peer, .. }) => server.disconnect(peer),
            (Part::Server(server), Input::Timer(Timer::Server(timer))) => server.renew(timer),
            _ => (),
        }
    }

    fn crash(self, keep: Keep) -> Process {
        Process(match self.0 {
            Part::Server(server) => Part::Server(server.crash(keep)),
            Part::Proxy(proxy) => Part::Proxy(proxy.crash()),
            Part::Client(client) => Part::Client(Client { waiting: None, ..client }),
        })
    }

    fn payload(message: &Message) -> usize {
        message.payload()
    }
}

impl System for LruProxy {
    const NAME: &'static str = "lru-proxy";
    const SHARED_SECTIONS: &'static [&'static str] = &[ServerConfig::SECTION];
    const MARKS: &'static [&'static str] = &[
        "hit",
        "hit-while-lost",
        "miss",
        "void-ticket",
        "evicted",
        "redeemed",
        "outage-told",
        "looks-missing",
        "unanswered",
    ];

    type Process = Process;
    type Nemesis = ();
    type Config = Config;

    fn complete(config: Config) -> Result<Config, Problem> {
        config.complete()
    }

    fn deploy(config: &Config, intensity: u64) -> Deployment<Process, ()> {
        let server = Part::Server(Server::new(config.redis.clone(), []));
        let proxy = Part::Proxy(Proxy::new(SERVER, config.rules()));
        let mut nodes = vec![
            NodeSpec::new("redis", Role(0), Process(server)),
            NodeSpec::new("proxy", Role(1), Process(proxy)),
        ];
        let writes_to = match config.writes {
            Route::Direct => SERVER,
            Route::Through => PROXY,
        };
        let client = |writes_to, keys| {
            Process(Part::Client(Client {
                proxy: PROXY,
                writes_to,
                keys,
                missing: intensity,
                pause: config.pause,
                client_timeout: config.client_timeout,
                written: BTreeMap::new(),
                to_look_at: None,
                request: 0,
                waiting: None,
            }))
        };
        let all_keys = || (0..u32::from(config.keys)).map(Key);
        for number in 0..config.writers {
            let is_own = |key: &Key| key.0 % u32::from(config.writers) == u32::from(number);
            let process = client(Some(writes_to), all_keys().filter(is_own).collect());
            nodes.push(NodeSpec::new(format!("w{}", number + 1), Role(2), process));
        }
        for number in 0..config.readers {
            let process = client(None, all_keys().collect());
            nodes.push(NodeSpec::new(format!("r{}", number + 1), Role(3), process));
        }
        Deployment {
            nodes,
            roles: vec!["server", "proxy", "writer", "reader"],
            keys: (1..=config.keys).map(|number| format!("key{number}")).collect(),
            nemesis: (),
        }
    }

    fn checkers(config: &Config, names: &Names) -> Vec<Box<dyn Checker<Process>>> {
        let mut checkers: Vec<Box<dyn Checker<Process>>> =
            vec![Box::new(RumorChecker::new(RegisterKind::Kept))];
        checkers.extend(checks::all(config, PROXY, names));
        checkers
    }

    fn no_fail_over(process: &Process) -> Option<&'static str> {
        match &process.0 {
            Part::Server(server) => server.no_fail_over(),
            _ => Some(NO_SERVER),
        }
    }

    fn unfinished(process: &Process) -> Option<String> {
        match &process.0 {
            Part::Client(client) if client.missing > 0 => {
                Some(work_left(client.missing, ["operation", "operations"]))
            }
            _ => None,
        }
    }
}
