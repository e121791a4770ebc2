//! The messages of clients and servers that speak Redis.
//!
//! A request and its response have the same number. So a client can recognize a late response.

use history::Observation;
use redis::{Blob, Reply};
use serde::{Deserialize, Serialize};

use crate::register;

/// A message between a client and a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A command line.
    Request(Request),
    /// Its reply.
    Response(Response),
}

/// A command line on its way to a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// The number of the request. The response has the same.
    pub id: u64,
    /// The command and its arguments.
    pub line: Vec<Blob>,
}

/// A reply on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Response {
    /// The number of the request that it answers.
    pub id: u64,
    /// The server's reply.
    pub reply: Reply,
}

impl Message {
    /// How many bytes a message holds outside of itself, as
    /// [`Process::payload`](sim::Process::payload) wants it.
    #[must_use]
    pub fn payload(&self) -> usize {
        match self {
            Message::Request(request) => {
                let words = request.line.iter().map(|word| size_of_val(word) + word.len());
                words.sum()
            }
            Message::Response(response) => response.reply.size(),
        }
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Message {
        Message::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Message {
        Message::Response(response)
    }
}

impl Request {
    /// A command line whose words are separated by single spaces.
    ///
    /// ```
    /// use redis::Blob;
    /// use redis_node::Request;
    ///
    /// let request = Request::words(1, "SET lock me NX PX 100");
    /// assert_eq!(request.line[5], Blob::from("100"));
    /// ```
    #[must_use]
    pub fn words(id: u64, line: &str) -> Request {
        Request { id, line: line.split(' ').map(Blob::from).collect() }
    }

    /// `GET`: reads a [register]. The response has it: [`Response::register`].
    #[must_use]
    pub fn get_register(id: u64, key: impl Into<Blob>) -> Request {
        Request { id, line: vec![Blob::from_static("GET"), key.into()] }
    }

    /// `SET`: writes a [register].
    ///
    /// ```
    /// use history::{Observation, Value, Version};
    /// use redis_node::Request;
    ///
    /// let state = Observation { version: Version(2), value: Value(17) };
    /// assert_eq!(Request::set_register(1, "k", state), Request::words(1, "SET k 2:17"));
    /// ```
    #[must_use]
    pub fn set_register(id: u64, key: impl Into<Blob>, state: Observation) -> Request {
        let text = register::text(state);
        Request { id, line: vec![Blob::from_static("SET"), key.into(), text] }
    }
}

impl Response {
    /// The [register] that a `GET` has read: empty if there is no such key. None if the reply is an
    /// error, or has something else in it.
    #[must_use]
    pub fn register(&self) -> Option<Observation> {
        register::of_reply(&self.reply)
    }
}
