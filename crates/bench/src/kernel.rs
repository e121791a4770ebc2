//! The workload of the comparison: clients broadcast to servers and wait for a majority.

use history::{NodeId, Span};
use serde::{Deserialize, Serialize};
use sim::{
    Chance, Context, Delay, Endpoint, EventDigest, Input, Keep, LinkRule, Limits, NodeSpec, Process,
    Role, Seeded, World,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Message {
    Ask { op: u32 },
    Answer { op: u32 },
}

#[derive(Clone, Debug, Hash)]
pub enum Node {
    Client(Client),
    Server,
}

#[derive(Clone, Debug, Hash)]
pub struct Client {
    servers: std::ops::Range<u16>,
    answers: Vec<u8>,
    in_flight: u32,
    started: u32,
    operations: u32,
}

impl Client {
    fn begin(&mut self, cx: &mut Context<'_, Message, ()>) {
        if self.started == self.operations {
            return;
        }
        let op = self.started;
        self.started += 1;
        self.answers[(op % self.in_flight) as usize] = 0;
        for server in self.servers.clone() {
            cx.send(NodeId(server), Message::Ask { op });
        }
    }
}

impl Process for Node {
    type Message = Message;
    type Timer = ();

    fn handle(&mut self, cx: &mut Context<'_, Message, ()>, input: Input<Message, ()>) {
        match (self, input) {
            (Node::Client(client), Input::Start) => {
                for _ in 0..client.in_flight {
                    client.begin(cx);
                }
            }
            (Node::Client(client), Input::Message { message: Message::Answer { op }, .. }) => {
                let all = client.servers.len() as u8;
                let answers = &mut client.answers[(op % client.in_flight) as usize];
                *answers += 1;
                if *answers == all {
                    client.begin(cx);
                }
            }
            (Node::Server, Input::Message { from, message: Message::Ask { op } }) => {
                cx.send(from, Message::Answer { op });
            }
            _ => {}
        }
    }

    fn crash(self, _: Keep) -> Self {
        self
    }
}

pub fn run(seed: &str, servers: u16, in_flight: u32, messages: u32, loss: bool) -> (u64, u64) {
    let mut world = World::new(Seeded::new(seed), (), Limits { in_flight: 8_000_000, events: 1 << 39, ..Limits::default() });
    let operations = messages / (2 * 2 * u32::from(servers));
    let delay = Delay { min: Span::from_millis(1), max: Span::from_millis(10) };
    let rule = LinkRule { delay, loss: Chance::from_ppm(u32::from(loss)).unwrap(), ..LinkRule::default() };
    world.add_rule(Endpoint::Any, Endpoint::Any, rule);
    for client in 0..2 {
        let client_process = Client {
            servers: 2..2 + servers,
            answers: vec![0; in_flight as usize],
            in_flight,
            started: 0,
            operations,
        };
        world.add_node(NodeSpec::new(format!("c{client}"), Role(0), Node::Client(client_process)));
    }
    for server in 0..servers {
        world.add_node(NodeSpec::new(format!("s{server}"), Role(1), Node::Server));
    }
    let mut digest = EventDigest::default();
    world.run(&mut digest, |_| false);
    (digest.events() / 2, digest.fingerprint().0)
}
