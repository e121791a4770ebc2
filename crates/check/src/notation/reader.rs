//! From lines to steps.

use history::{
    Action, Completion, Entry, Invoke, Key, Names, NodeId, Observation, OpId, Return, Span, Step,
    Time, Value, Version,
};

use super::ParseError;

pub(super) fn read(text: &str) -> Result<(Vec<Entry>, Names), ParseError> {
    let mut reader = Reader::default();
    let mut history = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let line = index + 1;
        let entry = reader.line(&words);
        history.push(entry.map_err(|problem| ParseError { line, problem })?);
    }
    Ok((history, reader.names))
}

#[derive(Default)]
struct Reader {
    names: Names,
    clients: Vec<Client>,
}

#[derive(Default)]
struct Client {
    next_ordinal: u32,
    open: Vec<(OpId, Action)>,
}

impl Reader {
    fn line(&mut self, words: &[&str]) -> Result<Entry, String> {
        let [at, operation, verb, arguments @ ..] = words else {
            return Err("a line needs a time, a client and what the client did".to_owned());
        };
        let Span(at) = at.parse().map_err(|error| format!("{error}"))?;
        let (client, ordinal) = self.operation(operation)?;
        let step = match *verb {
            "gone" => {
                self.clients[client.index()].open.clear();
                Step::Gone(client)
            }
            "read" | "write" | "cas" | "delete" => {
                Step::Invoke(self.invoke(client, ordinal, verb, arguments)?)
            }
            _ => Step::Return(self.end(client, ordinal, verb, arguments)?),
        };
        Ok(Entry { at: Time(at), step })
    }

    /// `c1` or `c1#4`.
    fn operation(&mut self, word: &str) -> Result<(NodeId, Option<u32>), String> {
        let (client, ordinal) = match word.split_once('#') {
            None => (word, None),
            Some((client, ordinal)) => {
                let ordinal = ordinal.parse();
                (client, Some(ordinal.map_err(|_| format!("{word:?} is no operation"))?))
            }
        };
        let known = self.names.nodes.iter().position(|name| name == client);
        let index = known.unwrap_or_else(|| {
            self.names.nodes.push(client.to_owned());
            self.clients.push(Client::default());
            self.names.nodes.len() - 1
        });
        let index = u16::try_from(index).map_err(|_| "there are too many clients".to_owned())?;
        Ok((NodeId(index), ordinal))
    }

    fn invoke(
        &mut self,
        client: NodeId,
        ordinal: Option<u32>,
        verb: &str,
        arguments: &[&str],
    ) -> Result<Invoke, String> {
        let (arguments, key) = match arguments {
            [arguments @ .., "on", key] => (arguments, *key),
            arguments => (arguments, "key1"),
        };
        let op =
            OpId { client, ordinal: ordinal.unwrap_or(self.clients[client.index()].next_ordinal) };
        let action = match (verb, arguments) {
            ("read", []) => Action::Read,
            ("write", []) => Action::Write { value: Value::of(op) },
            ("write", [value]) => Action::Write { value: self.value(value)? },
            ("cas", [expected]) => {
                Action::Cas { expected: self.observation(expected)?, value: Value::of(op) }
            }
            ("cas", [expected, value]) => {
                Action::Cas { expected: self.observation(expected)?, value: self.value(value)? }
            }
            ("delete", [expected]) => Action::Delete { expected: self.observation(expected)? },
            _ => return Err(format!("{verb} does not go with {arguments:?}")),
        };
        let key = self.key(key)?;
        let client = &mut self.clients[client.index()];
        client.next_ordinal = op.ordinal.saturating_add(1);
        client.open.push((op, action));
        Ok(Invoke { op, key, action })
    }

    fn end(
        &mut self,
        client: NodeId,
        ordinal: Option<u32>,
        verb: &str,
        arguments: &[&str],
    ) -> Result<Return, String> {
        let open = &self.clients[client.index()].open;
        let is_it = |(op, _): &(OpId, Action)| ordinal.is_none_or(|ordinal| op.ordinal == ordinal);
        let (op, action) = match (open.iter().rposition(is_it), ordinal) {
            (Some(index), _) => self.clients[client.index()].open.remove(index),
            // The return of an operation that is not open can be written too.
            (None, Some(ordinal)) => (OpId { client, ordinal }, Action::Read),
            (None, None) => {
                return Err(format!("{} has no open operation", self.names.node(client)));
            }
        };
        let completion = match (verb, arguments) {
            ("saw", [seen]) => Completion::Ok(self.observation(seen)?),
            ("made", [made]) => Completion::Ok(match action.written() {
                Some(value) if !made.contains('=') => {
                    Observation { version: version(made)?, value }
                }
                _ => self.observation(made)?,
            }),
            ("deleted", []) => Completion::Ok(Observation::EMPTY),
            ("refused", [seen]) => Completion::Refused(self.observation(seen)?),
            ("failed", []) => Completion::Failed,
            ("unknown", []) => Completion::Unknown,
            _ => {
                return Err(format!("{verb} with {arguments:?} is nothing that can happen"));
            }
        };
        Ok(Return { op, completion })
    }

    fn key(&mut self, name: &str) -> Result<Key, String> {
        // A step without a key is about key1, which then is the first key.
        if self.names.keys.is_empty() && name != "key1" {
            self.names.keys.push("key1".to_owned());
        }
        let known = self.names.keys.iter().position(|key| key == name);
        let index = known.unwrap_or_else(|| {
            self.names.keys.push(name.to_owned());
            self.names.keys.len() - 1
        });
        let index = u32::try_from(index).map_err(|_| "there are too many keys".to_owned())?;
        Ok(Key(index))
    }

    /// `empty`, or `v3=c1#0`.
    fn observation(&mut self, word: &str) -> Result<Observation, String> {
        if word == "empty" {
            return Ok(Observation::EMPTY);
        }
        let parts = word.split_once('=');
        let (number, value) = parts.ok_or_else(|| format!("{word:?} lacks its value"))?;
        Ok(Observation { version: version(number)?, value: self.value(value)? })
    }

    /// `c1#0`, `77` or `nothing`.
    fn value(&mut self, word: &str) -> Result<Value, String> {
        if word == "nothing" {
            return Ok(Value::NONE);
        }
        if let Ok(number) = word.parse() {
            return Ok(Value(number));
        }
        match self.operation(word)? {
            (client, Some(ordinal)) => Ok(Value::of(OpId { client, ordinal })),
            (_, None) => Err(format!("{word:?} is no value")),
        }
    }
}

fn version(word: &str) -> Result<Version, String> {
    let number = word.strip_prefix('v').and_then(|digits| digits.parse().ok());
    Ok(Version(number.ok_or_else(|| format!("{word:?} is no version"))?))
}
