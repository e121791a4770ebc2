//! The table of commands. A new command needs one row here, and one function.

use super::{Action, ClientsHandler, Command, ConnectionHandler, Flags, Handler};
use super::{
    batches, chance, clients, config, connections, counters, expiry, hashes, info, introspection,
    keys, lists, moves, object, places, ranges, scan, scripting, server, set, set_algebra, sets,
    sorted_sets, strings, transactions,
};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = READ.and(Flags::FAST);
const WRITE: Flags = Flags::WRITE;
const WRITE_FAST: Flags = WRITE.and(Flags::FAST);
/// May take memory.
const GROW: Flags = WRITE.and(Flags::DENYOOM);
const GROW_FAST: Flags = GROW.and(Flags::FAST);
const NOSCRIPT: Flags = Flags::NOSCRIPT;
/// Allowed in every state of the data.
const ALWAYS: Flags = Flags::LOADING.and(Flags::STALE);
const CALL_SCRIPT: Flags = NOSCRIPT
    .and(Flags::STALE)
    .and(Flags::SKIP_MONITOR)
    .and(Flags::NO_MANDATORY_KEYS)
    .and(Flags::MOVABLEKEYS);

/// Commands about the connection.
const TALK: Flags = ALWAYS.and(NOSCRIPT);
const CONTROL: Flags = TALK.and(Flags::FAST).and(Flags::ALLOW_BUSY);
const LOGIN: Flags = CONTROL.and(Flags::NO_AUTH);

