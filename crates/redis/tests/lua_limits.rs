//! Scripts that try to run for ever, to fill the memory, to leave something behind, or to see an
//! address: each ends, soon, and the next script is none the wiser.

use redis::{Blob, Database, Reply, UnixTime};

fn eval(database: &mut Database, script: &str) -> Reply {
    let line = ["EVAL", script, "1", "key", "argument"].map(Blob::from);
    database.call(UnixTime::from_millis(1_000), &line)
}

fn error(script: &str) -> String {
    let mut database = Database::default();
    let reply = eval(&mut database, script);
    let again = eval(&mut database, "return ARGV[1]");
    assert_eq!(again, Reply::Bulk(Blob::from("argument")), "after {script}");
    match reply {
        Reply::Error(error) => error.to_string(),
        other => panic!("{script} gave {other:?}"),
    }
}

fn bulk(script: &str) -> String {
    match eval(&mut Database::default(), script) {
        Reply::Bulk(text) => text.to_string(),
        other => panic!("{script} gave {other:?}"),
    }
}

#[test]
fn nothing_runs_for_ever() {
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error) end",
        "while true do xpcall(error, function() while true do end end) end",
        "local function f() while true do end end
         while true do coroutine.resume(coroutine.create(f)) end",
        "coroutine.wrap(function() while true do end end)()",
        "while true do pcall(string.rep, 'x', 100000) end",
        "while true do pcall(string.rep, '', 1e9) end",
        "string.find(('a'):rep(30000), ('a*'):rep(30) .. 'b')",
        "pcall(string.find, ('a'):rep(30000), ('a*'):rep(30) .. 'b') while true do end",
        "local s = ('a'):rep(30000) while true do pcall(string.gsub, s, '.-b', '') end",
        "for _ in ('a'):rep(30000):gmatch(('a*'):rep(30) .. 'b') do end",
        "table.insert({}, -1e9, 1)",
        "local t = {} for i = 1, 1e5 do t[i] = i end
         while true do table.sort(t, function(a, b) return a > b end) end",
        "local s = ('x'):rep(1e7) while true do local t = s .. 'y' end",
        "local s = ('x'):rep(1e7) while true do local less = s < s end",
        "load(function() return ' ' end)",
        "return table.foreachi({1, 2}, function() while true do end end)",
    ] {
        let error = error(script);
        let expected = error.contains("too many instructions") || error.contains("too much memory");
        assert!(expected, "{script}: {error}");
    }
}

/// The length of a table with holes can be large, though the table is not.
#[test]
fn no_table_is_longer_than_it_can_be_walked_through() {
    let holes: Vec<String> = (0..30).map(|bit| format!("[{}] = 1", 1_u64 << bit)).collect();
    for change in ["table.remove(t, 1)", "table.insert(t, 1, 1)"] {
        let error = error(&format!("local t = {{{}}} {change}", holes.join(", ")));
        assert!(error.contains("too many instructions"), "{change}: {error}");
    }
}

#[test]
fn nothing_fills_the_memory() {
    for script in [
        "return string.rep('x', 1e9)",
        "while true do pcall(string.rep, 'x', 1e9) end",
        "local s = 'x' while true do s = s .. s end",
        "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
        "local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end",
        "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1e6) end return table.concat(t)",
        "local s = ('x'):rep(1e6) return (s:gsub('x', s))",
        "local s = ('x'):rep(1e6) return s:gsub('x', function() return s end)",
        "local function f(...) return f(1, ...) end f()",
    ] {
        let error = error(script);
        let expected = ["too much memory", "too many instructions", "stack overflow"];
        assert!(expected.iter().any(|text| error.contains(text)), "{script}: {error}");
    }
}

#[test]
fn recursion_ends_in_an_error_that_a_script_can_catch() {
    let script = "local function f() f() end
                  local ok, problem = pcall(f)
                  return problem:match('stack overflow')";
    assert_eq!(bulk(script), "stack overflow");
}

#[test]
fn garbage_is_collected_within_a_script() {
    let script = "for i = 1, 3e5 do local t = ('x'):rep(1000) .. i end return 'done'";
    assert_eq!(bulk(script), "done");
}

