//! Acceptors in memory.

use history::NodeId;
use redis_node::ServerConfig;
use sim::{Effect, Input, Keep, Process, Sandbox};

use super::Acceptors;
use crate::acceptor::{Acceptor, Registers};
use crate::{Configuration, Message, Protocol, Quorum};

/// A cluster of acceptors in memory, which can be stopped one by one.
///
/// ```
/// use caspaxos::store::{InMemory, Store, StoreError};
/// use history::Value;
///
/// let mut cluster = InMemory::new(3, &["color"]);
/// let mut here = Store::new(1, cluster.majorities(), &["color"]);
/// let mut there = Store::new(2, cluster.majorities(), &["color"]);
/// here.set(&mut cluster, "color", Value(1))?;
///
/// // Two that do not reply may have accepted all the same.
/// cluster.mute(0);
/// cluster.mute(1);
/// assert_eq!(here.set(&mut cluster, "color", Value(2)), Err(StoreError::Unknown));
/// cluster.start(0);
/// assert_eq!(there.get(&mut cluster, "color")?.value(), Some(Value(2)));
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct InMemory {
    acceptors: Vec<Member>,
    keys: usize,
    sandbox: Sandbox<Protocol>,
}

#[derive(Clone, Debug)]
struct Member {
    acceptor: Acceptor,
    reach: Reach,
}

/// What happens to calls to an acceptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Both,
    /// Requests arrive, replies are lost.
    Requests,
    Nothing,
}

impl InMemory {
    /// Creates `count` acceptors for these keys, at most 65,535.
    #[must_use]
    pub fn new(count: u16, keys: &[&str]) -> InMemory {
        let names: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let registers = Registers::new(&names);
        let acceptor = Acceptor::new(ServerConfig::default(), registers);
        let member = Member { acceptor, reach: Reach::Both };
        let acceptors = vec![member; usize::from(count)];
        InMemory { acceptors, keys: keys.len(), sandbox: Sandbox::default() }
    }

    /// A majority of all acceptors for both phases.
    #[must_use]
    pub fn majorities(&self) -> Configuration {
        let majority = Quorum::majority((0..self.acceptors.len() as u16).map(NodeId).collect());
        Configuration { prepare: majority.clone(), accept: majority }
    }

    /// Makes this acceptor unreachable.
    pub fn stop(&mut self, number: u16) {
        self.set(number, Reach::Nothing);
    }

    /// Makes this acceptor execute requests but lose its replies.
    pub fn mute(&mut self, number: u16) {
        self.set(number, Reach::Requests);
    }

    /// Makes this acceptor reachable again, with all of its state.
    pub fn start(&mut self, number: u16) {
        self.set(number, Reach::Both);
    }

    fn set(&mut self, number: u16, reach: Reach) {
        if let Some(member) = self.acceptors.get_mut(usize::from(number)) {
            member.reach = reach;
        }
    }

    /// Empties this acceptor's disk.
    pub fn wipe(&mut self, number: u16) {
        if let Some(member) = self.acceptors.get_mut(usize::from(number)) {
            member.acceptor = member.acceptor.clone().crash(Keep::Nothing);
        }
    }
}

/// The id of the caller.
const CALLER: NodeId = NodeId::WORLD;

impl Acceptors for InMemory {
    fn call(&mut self, acceptor: NodeId, request: Message) -> Option<Message> {
        let member = self.acceptors.get_mut(acceptor.index())?;
        let is_known = matches!(&request, Message::Request { key, .. } if key.index() < self.keys);
        if member.reach == Reach::Nothing || !is_known {
            return None;
        }
        let input = Input::Message { from: CALLER, message: request };
        member.acceptor.handle(&mut self.sandbox.context(), input);
        let reply = self.sandbox.take_effects().into_iter().find_map(|effect| match effect {
            Effect::Send { message, .. } => Some(message),
            _ => None,
        });
        reply.filter(|_| member.reach == Reach::Both)
    }
}