/// Sorted by name.
pub(super) static COMMANDS: &[Command] = &[
    command("append", 3, GROW_FAST, strings::append),
    connection("auth", -2, LOGIN, connections::auth),
    container("client", -2, &CLIENT),
    Command {
        name: "command",
        full_name: "command",
        arity: -1,
        flags: ALWAYS,
        action: Action::RunOrContainer(introspection::all, &COMMAND),
    },
    container("config", -2, &CONFIG),
    command("copy", -3, GROW, moves::copy),
    command("dbsize", 1, READ_FAST, keys::dbsize),
    command("decr", 2, GROW_FAST, counters::decr),
    command("decrby", 3, GROW_FAST, counters::decrby),
    command("del", -2, WRITE, keys::del),
    connection("discard", 1, CONTROL, transactions::discard),
    command("echo", 2, ALWAYS.and(Flags::FAST), server::echo),
    command("eval", -3, CALL_SCRIPT, scripting::eval),
    command("eval_ro", -3, CALL_SCRIPT.and(READ), scripting::eval_ro),
    command("evalsha", -3, CALL_SCRIPT, scripting::evalsha),
    command("evalsha_ro", -3, CALL_SCRIPT.and(READ), scripting::evalsha_ro),
    among("exec", "exec", 1, TALK.and(Flags::SKIP_SLOWLOG), transactions::exec),
    command("exists", -2, READ_FAST, keys::exists),
    command("expire", -3, WRITE_FAST, expiry::expire),
    command("expireat", -3, WRITE_FAST, expiry::expireat),
    command("expiretime", 2, READ_FAST, expiry::expiretime),
    command("flushall", -1, WRITE, keys::flushall),
    command("flushdb", -1, WRITE, keys::flushdb),
    command("get", 2, READ_FAST, strings::get),
    command("getdel", 2, WRITE_FAST, strings::getdel),
    command("getex", -2, WRITE_FAST, set::getex),
    command("getrange", 4, READ, ranges::getrange),
    command("getset", 3, GROW_FAST, set::getset),
    command("hdel", -3, WRITE_FAST, hashes::hdel),
    connection("hello", -1, LOGIN, connections::hello),
    command("hexists", 3, READ_FAST, hashes::hexists),
    command("hget", 3, READ_FAST, hashes::hget),
    command("hgetall", 2, READ, hashes::hgetall),
    command("hincrby", 4, GROW_FAST, counters::hincrby),
    command("hincrbyfloat", 4, GROW_FAST, counters::hincrbyfloat),
    command("hkeys", 2, READ, hashes::hkeys),
    command("hlen", 2, READ_FAST, hashes::hlen),
    command("hmget", -3, READ_FAST, hashes::hmget),
    command("hmset", -4, GROW_FAST, hashes::hmset),
    command("hrandfield", -2, READ, chance::hrandfield),
    command("hscan", -3, READ, scan::hscan),
    command("hset", -4, GROW_FAST, hashes::hset),
    command("hsetnx", 4, GROW_FAST, hashes::hsetnx),
    command("hstrlen", 3, READ_FAST, hashes::hstrlen),
    command("hvals", 2, READ, hashes::hvals),
    command("incr", 2, GROW_FAST, counters::incr),
    command("incrby", 3, GROW_FAST, counters::incrby),
    command("incrbyfloat", 3, GROW_FAST, counters::incrbyfloat),
    Command {
        name: "info",
        full_name: "info",
        arity: -1,
        flags: ALWAYS,
        action: Action::RunOrRunAmong(info::info, info::info_among),
    },
    command("keys", 2, READ, keys::keys),
    command("lindex", 3, READ, places::lindex),
    command("linsert", 5, GROW, places::linsert),
    command("llen", 2, READ_FAST, lists::llen),
    command("lmove", 5, GROW, lists::lmove),
    command("lpop", -2, WRITE_FAST, lists::lpop),
    command("lpos", -3, READ, places::lpos),
    command("lpush", -3, GROW_FAST, lists::lpush),
    command("lpushx", -3, GROW_FAST, lists::lpushx),
    command("lrange", 4, READ, places::lrange),
    command("lrem", 4, WRITE, places::lrem),
    command("lset", 4, GROW, places::lset),
    command("ltrim", 4, WRITE, places::ltrim),
    command("mget", -2, READ_FAST, batches::mget),
    command("move", 3, WRITE_FAST, moves::move_),
    command("mset", -3, GROW, batches::mset),
    command("msetnx", -3, GROW, batches::msetnx),
    connection("multi", 1, CONTROL, transactions::multi),
    container("object", -2, &OBJECT),
    command("persist", 2, WRITE_FAST, expiry::persist),
    command("pexpire", -3, WRITE_FAST, expiry::pexpire),
    command("pexpireat", -3, WRITE_FAST, expiry::pexpireat),
    command("pexpiretime", 2, READ_FAST, expiry::pexpiretime),
    command("ping", -1, Flags::FAST, server::ping),
    command("psetex", 4, GROW, set::psetex),
    command("pttl", 2, READ_FAST, expiry::pttl),
    connection("quit", -1, LOGIN, connections::quit),
    command("randomkey", 1, READ, chance::randomkey),
    command("rename", 3, WRITE, moves::rename),
    command("renamenx", 3, WRITE_FAST, moves::renamenx),
    connection("reset", 1, LOGIN, connections::reset),
    command("rpop", -2, WRITE_FAST, lists::rpop),
    command("rpoplpush", 3, GROW, lists::rpoplpush),
    command("rpush", -3, GROW_FAST, lists::rpush),
    command("rpushx", -3, GROW_FAST, lists::rpushx),
    command("sadd", -3, GROW_FAST, sets::sadd),
    command("scan", -2, READ, scan::scan),
    command("scard", 2, READ_FAST, sets::scard),
    container("script", -2, &SCRIPT),
    command("sdiff", -2, READ, set_algebra::sdiff),
    command("sdiffstore", -3, GROW, set_algebra::sdiffstore),
    command("select", 2, ALWAYS.and(Flags::FAST), connections::select),
    command("set", -3, GROW, set::set),
    command("setex", 4, GROW, set::setex),
    command("setnx", 3, GROW_FAST, set::setnx),
    command("setrange", 4, GROW, ranges::setrange),
    command("sinter", -2, READ, set_algebra::sinter),
    command("sintercard", -3, READ.and(Flags::MOVABLEKEYS), set_algebra::sintercard),
    command("sinterstore", -3, GROW, set_algebra::sinterstore),
    command("sismember", 3, READ_FAST, sets::sismember),
    command("smembers", 2, READ, sets::smembers),
    command("smismember", -3, READ_FAST, sets::smismember),
    command("smove", 4, WRITE_FAST, sets::smove),
    command("spop", -2, WRITE_FAST, chance::spop),
    command("srandmember", -2, READ, chance::srandmember),
    command("srem", -3, WRITE_FAST, sets::srem),
    command("sscan", -3, READ, scan::sscan),
    command("strlen", 2, READ_FAST, strings::strlen),
    command("substr", 4, READ, ranges::getrange),
    command("sunion", -2, READ, set_algebra::sunion),
    command("sunionstore", -3, GROW, set_algebra::sunionstore),
    command("swapdb", 3, WRITE_FAST, moves::swapdb),
    command("time", 1, ALWAYS.and(Flags::FAST), server::time),
    command("touch", -2, READ_FAST, keys::exists),
    command("ttl", 2, READ_FAST, expiry::ttl),
    command("type", 2, READ_FAST, keys::type_),
    command("unlink", -2, WRITE_FAST, keys::del),
    connection("unwatch", 1, CONTROL, transactions::unwatch),
    command("wait", 3, NOSCRIPT, server::wait),
    connection("watch", -2, CONTROL, transactions::watch),
    command("zadd", -4, GROW_FAST, sorted_sets::zadd),
    command("zcard", 2, READ_FAST, sorted_sets::zcard),
    command("zcount", 4, READ_FAST, sorted_sets::zcount),
    command("zdiff", -3, READ.and(Flags::MOVABLEKEYS), sorted_sets::zdiff),
    command("zdiffstore", -4, GROW.and(Flags::MOVABLEKEYS), sorted_sets::zdiffstore),
    command("zincrby", 4, GROW_FAST, sorted_sets::zincrby),
    command("zinter", -3, READ.and(Flags::MOVABLEKEYS), sorted_sets::zinter),
    command("zintercard", -3, READ.and(Flags::MOVABLEKEYS), sorted_sets::zintercard),
    command("zinterstore", -4, GROW.and(Flags::MOVABLEKEYS), sorted_sets::zinterstore),
    command("zlexcount", 4, READ_FAST, sorted_sets::zlexcount),
    command("zmscore", -3, READ_FAST, sorted_sets::zmscore),
    command("zpopmax", -2, WRITE_FAST, sorted_sets::zpopmax),
    command("zpopmin", -2, WRITE_FAST, sorted_sets::zpopmin),
    command("zrandmember", -2, READ, sorted_sets::zrandmember),
    command("zrange", -4, READ, sorted_sets::zrange),
    command("zrangebylex", -4, READ, sorted_sets::zrangebylex),
    command("zrangebyscore", -4, READ, sorted_sets::zrangebyscore),
    command("zrangestore", -5, GROW, sorted_sets::zrangestore),
    command("zrank", 3, READ_FAST, sorted_sets::zrank),
    command("zrem", -3, WRITE_FAST, sorted_sets::zrem),
    command("zremrangebylex", 4, WRITE, sorted_sets::zremrangebylex),
    command("zremrangebyrank", 4, WRITE, sorted_sets::zremrangebyrank),
    command("zremrangebyscore", 4, WRITE, sorted_sets::zremrangebyscore),
    command("zrevrange", -4, READ, sorted_sets::zrevrange),
    command("zrevrangebylex", -4, READ, sorted_sets::zrevrangebylex),
    command("zrevrangebyscore", -4, READ, sorted_sets::zrevrangebyscore),
    command("zrevrank", 3, READ_FAST, sorted_sets::zrevrank),
    command("zscan", -3, READ, sorted_sets::zscan),
    command("zscore", 3, READ_FAST, sorted_sets::zscore),
    command("zunion", -3, READ.and(Flags::MOVABLEKEYS), sorted_sets::zunion),
    command("zunionstore", -4, GROW.and(Flags::MOVABLEKEYS), sorted_sets::zunionstore),
];

