//! What runs on a node: one of the four kinds of process.

use sim::{Context, Input, Keep};

use crate::acceptor::Acceptor;
use crate::client::Client;
use crate::proposer::Proposer;
use crate::sweeper::Sweeper;
use crate::{Message, Timer};

/// What runs on a node.
#[derive(Clone, Debug, Hash)]
pub struct Process(pub(crate) Part);

#[derive(Clone, Debug, Hash)]
pub(crate) enum Part {
    Client(Client),
    Sweeper(Sweeper),
    Proposer(Proposer),
    Acceptor(Acceptor),
}

impl sim::Process for Process {
    type Message = Message;
    type Timer = Timer;

    fn handle(&mut self, cx: &mut Context<'_, Message, Timer>, input: Input<Message, Timer>) {
        match &mut self.0 {
            Part::Client(client) => match input {
                Input::Start => client.start(cx),
                Input::Timer(_) => client.attempt(cx),
                Input::Message { message: Message::Changed { ticket, answer }, .. } => {
                    client.hear(cx, ticket, answer);
                }
                Input::Message { message: Message::Stop, .. } => client.stop(),
                _ => (),
            },
            Part::Sweeper(sweeper) => match input {
                Input::Start => sweeper.start(cx),
                Input::Timer(_) => sweeper.attempt(cx),
                Input::Message { message: Message::Changed { ticket, answer }, .. } => {
                    sweeper.hear(cx, ticket, answer);
                }
                _ => (),
            },
            Part::Proposer(proposer) => hand_to_proposer(proposer, cx, input),
            Part::Acceptor(acceptor) => match input {
                Input::Message { from, message: Message::Request { key, ballot, request, .. } } => {
                    acceptor.handle(cx, from, (key, ballot), request);
                }
                Input::ConnectionLost { peer, .. } => acceptor.disconnect(peer),
                _ => (),
            },
        }
    }

    fn crash(self, keep: Keep) -> Process {
        Process(match self.0 {
            Part::Acceptor(acceptor) => Part::Acceptor(acceptor.crash(keep)),
            Part::Proposer(proposer) => Part::Proposer(proposer.crash()),
            client => client,
        })
    }
}

fn hand_to_proposer(
    proposer: &mut Proposer,
    cx: &mut Context<'_, Message, Timer>,
    input: Input<Message, Timer>,
) {
    match input {
        Input::Message { from, message: Message::Change { ticket, key, action } } => {
            proposer.change(cx, from, ticket, key, action);
        }
        Input::Message { from, message: Message::Reply { key, ballot, reply } } => {
            proposer.hear(cx, from, (key, ballot), reply);
        }
        Input::Message { message: Message::Configure(acceptors), .. } => {
            proposer.configure(acceptors);
        }
        Input::Undelivered { to, message: Message::Request { key, ballot, request, .. } } => {
            proposer.miss(cx, to, (key, ballot), request);
        }
        Input::ConnectionLost { peer, .. } => proposer.disconnect(cx, peer),
        Input::Timer(Timer::GiveUp(key)) => proposer.give_up(cx, key),
        _ => (),
    }
}