#[test]
fn no_script_leaves_anything_behind() {
    let mut database = Database::default();
    for script in [
        "x = 1",
        "rawset(_G, 'x', 1)",
        "_G.x = 1",
        "string.x = 1",
        "string.rep = nil",
        "rawset(string, 'x', 1)",
        "table.insert(string, 1)",
        "setmetatable(string, {__index = {x = 1}})",
        "getmetatable('').__index = {x = 1}",
        "getmetatable('').__index.x = 1",
        "getmetatable('').x = 1",
        "redis.call = nil",
        "KEYS = nil",
        "coroutine.wrap(function() x = 1 end)()",
        "loadstring('x = 1')()",
        "loadstring('string.x = 1')()",
        "table.sort(string, function() x = 1 end) string.x = 1",
    ] {
        let reply = eval(&mut database, script);
        assert!(reply.as_error().is_some(), "{script}: {reply:?}");
        let seen = "return tostring(rawget(_G, 'x')) .. tostring(string.x) .. type(string.rep)
                    .. #string .. tostring(rawget(string, 1)) .. tostring(('').x)";
        let seen = eval(&mut database, seen);
        assert_eq!(seen, Reply::Bulk(Blob::from("nilnilfunction0nilnil")), "after {script}");
    }
    let random = "return tostring(math.random()) .. tostring({}) .. tostring(redis.setresp(3))";
    assert_eq!(eval(&mut database, random), eval(&mut database, random));
}

#[test]
fn a_script_reads_what_is_protected() {
    for (script, expected) in [
        ("local n = 0 for _ in pairs(string) do n = n + 1 end return tostring(n > 10)", "true"),
        ("return type(next(redis))", "string"),
        ("return type(rawget(table, 'sort'))", "function"),
        ("return ('%s'):format(('abc'):upper())", "ABC"),
        ("return tostring(getmetatable(string))", "nil"),
        ("return type(getmetatable('').__index.rep)", "function"),
    ] {
        assert_eq!(bulk(script), expected, "{script}");
    }
}

#[test]
fn there_is_no_way_out() {
    for name in [
        "io", "os", "debug", "require", "package", "dofile", "loadfile", "print", "newproxy",
        "getfenv", "setfenv", "module",
    ] {
        let error = error(&format!("return {name}"));
        assert!(error.contains("nonexistent global variable"), "{name}: {error}");
    }
    for script in [
        "return loadstring(string.char(27) .. 'Lua' .. ('x'):rep(100))()",
        "return loadstring(string.dump(function() end))()",
    ] {
        error(script);
    }
}

#[test]
fn no_address_is_seen() {
    let script = "local t, f = {}, function() end
                  return tostring(t) .. tostring(f) .. tostring(t) .. tostring(string)";
    let seen = bulk(script);
    assert_eq!(
        seen,
        "table: 0x000000000001function: 0x000000000002table: 0x000000000001table: 0x000000000003"
    );
    for script in [
        "for k in pairs({[{}] = 1}) do end",
        "return next({[function() end] = 1})",
        "return pcall(next, {[coroutine.create(function() end)] = 1})",
        "local t = {a = 1, b = 2} t[t] = 3 return next(t, 'a')",
        "return table.foreach({[{}] = 1}, function() end)",
    ] {
        assert!(error(script).contains("order depends on addresses"), "{script}");
    }
}

#[test]
fn time_stands_still_in_a_script() {
    let script = "local a = redis.call('TIME') for i = 1, 1e5 do end local b = redis.call('TIME')
                  return tostring(a[1] == b[1] and a[2] == b[2])";
    assert_eq!(bulk(script), "true");
}

#[test]
fn what_was_written_before_an_error_stays() {
    let mut database = Database::default();
    let script = "redis.call('SET', KEYS[1], 'written') while true do end";
    assert!(eval(&mut database, script).as_error().is_some());
    let get = ["GET", "key"].map(Blob::from);
    assert_eq!(database.call(UnixTime::default(), &get), Reply::Bulk(Blob::from("written")));
}
