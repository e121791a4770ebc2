//! Adding members and changing scores: `ZADD`, `ZINCRBY`.

use super::score_or_nil;
use crate::command::is_option;
use crate::{Blob, Database, ErrorReply, Reply, Score, SortedSet, UnixTime};

/// `ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]`
pub(in crate::command) fn zadd(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    add(database, now, arguments, Options::default())
}

/// `ZINCRBY key increment member`
pub(in crate::command) fn zincrby(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    add(database, now, arguments, Options { increments: true, ..Options::default() })
}

/// The flags that were given.
#[derive(Clone, Copy, Default)]
struct Options {
    if_absent: bool,
    if_present: bool,
    if_greater: bool,
    if_less: bool,
    counts_changes: bool,
    increments: bool,
}

/// What happened to one member, with its new score.
enum Outcome {
    Added(Score),
    Updated(Score),
    Same(Score),
    /// A condition did not hold.
    Refused,
}

fn add(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    mut options: Options,
) -> Result<Reply, ErrorReply> {
    let (key, mut words) = (&arguments[0], &arguments[1..]);
    while let [word, rest @ ..] = words
        && options.take(word)
    {
        words = rest;
    }
    let pairs = options.pairs(words)?;
    let apply = |set: &mut SortedSet| {
        pairs.iter().map(|(score, member)| options.apply(set, *score, member)).collect()
    };
    let outcomes: Result<Vec<Outcome>, ErrorReply> = if options.if_present {
        let applied = database.keyspace.update_as(now, key, apply)?;
        applied.unwrap_or(Ok(Vec::new()))
    } else {
        database.keyspace.upsert_as(now, key, |set| apply(set).map(Ok))?
    };
    let outcomes = outcomes?;
    if options.increments {
        return Ok(score_or_nil(outcomes.first().and_then(Outcome::score)));
    }
    let counted = |outcome: &&Outcome| match outcome {
        Outcome::Added(_) => true,
        Outcome::Updated(_) => options.counts_changes,
        Outcome::Same(_) | Outcome::Refused => false,
    };
    Ok(Reply::from(outcomes.iter().filter(counted).count()))
}

impl Options {
    /// Sets the flag that `word` names. Returns whether it names one.
    fn take(&mut self, word: &Blob) -> bool {
        let flags = [
            ("NX", &mut self.if_absent),
            ("XX", &mut self.if_present),
            ("GT", &mut self.if_greater),
            ("LT", &mut self.if_less),
            ("CH", &mut self.counts_changes),
            ("INCR", &mut self.increments),
        ];
        let found = flags.into_iter().find(|(keyword, _)| is_option(word, keyword));
        found.map(|(_, flag)| *flag = true).is_some()
    }

    /// Checks the flags, and returns the words after them as pairs.
    fn pairs<'a>(&self, words: &'a [Blob]) -> Result<Vec<(Score, &'a Blob)>, ErrorReply> {
        let (pairs, []) = words.as_chunks::<2>() else {
            return Err(ErrorReply::syntax());
        };
        if pairs.is_empty() {
            return Err(ErrorReply::syntax());
        }
        if self.if_absent && self.if_present {
            return Err(ErrorReply::from_static(
                "ERR XX and NX options at the same time are not compatible",
            ));
        }
        if [self.if_absent, self.if_greater, self.if_less].iter().filter(|flag| **flag).count() > 1
        {
            return Err(ErrorReply::from_static(
                "ERR GT, LT, and/or NX options at the same time are not compatible",
            ));
        }
        if self.increments && pairs.len() > 1 {
            return Err(ErrorReply::from_static(
                "ERR INCR option supports a single increment-element pair",
            ));
        }
        let parse = |[score, member]: &'a [Blob; 2]| Ok((Score::parse(score)?, member));
        pairs.iter().map(parse).collect()
    }

    /// Only an increment can fail, and it is always the only member. So an error changes nothing.
    fn apply(
        &self,
        set: &mut SortedSet,
        given: Score,
        member: &Blob,
    ) -> Result<Outcome, ErrorReply> {
        let Some(current) = set.score(member) else {
            if self.if_present {
                return Ok(Outcome::Refused);
            }
            set.insert(member.clone(), given);
            return Ok(Outcome::Added(given));
        };
        if self.if_absent {
            return Ok(Outcome::Refused);
        }
        let score = if self.increments {
            given
                .plus(current)
                .ok_or(ErrorReply::from_static("ERR resulting score is not a number (NaN)"))?
        } else {
            given
        };
        let order = score.order(current);
        if (self.if_greater && order.is_le()) || (self.if_less && order.is_ge()) {
            return Ok(Outcome::Refused);
        }
        if order.is_eq() {
            return Ok(Outcome::Same(score));
        }
        set.insert(member.clone(), score);
        Ok(Outcome::Updated(score))
    }
}

impl Outcome {
    fn score(&self) -> Option<Score> {
        match self {
            Outcome::Added(score) | Outcome::Updated(score) | Outcome::Same(score) => Some(*score),
            Outcome::Refused => None,
        }
    }
}
