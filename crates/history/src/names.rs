//! The names of the ids of a run.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Key, NodeId, OpId, Value};

/// The names of nodes and keys, in the order of their ids.
///
/// ```
/// # use history::{Key, Names, NodeId};
/// let names = Names { nodes: vec!["c1".into()], keys: vec!["key1".into()] };
/// assert_eq!(names.node(NodeId(0)), "c1");
/// assert_eq!(names.key(Key(7)), "k7", "an id without a name is shown as a number");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Names of nodes.
    pub nodes: Vec<String>,
    /// Names of keys.
    pub keys: Vec<String>,
}

impl Names {
    /// The name of a node.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Cow<'_, str> {
        match self.nodes.get(node.index()) {
            Some(name) => Cow::Borrowed(name),
            None if node == NodeId::WORLD => Cow::Borrowed("world"),
            None => Cow::Owned(node.to_string()),
        }
    }

    /// The name of a key.
    #[must_use]
    pub fn key(&self, key: Key) -> Cow<'_, str> {
        match self.keys.get(key.index()) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(key.to_string()),
        }
    }

    /// An operation: `c1#17` is the operation 17 of client c1, counted from 0.
    #[must_use]
    pub fn op(&self, op: OpId) -> String {
        format!("{}#{}", self.node(op.client), op.ordinal)
    }

    /// A value, by the operation that wrote it.
    #[must_use]
    pub fn value(&self, value: Value) -> String {
        match value.writer() {
            Some(op) if op.client.index() < self.nodes.len() => self.op(op),
            _ => value.to_string(),
        }
    }
}
