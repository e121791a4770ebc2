//! The workload that everything is compared on: two clients broadcast to all servers and wait for
//! a majority of the answers, again and again. Answers that come after that are ignored.

use history::{NodeId, Span};
use serde::{Deserialize, Serialize};
use sim::{
    Context, Delay, Endpoint, EventDigest, Input, Keep, Limits, LinkRule, NodeSpec, Process, Role,
    Seeded, Types, World,
};

/// What clients and servers exchange.
type Protocol = Types<Message>;

/// How much there is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    /// How many servers there are.
    pub(crate) servers: u16,
    /// How many operations each client has under way at a time.
    pub(crate) in_flight: u32,
    /// How many messages are delivered, about.
    pub(crate) messages: u32,
}

impl Workload {
    pub(crate) const CLIENTS: u16 = 2;
    /// How long a message is under way: at least.
    pub(crate) const DELAY_MIN: Span = Span::from_millis(1);
    /// How long a message is under way: less than.
    pub(crate) const DELAY_MAX: Span = Span::from_millis(10);

    /// How many operations each client does.
    pub(crate) fn operations(&self) -> u32 {
        let messages_per_operation = 2 * u32::from(self.servers);
        (self.messages / messages_per_operation / u32::from(Self::CLIENTS)).max(self.in_flight)
    }

    /// How many messages will have been delivered in the end.
    pub(crate) fn delivered(&self) -> u64 {
        u64::from(Self::CLIENTS) * u64::from(self.operations()) * 2 * u64::from(self.servers)
    }
}

/// Which operation of a client a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Operation {
    /// Which of the operations under way.
    lane: u32,
    /// The how-manieth operation of the client.
    number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Message {
    Ask(Operation),
    Answer(Operation),
}

#[derive(Clone, Debug, Hash)]
enum Node {
    Client(Client),
    Server,
}

#[derive(Clone, Debug, Hash)]
struct Client {
    servers: std::ops::Range<u16>,
    majority: u32,
    lanes: Vec<Lane>,
    started: u32,
    operations: u32,
}

/// An operation under way.
#[derive(Clone, Debug, Hash)]
struct Lane {
    number: u32,
    answers: u32,
}

/// A lane in which nothing is under way.
const IDLE: u32 = u32::MAX;

impl Client {
    fn new(workload: &Workload) -> Client {
        let idle = Lane { number: IDLE, answers: 0 };
        Client {
            servers: Workload::CLIENTS..Workload::CLIENTS + workload.servers,
            majority: u32::from(workload.servers) / 2 + 1,
            lanes: vec![idle; workload.in_flight as usize],
            started: 0,
            operations: workload.operations(),
        }
    }

    fn begin(&mut self, cx: &mut Context<'_, Protocol>, lane: u32) {
        let under_way = &mut self.lanes[lane as usize];
        if self.started == self.operations {
            under_way.number = IDLE;
            return;
        }
        let number = self.started;
        self.started += 1;
        *under_way = Lane { number, answers: 0 };
        for server in self.servers.clone() {
            cx.send(NodeId(server), Message::Ask(Operation { lane, number }));
        }
    }

    fn answer(&mut self, cx: &mut Context<'_, Protocol>, operation: Operation) {
        let under_way = &mut self.lanes[operation.lane as usize];
        if under_way.number != operation.number {
            return;
        }
        under_way.answers += 1;
        if under_way.answers == self.majority {
            self.begin(cx, operation.lane);
        }
    }
}

impl Process for Node {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Context<'_, Protocol>, input: Input<Protocol>) {
        match (self, input) {
            (Node::Client(client), Input::Start) => {
                (0..client.lanes.len() as u32).for_each(|lane| client.begin(cx, lane));
            }
            (Node::Client(client), Input::Message { message: Message::Answer(operation), .. }) => {
                client.answer(cx, operation);
            }
            (Node::Server, Input::Message { from, message: Message::Ask(operation) }) => {
                cx.send(from, Message::Answer(operation));
            }
            _ => {}
        }
    }

    fn crash(self, _: Keep) -> Node {
        self
    }
}

/// Runs it once in a fresh world, with the digest on. Returns how many events there were.
pub(crate) fn run(seed: &str, workload: &Workload) -> u64 {
    let limits = Limits { in_flight: 8_000_000, events: u64::MAX, ..Limits::default() };
    let mut world = World::new(Seeded::new(seed), (), limits);
    let rule = LinkRule {
        delay: Delay { min: Workload::DELAY_MIN, max: Workload::DELAY_MAX },
        ..LinkRule::default()
    };
    world.add_rule(Endpoint::Any, Endpoint::Any, rule);
    for client in 0..Workload::CLIENTS {
        let process = Node::Client(Client::new(workload));
        world.add_node(NodeSpec::new(format!("c{client}"), Role(0), process));
    }
    for server in 0..workload.servers {
        world.add_node(NodeSpec::new(format!("s{server}"), Role(1), Node::Server));
    }
    let mut digest = EventDigest::default();
    world.run(&mut digest, |_| false);
    std::hint::black_box(digest.fingerprint());
    assert_eq!(
        digest.events(),
        // Each message is sent and delivered; each node starts; and there is a beginning.
        2 * workload.delivered() + u64::from(Workload::CLIENTS + workload.servers) + 1
    );
    digest.events()
}
