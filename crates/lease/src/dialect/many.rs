//! Commands for many entries: the scripts of shared tokens, and `DEL`.

use history::Key;
use redis::{Blob, Reply};
use redis_node::{register, text};

use super::{Dialect, FOR_EVER_SECONDS, Request, Verb, token_text};
use crate::config::Discipline;
use crate::{Answer, Call, Token, scripts};

impl Dialect {
    /// Returns one command line for calls of one kind, or `None` if the discipline has no such
    /// command or there is no such entry.
    #[must_use]
    pub fn request_of_many(&self, calls: &[(Key, Call)]) -> Option<Request> {
        if self.rules.discipline != Discipline::SharedToken {
            return None;
        }
        let keys: Option<Vec<Blob>> =
            calls.iter().map(|(key, _)| self.entry_key(*key).cloned()).collect();
        let mut keys = keys?;
        let (_, first) = calls.first()?;
        let verb = match first {
            Call::Get { .. } => {
                keys.push(self.counter.clone());
                Verb::Script(scripts::SHARED_GET)
            }
            Call::Set { .. } => Verb::Script(scripts::SHARED_SET),
            Call::Delete { .. } => Verb::Command("DEL"),
            Call::Stats => return None,
        };
        let arguments = calls.iter().flat_map(|(_, call)| fill(call).into_iter().flatten());
        Some(Request { verb, keys, arguments: arguments.collect() })
    }

    /// Returns the meaning of that command's reply for each of the calls.
    #[must_use]
    pub fn answers_of_many(&self, calls: &[(Key, Call)], reply: &Reply) -> Vec<Answer> {
        let calls = calls.iter().enumerate();
        let answers = calls.map(|(place, (_, call))| answer(call, part(reply, place)));
        answers.map(|answer| answer.unwrap_or(Answer::Error)).collect()
    }
}

/// The fill argument of a script.
fn fill(call: &Call) -> Option<[Blob; 3]> {
    let Call::Set { token, state, ttl } = *call else { return None };
    let seconds = ttl.map_or(FOR_EVER_SECONDS, |ttl| ttl.as_millis().div_ceil(1000));
    Some([token_text(token), register::text(state), Blob::from(seconds.to_string())])
}

/// The part of a reply for the call at this place. The reply to `DEL` is the same for all calls.
pub(super) fn part(reply: &Reply, place: usize) -> &Reply {
    match reply {
        Reply::Array(parts) => parts.get(place).unwrap_or(&Reply::Nil),
        reply => reply,
    }
}

/// The meaning of that part.
pub(super) fn answer(call: &Call, part: &Reply) -> Option<Answer> {
    match (*call, part) {
        (Call::Get { .. }, Reply::Bulk(text)) => match text.strip_prefix(b"cas:") {
            Some(number) => text::number(number).map(|cas| Answer::Granted(Token(cas))),
            None => register::parse(text.strip_prefix(b"val:")?).map(Answer::Found),
        },
        (Call::Set { state, .. }, Reply::Bulk(word)) => match **word == b"OK"[..] {
            true => Some(Answer::Stored(state)),
            false => Some(Answer::Refused),
        },
        // The count in the reply does not matter: no entry is left.
        (Call::Delete { version }, Reply::Integer(_)) => Some(Answer::Deleted(version)),
        _ => None,
    }
}
