//! Combining sorted sets and sets: `ZUNION`, `ZINTER`, `ZDIFF`, their `STORE` forms, and
//! `ZINTERCARD`.

use super::{Columns, rows};
use crate::command::is_option;
use crate::{
    Blob, Database, Entry, ErrorReply, Reply, Score, Set, SortedSet, UnixTime, Value, integer,
};

/// `ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
/// [WITHSCORES]`
pub(in crate::command) fn zunion(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    read(database, now, arguments, Operation::Union)
}

/// `ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
/// [WITHSCORES]`
pub(in crate::command) fn zinter(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    read(database, now, arguments, Operation::Intersection)
}

/// `ZDIFF numkeys key [key ...] [WITHSCORES]`
pub(in crate::command) fn zdiff(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    read(database, now, arguments, Operation::Difference)
}

/// `ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]]
/// [AGGREGATE SUM | MIN | MAX]`
pub(in crate::command) fn zunionstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, Operation::Union)
}

/// `ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]]
/// [AGGREGATE SUM | MIN | MAX]`
pub(in crate::command) fn zinterstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, Operation::Intersection)
}

/// `ZDIFFSTORE destination numkeys key [key ...]`
pub(in crate::command) fn zdiffstore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    store(database, now, arguments, Operation::Difference)
}

/// `ZINTERCARD numkeys key [key ...] [LIMIT limit]`
pub(in crate::command) fn zintercard(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let (sources, mut words) = sources(database, now, arguments, "zintercard")?;
    let mut limit = 0;
    while let Some((word, rest)) = words.split_first() {
        let (number, rest) = rest.split_first().ok_or(ErrorReply::syntax())?;
        if !is_option(word, "LIMIT") {
            return Err(ErrorReply::syntax());
        }
        let number = integer::parse(number).ok().and_then(|number| usize::try_from(number).ok());
        limit = number.ok_or(ErrorReply::from_static("ERR LIMIT can't be negative"))?;
        words = rest;
    }
    let limit = if limit == 0 { usize::MAX } else { limit };
    let smallest = sources.iter().min_by_key(|source| source.members.len());
    let in_all = |(member, _): &(&Blob, Score)| {
        sources.iter().all(|source| source.members.score(member).is_some())
    };
    let common = smallest.into_iter().flat_map(|source| source.members.iter()).filter(in_all);
    Ok(Reply::from(common.take(limit).count()))
}

fn read(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    operation: Operation,
) -> Result<Reply, ErrorReply> {
    let (sources, words) = sources(database, now, arguments, operation.name(Purpose::Read))?;
    let query = Query::parse(operation, Purpose::Read, sources, words)?;
    let replies = &mut database.replies;
    let made = query.make(operation, &mut |bytes| replies.take(bytes))?;
    replies.array(rows(made.iter(), query.columns))
}

fn store(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    operation: Operation,
) -> Result<Reply, ErrorReply> {
    let (destination, arguments) = (&arguments[0], &arguments[1..]);
    let (sources, words) = sources(database, now, arguments, operation.name(Purpose::Store))?;
    let query = Query::parse(operation, Purpose::Store, sources, words)?;
    let mut room = database.room();
    let made = query.make(operation, &mut |bytes| room.take(bytes))?;
    let len = made.len();
    if made.is_empty() {
        database.keyspace.remove(now, destination);
    } else {
        database.keyspace.set(destination, Entry::lasting(made));
    }
    Ok(Reply::from(len))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Store,
}

/// How to combine the scores of a member that several sets have.
#[derive(Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

/// An operand. It shares memory with the keyspace, so many operands take little memory.
struct Source {
    members: Members,
    weight: Score,
}

/// The members of an operand. In a plain set, all have the score 1.
enum Members {
    Sorted(SortedSet),
    Plain(Set),
}

struct Query {
    sources: Vec<Source>,
    aggregate: Aggregate,
    columns: Columns,
}

/// The sets that `numkeys key [key ...]` names, and the words after them.
fn sources<'a>(
    database: &mut Database,
    now: UnixTime,
    arguments: &'a [Blob],
    command: &str,
) -> Result<(Vec<Source>, &'a [Blob]), ErrorReply> {
    let (number, rest) = arguments.split_first().ok_or(ErrorReply::syntax())?;
    let number = integer::parse(number)?;
    if number < 1 {
        return Err(ErrorReply::no_input_key(command));
    }
    let (keys, words) = usize::try_from(number)
        .ok()
        .and_then(|number| rest.split_at_checked(number))
        .ok_or(ErrorReply::syntax())?;
    let mut sources = Vec::with_capacity(keys.len());
    for key in keys {
        let members = match database.keyspace.read(now, key, |entry| entry.value.clone()) {
            None => Members::Plain(Set::default()),
            Some(Value::SortedSet(set)) => Members::Sorted(set),
            Some(Value::Set(set)) => Members::Plain(set),
            Some(_) => return Err(ErrorReply::wrong_type()),
        };
        sources.push(Source { members, weight: Score::ONE });
    }
    Ok((sources, words))
}

