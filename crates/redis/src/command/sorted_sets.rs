//! Sorted sets: `ZSCORE`, `ZMSCORE`, `ZCARD`, `ZRANK`, `ZREVRANK`, `ZREM` here. The submodules hold
//! the other commands.

mod add;
mod algebra;
mod interval;
mod pop;
mod range;
mod select;

pub(super) use self::add::{zadd, zincrby};
pub(super) use self::algebra::{
    zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore,
};
pub(super) use self::pop::{zpopmax, zpopmin, zrandmember, zscan};
pub(super) use self::range::{
    zcount, zlexcount, zremrangebylex, zremrangebyrank, zremrangebyscore,
};
pub(super) use self::select::{
    zrange, zrangebylex, zrangebyscore, zrangestore, zrevrange, zrevrangebylex, zrevrangebyscore,
};

use crate::{Blob, Database, ErrorReply, Reply, Score, SortedSet, UnixTime};

/// `ZCARD key`
pub(super) fn zcard(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let len = database.keyspace.read_as(now, &arguments[0], SortedSet::len)?;
    Ok(Reply::from(len.unwrap_or(0)))
}

/// `ZSCORE key member`
pub(super) fn zscore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let score = database
        .keyspace
        .read_as(now, &arguments[0], |set: &SortedSet| set.score(&arguments[1]))?;
    Ok(score_or_nil(score.flatten()))
}

/// `ZMSCORE key member [member ...]`
pub(super) fn zmscore(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let set = copy(database, now, &arguments[0])?;
    let scores = arguments[1..].iter().map(|member| score_or_nil(set.score(member)));
    database.replies.array(scores)
}

/// `ZRANK key member`
pub(super) fn zrank(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let rank =
        database.keyspace.read_as(now, &arguments[0], |set: &SortedSet| set.rank(&arguments[1]))?;
    Ok(rank.flatten().map_or(Reply::Nil, Reply::from))
}

/// `ZREVRANK key member`: the rank in descending order.
pub(super) fn zrevrank(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let from_the_end = |set: &SortedSet| Some(set.len() - 1 - set.rank(&arguments[1])?);
    let rank = database.keyspace.read_as(now, &arguments[0], from_the_end)?;
    Ok(rank.flatten().map_or(Reply::Nil, Reply::from))
}

/// `ZREM key member [member ...]`: returns how many existed.
pub(super) fn zrem(
    database: &mut Database,
    now: UnixTime,
    arguments: &[Blob],
) -> Result<Reply, ErrorReply> {
    let removed = database.keyspace.update_as(now, &arguments[0], |set: &mut SortedSet| {
        arguments[1..].iter().filter(|member| set.remove(member).is_some()).count()
    })?;
    Ok(Reply::from(removed.unwrap_or(0)))
}

/// A copy of the sorted set at `key`, which shares memory with the original. It is empty if the key
/// does not exist.
fn copy(database: &mut Database, now: UnixTime, key: &Blob) -> Result<SortedSet, ErrorReply> {
    Ok(database.keyspace.read_as(now, key, SortedSet::clone)?.unwrap_or_default())
}

fn score_or_nil(score: Option<Score>) -> Reply {
    score.map_or(Reply::Nil, score_reply)
}

fn score_reply(score: Score) -> Reply {
    Reply::Bulk(score.to_blob())
}

/// The reply of most commands: the members, with their scores if wanted.
fn rows<'a>(
    members: impl Iterator<Item = (&'a Blob, Score)>,
    columns: Columns,
) -> impl Iterator<Item = Reply> {
    members.flat_map(move |(member, score)| {
        let score = (columns == Columns::MembersAndScores).then(|| score_reply(score));
        std::iter::once(Reply::Bulk(member.clone())).chain(score)
    })
}

/// Whether `WITHSCORES` was given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    Members,
    MembersAndScores,
}
