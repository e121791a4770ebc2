//! Edits: a run in which single answers of chance are different.
//!
//! Each answer of a run has an [`Address`]: the purpose of the question, the name of the link or
//! node that asks, and an ordinal, the number of times it has asked for that purpose before. An
//! [`Edit`] names an address and gives another answer. All other addresses keep the answers that
//! they have without the edit, so the run is the same up to the first edited answer.
//!
//! Edits are written and read as text:
//!
//! ```text
//! fate p1->a0 #17 = drop
//! fate p1->a0 #18 = deliver               by the delay that is drawn for it
//! fate p1->a0 #19 = deliver after 7ms
//! fate a0->p1 #3 = duplicate              by the delays that are drawn for it
//! fate a0->p1 #3 = duplicate after 7ms and 9ms
//! backoff c1 #2 = 1500000                 the answer to any other question, a number
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use history::{Span, Time};

use crate::network::{Drawn, Link};
use crate::{Choices, Fate, StreamId};

/// What fates are asked for.
pub(crate) const FATE: &str = "fate";

/// The name of a question of chance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What the question is about, such as `fate` or `backoff`.
    pub purpose: String,
    /// The link or node that asks, such as `p1->a0`.
    pub name: String,
    /// How many questions of this purpose and name came before.
    pub ordinal: u32,
}

/// Another answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which question.
    pub address: Address,
    /// The answer.
    pub answer: Answer,
}

/// The answer of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The message is lost; on a stream, its connection breaks.
    Drop,
    /// The message arrives once: after this time, or after the time that is drawn for it.
    Deliver(Option<Span>),
    /// The message arrives twice: after these times, or after the times that are drawn for it.
    Duplicate(Option<(Span, Span)>),
    /// This number. For all questions but those about fates.
    Number(u64),
}

/// A text is no edit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no edit: {why}. An edit is `PURPOSE NAME #N = ANSWER`, such as \
     `fate p1->a0 #17 = drop`; the answer is a number, or for a fate `drop`, `deliver`, `deliver \
     after 7ms`, `duplicate`, or `duplicate after 7ms and 9ms`"
)]
pub struct ParseEditError {
    text: String,
    why: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} #{}", self.purpose, self.name, self.ordinal)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Drop => write!(f, "drop"),
            Answer::Deliver(None) => write!(f, "deliver"),
            Answer::Deliver(Some(after)) => write!(f, "deliver after {after}"),
            Answer::Duplicate(None) => write!(f, "duplicate"),
            Answer::Duplicate(Some((one, other))) => {
                write!(f, "duplicate after {one} and {other}")
            }
            Answer::Number(number) => write!(f, "{number}"),
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.address, self.answer)
    }
}

impl FromStr for Edit {
    type Err = ParseEditError;

    fn from_str(text: &str) -> Result<Edit, ParseEditError> {
        let wrong = |why: &str| ParseEditError { text: text.to_owned(), why: why.to_owned() };
        let (address, answer) = text.split_once('=').ok_or_else(|| wrong("it has no `=`"))?;
        let words: Vec<&str> = address.split_whitespace().collect();
        let [purpose, name, ordinal] = words[..] else {
            return Err(wrong("before `=` stand a purpose, a name, and a number like `#17`"));
        };
        let ordinal = ordinal.strip_prefix('#').and_then(|number| number.parse().ok());
        let ordinal = ordinal.ok_or_else(|| wrong("the number is written like `#17`"))?;
        let answer = match purpose {
            FATE => fate(answer).map_err(|why| wrong(&why))?,
            _ => Answer::Number(
                answer.trim().parse().map_err(|_| wrong("the answer is a whole number"))?,
            ),
        };
        let (purpose, name) = (purpose.to_owned(), name.to_owned());
        Ok(Edit { address: Address { purpose, name, ordinal }, answer })
    }
}

fn fate(text: &str) -> Result<Answer, String> {
    let span = |text: &str| text.parse::<Span>().map_err(|error| error.to_string());
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["drop"] => Ok(Answer::Drop),
        ["deliver"] => Ok(Answer::Deliver(None)),
        ["deliver", "after", after] => Ok(Answer::Deliver(Some(span(after)?))),
        ["duplicate"] => Ok(Answer::Duplicate(None)),
        ["duplicate", "after", one, "and", other] => {
            Ok(Answer::Duplicate(Some((span(one)?, span(other)?))))
        }
        _ => Err("the answer is no fate".to_owned()),
    }
}