/// Sorted by name.
static CLIENT: [Command; 9] = [
    subconnection("getname", "client|getname", 2, TALK, connections::getname),
    subcommand("help", "client|help", 2, ALWAYS, introspection::client_help),
    subconnection("id", "client|id", 2, TALK, connections::id),
    among("info", "client|info", 2, TALK, clients::info),
    among("kill", "client|kill", -3, TALK.and(Flags::ADMIN), clients::kill),
    among("list", "client|list", -2, TALK.and(Flags::ADMIN), clients::list),
    subconnection("no-evict", "client|no-evict", 3, TALK.and(Flags::ADMIN), clients::no_evict),
    subconnection("reply", "client|reply", 3, TALK, clients::reply),
    subconnection("setname", "client|setname", 3, TALK, connections::setname),
];

/// Sorted by name.
static COMMAND: [Command; 5] = [
    subcommand("count", "command|count", 2, ALWAYS, introspection::count),
    subcommand("getkeys", "command|getkeys", -4, ALWAYS, introspection::getkeys),
    subcommand("help", "command|help", 2, ALWAYS, introspection::help),
    subcommand("info", "command|info", -2, ALWAYS, introspection::info),
    subcommand("list", "command|list", -2, ALWAYS, introspection::list),
];

/// Sorted by name.
static CONFIG: [Command; 5] = [
    subcommand("get", "config|get", -3, TALK.and(Flags::ADMIN), config::get),
    subcommand("help", "config|help", 2, ALWAYS, introspection::config_help),
    subcommand("resetstat", "config|resetstat", 2, TALK.and(Flags::ADMIN), config::resetstat),
    subcommand("rewrite", "config|rewrite", 2, TALK.and(Flags::ADMIN), config::rewrite),
    subcommand("set", "config|set", -4, TALK.and(Flags::ADMIN), config::set),
];

