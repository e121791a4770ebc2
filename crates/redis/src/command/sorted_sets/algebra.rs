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
    let len = Operation::Intersection.apply(sources, Aggregate::Sum).len();
    Ok(Reply::from(if limit == 0 { len } else { len.min(limit) }))
}

fn read(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
    operation: Operation,
) -> Result<Reply, ErrorReply> {
    let (sources, words) = sources(database, now, arguments, operation.name(Purpose::Read))?;
    let query = Query::parse(operation, Purpose::Read, sources, words)?;
    let made = operation.apply(query.sources, query.aggregate);
    database.replies.array(rows(made.iter(), query.columns))
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
    let made = operation.apply(query.sources, query.aggregate);
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

    /// Redis combines the sets from the smallest to the largest, which matters because sums are
    /// rounded. In a difference, the first set stays first.
    fn apply(self, mut sources: Vec<Source>, aggregate: Aggregate) -> SortedSet {
        if self != Operation::Difference {
            sources.sort_by_key(|source| source.members.len());
        }
        let mut sources = sources.into_iter();
        let Some(mut made) = sources.next().map(Source::weighted) else {
            return SortedSet::default();
        };
        for source in sources {
            made = match self {
                Operation::Union => union(made, &source, aggregate),
                Operation::Intersection => intersection(&made, &source, aggregate),
                Operation::Difference => difference(made, &source.members),
            };
        }
        made
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

    /// Calls `visit` for each member and its score.
    fn each(&self, mut visit: impl FnMut(&Blob, Score)) {
        match self {
            Members::Sorted(set) => set.iter().for_each(|(member, score)| visit(member, score)),
            Members::Plain(set) => set.iter().for_each(|member| visit(member, Score::ONE)),
        }
    }
}

impl Source {
    /// The sorted set with its scores times its weight. A product that is NaN becomes 0.
    fn weighted(self) -> SortedSet {
        if self.weight == Score::ONE
            && let Members::Sorted(set) = self.members
        {
            return set;
        }
        let mut weighted = SortedSet::default();
        self.members.each(|member, score| weighted.insert(member.clone(), self.weigh(score)));
        weighted
    }

    fn weigh(&self, score: Score) -> Score {
        if self.weight == Score::ONE {
            return score;
        }
        score.times(self.weight).unwrap_or_default()
    }
}

fn union(mut made: SortedSet, other: &Source, aggregate: Aggregate) -> SortedSet {
    other.members.each(|member, score| {
        let score = other.weigh(score);
        let score = made.score(member).map_or(score, |own| aggregate.of(own, Some(score)));
        made.insert(member.clone(), score);
    });
    made
}

fn intersection(made: &SortedSet, other: &Source, aggregate: Aggregate) -> SortedSet {
    let mut common = SortedSet::default();
    for (member, own) in made.iter() {
        if let Some(score) = other.members.score(member) {
            common.insert(member.clone(), aggregate.of(own, score.times(other.weight)));
        }
    }
    common
}

fn difference(mut made: SortedSet, other: &Members) -> SortedSet {
    if other.len() <= made.len() {
        other.each(|member, _| {
            made.remove(member);
        });
        return made;
    }
    let mut rest = SortedSet::default();
    for (member, score) in made.iter().filter(|(member, _)| other.score(member).is_none()) {
        rest.insert(member.clone(), score);
    }
    rest
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