/// Answers as another source does, but for some edits.
#[derive(Clone, Debug)]
pub struct Edited<C> {
    inner: C,
    edits: Vec<Edit>,
    /// What became of each edit.
    used: Vec<Use>,
    streams: Vec<Stream>,
}

/// What became of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Its question was not asked.
    Unused,
    /// It answered its question.
    Used,
    /// The answer is not possible there. The question got the answer that it has without the edit.
    Impossible {
        /// The answer must be below this; 0 if the question is about a fate.
        bound: u64,
    },
}

/// The edits of one purpose and name.
#[derive(Clone, Debug)]
struct Stream {
    inner: StreamId,
    asked: u32,
    /// Places of edits, by ordinal.
    edits: BTreeMap<u32, usize>,
}

impl<C: Choices> Edited<C> {
    /// Answers as `inner` does, but for these edits. Of two edits of one address the last counts.
    #[must_use]
    pub fn new(inner: C, edits: Vec<Edit>) -> Edited<C> {
        let used = vec![Use::Unused; edits.len()];
        Edited { inner, edits, used, streams: Vec::new() }
    }

    /// The edits that had no effect, each with the reason, in sentences.
    pub fn unused(&self) -> impl Iterator<Item = String> {
        self.edits.iter().zip(&self.used).filter_map(|(edit, used)| {
            let why = match used {
                Use::Used => return None,
                Use::Unused => "the run never asks this".to_owned(),
                Use::Impossible { bound: 0 } => {
                    "a message of this link cannot have that fate".to_owned()
                }
                Use::Impossible { bound } => format!("the answer must be below {bound}"),
            };
            Some(format!("the edit `{edit}` has no effect: {why}"))
        })
    }

    fn edits_of(&self, purpose: &str, name: &str) -> BTreeMap<u32, usize> {
        let all = self.edits.iter().enumerate().map(|(place, edit)| (place, &edit.address));
        let here = all.filter(|(_, address)| address.purpose == purpose && address.name == name);
        here.map(|(place, address)| (address.ordinal, place)).collect()
    }

    /// The edit of the next question of a stream.
    fn next(&mut self, stream: StreamId) -> Option<usize> {
        let stream = &mut self.streams[stream.0 as usize];
        let place = stream.edits.get(&stream.asked).copied();
        stream.asked += 1;
        place
    }
}

impl<C: Choices> Choices for Edited<C> {
    fn stream(&mut self, purpose: &str, name: &str) -> StreamId {
        let inner = self.inner.stream(purpose, name);
        if let Some(place) = self.streams.iter().position(|stream| stream.inner == inner) {
            return StreamId(place as u32);
        }
        let edits = self.edits_of(purpose, name);
        self.streams.push(Stream { inner, asked: 0, edits });
        StreamId((self.streams.len() - 1) as u32)
    }

    fn draw(&mut self, stream: StreamId, bound: u64) -> u64 {
        let drawn = self.inner.draw(self.streams[stream.0 as usize].inner, bound);
        let Some(place) = self.next(stream) else { return drawn };
        match self.edits[place].answer {
            Answer::Number(number) if number < bound => {
                self.used[place] = Use::Used;
                number
            }
            _ => {
                self.used[place] = Use::Impossible { bound };
                drawn
            }
        }
    }

    fn fates_of(&mut self, link: &str) -> StreamId {
        let edits = self.edits_of(FATE, link);
        // No source has numbers for fates: it is asked for delays and losses.
        self.streams.push(Stream { inner: StreamId(u32::MAX), asked: 0, edits });
        StreamId((self.streams.len() - 1) as u32)
    }

    fn fate(&mut self, link: &mut Link, now: Time) -> Fate {
        let drawn = link.draw(self);
        let Some(place) = self.next(link.fates()) else { return link.settle(drawn, now) };
        let (after, copy_after) = (drawn.after, drawn.copy_after);
        let edited = match self.edits[place].answer {
            Answer::Drop => Some(Drawn { lost: true, ..drawn }),
            Answer::Deliver(other) => {
                let after = other.unwrap_or(after);
                Some(Drawn { after, lost: false, duplicated: false, ..drawn })
            }
            Answer::Duplicate(other) => {
                let (after, copy_after) = other.unwrap_or((after, copy_after));
                let twice = Drawn { after, copy_after, lost: false, duplicated: true };
                (!link.is_stream()).then_some(twice)
            }
            Answer::Number(_) => None,
        };
        self.used[place] = if edited.is_some() { Use::Used } else { Use::Impossible { bound: 0 } };
        link.settle(edited.unwrap_or(drawn), now)
    }
}