impl Query {
    /// Reads the options. The last one of a kind wins.
    fn parse(
        operation: Operation,
        purpose: Purpose,
        mut sources: Vec<Source>,
        mut words: &[Blob],
    ) -> Result<Query, ErrorReply> {
        let has_scores = operation != Operation::Difference;
        let (mut aggregate, mut columns) = (Aggregate::Sum, Columns::Members);
        while let Some((word, mut rest)) = words.split_first() {
            if has_scores
                && is_option(word, "WEIGHTS")
                && let Some((weights, after)) = rest.split_at_checked(sources.len())
            {
                for (source, weight) in sources.iter_mut().zip(weights) {
                    source.weight = Score::parse(weight)
                        .map_err(|_| ErrorReply::from_static("ERR weight value is not a float"))?;
                }
                rest = after;
            } else if has_scores
                && is_option(word, "AGGREGATE")
                && let Some((how, after)) = rest.split_first()
            {
                aggregate = Aggregate::parse(how)?;
                rest = after;
            } else if purpose == Purpose::Read && is_option(word, "WITHSCORES") {
                columns = Columns::MembersAndScores;
            } else {
                return Err(ErrorReply::syntax());
            }
            words = rest;
        }
        Ok(Query { sources, aggregate, columns })
    }

    /// Puts the sets together. Redis goes from the smallest set to the largest, which matters where
    /// sums are rounded. Only of a difference does the first set stay the first.
    ///
    /// # Errors
    /// Those of `take`, which is asked for the bytes that the result takes while it grows.
    fn make(&self, operation: Operation, take: Take<'_>) -> Result<SortedSet, ErrorReply> {
        let mut sources: Vec<&Source> = self.sources.iter().collect();
        if operation != Operation::Difference {
            sources.sort_by_key(|source| source.members.len());
        }
        let mut made = Growing { set: SortedSet::default(), take };
        match operation {
            Operation::Union => {
                for source in sources {
                    for (member, score) in source.iter() {
                        let own = made.set.score(member);
                        let of_both = own.map_or(score, |own| self.aggregate.of(own, Some(score)));
                        made.insert(member, of_both)?;
                    }
                }
            }
            Operation::Intersection => {
                let Some((first, others)) = sources.split_first() else { return Ok(made.set) };
                for (member, score) in first.iter() {
                    let of_all = others.iter().try_fold(score, |own, other| {
                        let score = other.members.score(member)?;
                        Some(self.aggregate.of(own, score.times(other.weight)))
                    });
                    if let Some(score) = of_all {
                        made.insert(member, score)?;
                    }
                }
            }
            Operation::Difference => {
                let Some((first, others)) = sources.split_first() else { return Ok(made.set) };
                for (member, score) in first.iter() {
                    if others.iter().all(|other| other.members.score(member).is_none()) {
                        made.insert(member, score)?;
                    }
                }
            }
        }
        Ok(made.set)
    }
}

/// Asked for memory, so many bytes.
type Take<'a> = &'a mut dyn FnMut(usize) -> Result<(), ErrorReply>;

/// A set that asks for memory for each member.
struct Growing<'a> {
    set: SortedSet,
    take: Take<'a>,
}

impl Growing<'_> {
    fn insert(&mut self, member: &Blob, score: Score) -> Result<(), ErrorReply> {
        let before = self.set.len();
        self.set.insert(member.clone(), score);
        if self.set.len() > before { (self.take)(SortedSet::MEMBER_BYTES) } else { Ok(()) }
    }
}

impl Operation {
    const fn name(self, purpose: Purpose) -> &'static str {
        match (self, purpose) {
            (Operation::Union, Purpose::Read) => "zunion",
            (Operation::Union, Purpose::Store) => "zunionstore",
            (Operation::Intersection, Purpose::Read) => "zinter",
            (Operation::Intersection, Purpose::Store) => "zinterstore",
            (Operation::Difference, Purpose::Read) => "zdiff",
            (Operation::Difference, Purpose::Store) => "zdiffstore",
        }
    }
}

impl Members {
    fn len(&self) -> usize {
        match self {
            Members::Sorted(set) => set.len(),
            Members::Plain(set) => set.len(),
        }
    }

    fn score(&self, member: &Blob) -> Option<Score> {
        match self {
            Members::Sorted(set) => set.score(member),
            Members::Plain(set) => set.contains(member).then_some(Score::ONE),
        }
    }

    /// The members and their scores, in order.
    fn iter(&self) -> Box<dyn Iterator<Item = (&Blob, Score)> + '_> {
        match self {
            Members::Sorted(set) => Box::new(set.iter()),
            Members::Plain(set) => Box::new(set.iter().map(|member| (member, Score::ONE))),
        }
    }
}

impl Source {
    /// The members with their scores times the weight, or 0 where that is not a number.
    fn iter(&self) -> impl Iterator<Item = (&Blob, Score)> {
        self.members.iter().map(|(member, score)| (member, self.weigh(score)))
    }

    fn weigh(&self, score: Score) -> Score {
        if self.weight == Score::ONE {
            return score;
        }
        score.times(self.weight).unwrap_or_default()
    }
}

impl Aggregate {
    fn parse(word: &Blob) -> Result<Aggregate, ErrorReply> {
        [("SUM", Aggregate::Sum), ("MIN", Aggregate::Min), ("MAX", Aggregate::Max)]
            .into_iter()
            .find_map(|(keyword, aggregate)| is_option(word, keyword).then_some(aggregate))
            .ok_or(ErrorReply::syntax())
    }

    /// Combines two scores. `None` means NaN, which makes a sum 0, and which a minimum and a
    /// maximum ignore. As in Redis, the sum of opposite infinities is 0.
    fn of(self, one: Score, other: Option<Score>) -> Score {
        match (self, other) {
            (Aggregate::Sum, _) => other.and_then(|other| one.plus(other)).unwrap_or_default(),
            (Aggregate::Min, Some(other)) if other.order(one).is_lt() => other,
            (Aggregate::Max, Some(other)) if other.order(one).is_gt() => other,
            (Aggregate::Min | Aggregate::Max, _) => one,
        }
    }
}
