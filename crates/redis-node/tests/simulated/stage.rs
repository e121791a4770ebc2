//! The world that the tests play in: one server, and clients.

use history::{NodeId, Span, Time};
use redis::{Blob, Reply, Script};
use redis_node::{Message, Request, Response, Server, ServerConfig};
use serde::{Deserialize, Serialize};
use sim::{
    Clock, Command, Context, Delay, Endpoint, Event, Input, Keep, Kind, Limits, LinkRule, Nemesis,
    NemesisContext, NodeSpec, Process, Role, Seeded, Transport, Types, World,
};

/// The server is the first node.
pub(crate) const SERVER: NodeId = NodeId(0);

#[derive(Clone, Debug, Hash)]
enum Node {
    Server(Server),
    Client(Client),
}

/// Sends its lines, each at its time, and keeps the replies and when they came.
#[derive(Clone, Debug, Hash)]
struct Client {
    lines: Vec<(Span, Vec<Blob>)>,
    replies: Vec<(Time, Reply)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Timer {
    /// The line at this place is to be sent.
    Line(u64),
    Server(redis_node::Timer),
}

/// What clients and server exchange.
pub(crate) type Protocol = Types<Message, Timer>;

impl From<redis_node::Timer> for Timer {
    fn from(timer: redis_node::Timer) -> Timer {
        Timer::Server(timer)
    }
}

impl Process for Node {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Context<'_, Protocol>, input: Input<Protocol>) {
        match self {
            Node::Server(server) => match input {
                Input::Message { from, message: Message::Request(request) } => {
                    server.serve(cx, from, request);
                }
                Input::ConnectionLost { peer, .. } => server.disconnect(peer),
                Input::Timer(Timer::Server(timer)) => server.renew(timer),
                _ => (),
            },
            Node::Client(client) => match input {
                Input::Start => {
                    for (id, (at, _)) in (0..).zip(&client.lines) {
                        cx.set_timer(*at, Timer::Line(id));
                    }
                }
                Input::Timer(Timer::Line(id)) => {
                    let line = client.lines[id as usize].1.clone();
                    cx.send(SERVER, Request { id, line }.into());
                }
                Input::Message { message: Message::Response(Response { reply, .. }), .. } => {
                    client.replies.push((cx.now().monotonic, reply));
                }
                _ => (),
            },
        }
    }

    fn crash(self, keep: Keep) -> Node {
        match self {
            Node::Server(server) => Node::Server(server.crash(keep)),
            Node::Client(client) => Node::Client(client),
        }
    }
}

/// What goes wrong, and when.
#[derive(Clone, Debug, Default)]
struct Plan(Vec<(Span, Command<Message>)>);

impl Nemesis<Protocol> for Plan {
    fn on_event(&mut self, event: &Event<Protocol>, cx: &mut NemesisContext<'_, Message>) {
        match event.kind {
            Kind::Begin => {
                for (alarm, (at, _)) in (0..).zip(&self.0) {
                    cx.command(Command::Wake { at: Time::ZERO + *at, alarm });
                }
            }
            Kind::Alarm(alarm) => cx.command(self.0[alarm as usize].1.clone()),
            _ => (),
        }
    }
}

/// A world that is being set up. Messages take a millisecond.
pub(crate) struct Stage {
    server: Server,
    clock: Clock,
    clients: Vec<Client>,
    plan: Plan,
    transport: Transport,
}

impl Stage {
    pub(crate) fn new(config: ServerConfig) -> Stage {
        Stage::with_scripts(config, &[])
    }

    pub(crate) fn with_scripts(config: ServerConfig, scripts: &[Script]) -> Stage {
        Stage {
            server: Server::new(config, scripts.iter().copied()),
            clock: Clock::default(),
            clients: Vec::new(),
            plan: Plan::default(),
            transport: Transport::Datagram,
        }
    }

    /// The server's clock goes wrong like this.
    pub(crate) fn clock(mut self, clock: Clock) -> Stage {
        self.clock = clock;
        self
    }

    /// Clients have connections that can break, instead of sending single messages.
    pub(crate) fn streams(mut self) -> Stage {
        self.transport = Transport::Stream;
        self
    }

    /// One more client, which sends these lines, each after so many milliseconds.
    pub(crate) fn client(mut self, lines: &[(u64, &str)]) -> Stage {
        let words = |line: &str| line.split(' ').map(Blob::from).collect();
        let lines = lines.iter().map(|(ms, line)| (Span::from_millis(*ms), words(line)));
        self.clients.push(Client { lines: lines.collect(), replies: Vec::new() });
        self
    }

    /// One more client, which loads a script after so many milliseconds.
    pub(crate) fn load(mut self, ms: u64, script: &Script) -> Stage {
        let line = ["SCRIPT", "LOAD", script.source].map(Blob::from).to_vec();
        let lines = vec![(Span::from_millis(ms), line)];
        self.clients.push(Client { lines, replies: Vec::new() });
        self
    }

    /// Something goes wrong after so many milliseconds.
    pub(crate) fn then(mut self, ms: u64, command: Command<Message>) -> Stage {
        self.plan.0.push((Span::from_millis(ms), command));
        self
    }

    /// The server crashes after so many milliseconds, and starts again at once.
    pub(crate) fn crash_server(self, ms: u64, keep: Keep) -> Stage {
        self.then(ms, Command::Crash { node: SERVER, keep }).then(ms, Command::Start(SERVER))
    }

    /// Runs to the end. For each client: the replies, and after how many milliseconds they came.
    pub(crate) fn run(self) -> Vec<Vec<(u64, Reply)>> {
        let mut world = World::new(Seeded::new("test"), self.plan, Limits::default());
        let ms = Span::from_millis(1);
        let delay = Delay { min: ms, max: ms };
        let rule = LinkRule { transport: self.transport, delay, ..LinkRule::default() };
        world.add_rule(Endpoint::Any, Endpoint::Any, rule);
        let server = NodeSpec::new("server", Role(0), Node::Server(self.server));
        world.add_node(NodeSpec { clock: self.clock, ..server });
        let mut clients = Vec::new();
        for (number, client) in self.clients.into_iter().enumerate() {
            let spec = NodeSpec::new(format!("client{number}"), Role(1), Node::Client(client));
            clients.push(world.add_node(spec));
        }
        world.run(&mut (), |()| false);
        let replies = clients.into_iter().map(|client| match world.process(client) {
            Node::Client(client) => client.replies.iter().map(in_millis).collect(),
            Node::Server(_) => unreachable!("it was added as a client"),
        });
        replies.collect()
    }
}

fn in_millis((at, reply): &(Time, Reply)) -> (u64, Reply) {
    (at.since(Time::ZERO).as_millis(), reply.clone())
}

/// `OK`.
pub(crate) fn ok() -> Reply {
    Reply::ok()
}

/// A string.
pub(crate) fn text(text: &str) -> Reply {
    Reply::Bulk(Blob::from(text))
}

/// The replies of the only client, without their times.
pub(crate) fn replies(stage: Stage) -> Vec<Reply> {
    let mut all = stage.run();
    assert_eq!(all.len(), 1, "there is one client");
    all.remove(0).into_iter().map(|(_, reply)| reply).collect()
}