/// Sorted by name.
static OBJECT: [Command; 5] = [
    subcommand("encoding", "object|encoding", 3, READ, object::encoding),
    subcommand("freq", "object|freq", 3, READ, object::freq),
    subcommand("help", "object|help", 2, ALWAYS, object::help),
    subcommand("idletime", "object|idletime", 3, READ, object::idletime),
    subcommand("refcount", "object|refcount", 3, READ, object::refcount),
];

/// Sorted by name.
static SCRIPT: [Command; 5] = [
    subcommand("exists", "script|exists", -3, NOSCRIPT, scripting::exists),
    subcommand("flush", "script|flush", -2, NOSCRIPT, scripting::flush),
    subcommand("help", "script|help", 2, ALWAYS, introspection::script_help),
    subcommand("kill", "script|kill", 2, NOSCRIPT.and(Flags::ALLOW_BUSY), scripting::kill),
    subcommand("load", "script|load", 3, NOSCRIPT.and(Flags::STALE), scripting::load),
];

const fn command(name: &'static str, arity: i16, flags: Flags, handler: Handler) -> Command {
    subcommand(name, name, arity, flags, handler)
}

const fn subcommand(
    name: &'static str,
    full_name: &'static str,
    arity: i16,
    flags: Flags,
    handler: Handler,
) -> Command {
    Command { name, full_name, arity, flags, action: Action::Run(handler) }
}

const fn connection(
    name: &'static str,
    arity: i16,
    flags: Flags,
    handler: ConnectionHandler,
) -> Command {
    subconnection(name, name, arity, flags, handler)
}

const fn subconnection(
    name: &'static str,
    full_name: &'static str,
    arity: i16,
    flags: Flags,
    handler: ConnectionHandler,
) -> Command {
    Command { name, full_name, arity, flags, action: Action::RunFor(handler) }
}

const fn among(
    name: &'static str,
    full_name: &'static str,
    arity: i16,
    flags: Flags,
    handler: ClientsHandler,
) -> Command {
    Command { name, full_name, arity, flags, action: Action::RunAmong(handler) }
}

const fn container(name: &'static str, arity: i16, subcommands: &'static [Command]) -> Command {
    let action = Action::Container(subcommands);
    Command { name, full_name: name, arity, flags: Flags::NONE, action }
}
