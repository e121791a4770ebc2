//! Scripts that try to run forever, fill the memory, leave state behind, or see an address. Each
//! ends soon, and does not affect the next script.

use std::cell::Cell;
use std::rc::Rc;

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
        "return table.foreachi({1, 2}, function() while true do end end)",
    ] {
        let error = error(script);
        let expected = error.contains("too many instructions") || error.contains("too much memory");
        assert!(expected, "{script}: {error}");
    }
}

/// A small table with holes can have a large length.
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
    let script = "for i = 1, 1e5 do local t = ('x'):rep(1000) .. i end return 'done'";
    assert_eq!(bulk(script), "done");
}

/// A script cannot catch the error that ends it.
#[test]
fn the_end_of_the_means_cannot_be_caught() {
    let catchers = [
        "pcall(f) ",
        "xpcall(f, function() return 1 end) ",
        "xpcall(error, f) ",
        "coroutine.resume(coroutine.create(f)) ",
        "pcall(coroutine.wrap(f)) ",
        "coroutine.wrap(function() pcall(f) end)() ",
        "load(function() f() end) ",
        "pcall(string.gsub, 'x', 'x', f) ",
        "pcall(table.sort, {3, 2, 1}, f) ",
        "local t = setmetatable({}, {__index = f}) pcall(function() return t.x end) ",
    ];
    let ends = [
        ("while true do end", "ERR Script ran for too many instructions"),
        ("local t = {} while true do t[#t + 1] = {} end", "ERR Script used too much memory"),
        ("local s = ('x'):rep(4e7) return s .. 'y'", "ERR Script used too much memory"),
        ("return cjson.encode(('x'):rep(4e7))", "ERR Script used too much memory"),
    ];
    for (end, message) in ends {
        for catcher in catchers {
            let script = format!("local function f() {end} end {catcher} return 'caught'");
            let error = error(&script);
            assert!(error.starts_with(message), "{script}: {error}");
        }
    }
}

/// The host's clock is asked while instructions run, and after each command.
#[test]
fn a_host_that_has_waited_long_enough_ends_a_script() {
    let asked = Rc::new(Cell::new(0));
    let counter = Rc::clone(&asked);
    redis::end_scripts_when(move |_| {
        counter.set(counter.get() + 1);
        if counter.get() > 50 { redis::Verdict::TooLong } else { redis::Verdict::Continue }
    });
    let mut database = Database::default();
    for script in [
        "while true do pcall(function() while true do end end) end",
        "redis.call('SET', KEYS[1], 'written') for i = 1, 60 do redis.call('PING') end",
    ] {
        asked.set(0);
        let reply = eval(&mut database, script);
        let error = reply.as_error().expect("it is ended").to_string();
        assert!(error.starts_with("ERR Script ran for too long"), "{script}: {error}");
        assert_eq!(asked.get(), 51);
    }
    let get = ["GET", "key"].map(Blob::from);
    assert_eq!(database.call(UnixTime::default(), &get), Reply::Bulk(Blob::from("written")));
}

/// A script that has written cannot be killed.
#[test]
fn the_judge_learns_whether_the_script_has_written() {
    let seen = Rc::new(Cell::new(None));
    let last = Rc::clone(&seen);
    redis::end_scripts_when(move |script| {
        last.set(Some(script.has_written));
        redis::Verdict::Continue
    });
    let mut database = Database::default();
    for (script, has_written) in [
        ("redis.call('GET', KEYS[1])", false),
        ("redis.call('SET', KEYS[1], 'written') redis.call('PING')", true),
        ("redis.pcall('GET', KEYS[1])", false),
        ("redis.pcall('DEL', KEYS[1])", true),
    ] {
        eval(&mut database, script);
        assert_eq!(seen.take(), Some(has_written), "{script}");
    }
}

/// A function that takes much time or memory is charged for it.
#[test]
fn nothing_costs_less_than_it_takes() {
    for script in [
        "local s = ('x'):rep(1e7) while true do redis.sha1hex(s) end",
        "local s = ('x'):rep(1e7) while true do cjson.encode(s) end",
        "local s = cjson.encode(('x'):rep(1e7)) while true do cjson.decode(s) end",
        "local s = cmsgpack.pack(('x'):rep(1e7)) while true do cmsgpack.unpack(s) end",
        "local s = ('x'):rep(1e7) while true do struct.pack('s', s) end",
        "local s = ('x'):rep(1e7) while true do struct.size(s) end",
        "local s = ('x'):rep(1e7) while true do struct.pack(s) end",
        "while true do cjson.new() end",
        "local s = ('return 1 '):rep(1) .. ('--x\\n'):rep(25000) while true do loadstring(s) end",
        "local s = ('x'):rep(1e7) while true do redis.call('ECHO', s) end",
        "local s = ('x'):rep(1e7) while true do redis.pcall(s) end",
        "local s = ('x'):rep(1e7) while true do redis.error_reply(s) end",
        "for i = 1, 7000 do redis.call('RPUSH', KEYS[1], i, i, i, i, i, i, i, i) end
         while true do redis.call('LRANGE', KEYS[1], 0, -1) end",
        "cjson.encode_sparse_array(true, 0) cjson.encode({[2^31 - 1] = 1})",
        "while true do pcall(redis.call) end",
        "while true do local s = getmetatable('') end",
    ] {
        let error = error(script);
        let expected = error.contains("too many instructions") || error.contains("too much memory");
        assert!(expected, "{script}: {error}");
    }
}

/// Data that a script receives counts as if the script had made it.
#[test]
fn replies_and_decoded_data_count_as_memory() {
    let fill = "for i = 1, 7000 do redis.call('RPUSH', KEYS[1], i, i, i, i, i, i, i, i) end ";
    for script in [
        "local t = {} while true do t[#t + 1] = redis.call('LRANGE', KEYS[1], 0, -1) end",
        "local t = {} local s = '[' .. ('[],'):rep(3e4) .. '[]]'
         while true do t[#t + 1] = cjson.decode(s) end",
        "local t = {} local s = ('\\145\\1'):rep(3000)
         while true do t[#t + 1] = {cmsgpack.unpack(s)} end",
        "local t = {} redis.call('SET', KEYS[1], ('x'):rep(1e6))
         while true do t[#t + 1] = redis.call('GET', KEYS[1]) end",
    ] {
        let script = format!("{}{script}", if script.contains("LRANGE") { fill } else { "" });
        let error = error(&script);
        assert!(error.starts_with("ERR Script used too much memory"), "{script}: {error}");
    }
}

/// The elements of a reply are shared strings. Their number is limited.
#[test]
fn a_reply_shares_its_strings_and_is_bounded() {
    let script = "local s, t = ('x'):rep(1000), {} for i = 1, 60000 do t[i] = s end return t";
    let Reply::Array(replies) = eval(&mut Database::default(), script) else {
        panic!("an array is returned");
    };
    assert_eq!(replies.len(), 60_000);
    let texts = replies.iter().map(|reply| match reply {
        Reply::Bulk(text) => text.as_ptr(),
        other => panic!("{other:?}"),
    });
    let mut texts: Vec<*const u8> = texts.collect();
    texts.dedup();
    assert_eq!(texts.len(), 1);
    for script in [
        "local t = {} for i = 1, 1000 do t[i] = 1 end
         local u = {} for i = 1, 1000 do u[i] = t end
         local v = {} for i = 1, 1000 do v[i] = u end return v",
        "local s, t = ('x'):rep(3e7), {} for i = 1, 60000 do t[i] = s end return t",
    ] {
        let error = error(script);
        let expected = error.contains("too many instructions") || error.contains("too much memory");
        assert!(expected, "{script}: {error}");
    }
    let script = "local s, t = ('x'):rep(1e6), {} for i = 1, 300 do t[i] = s end return t";
    let error = error(script);
    assert!(error.starts_with("ERR the reply is too large script: "), "{error}");
}

#[test]
fn many_values_are_taken_and_returned() {
    let many = |count: usize| format!("local t = {{}} for i = 1, {count} do t[i] = i end ");
    for count in [20, 21, 22, 100, 7_000] {
        let script = format!("{}return unpack(t)", many(count));
        assert_eq!(eval(&mut Database::default(), &script), Reply::Integer(1));
        let script = format!("{}return redis.call('DEL', unpack(t))", many(count));
        assert_eq!(eval(&mut Database::default(), &script), Reply::Integer(0));
    }
    for script in ["return unpack({}, 0, 2147483647)", "return unpack({}, -2147483648, 2147483647)"]
    {
        let error = error(script);
        assert!(error.starts_with("ERR user_script:1: too many results to unpack"), "{error}");
    }
    let unpacked = |count: usize| {
        format!("return select('#', struct.unpack(('b'):rep({count}), ('x'):rep({count})))")
    };
    assert_eq!(eval(&mut Database::default(), &unpacked(7_000)), Reply::Integer(7_001));
    let refused = "ERR user_script:1: stack overflow (too many results)";
    let too_many = error(&unpacked(8_000));
    assert!(too_many.starts_with(refused), "{too_many}");
    let error = error("return redis.call(unpack({}, 1, 100))");
    assert!(error.starts_with("ERR Lua redis lib command arguments must be strings"), "{error}");
}

/// Everything that could recurse runs on the stack of a worker thread.
#[test]
fn a_small_stack_suffices() {
    let nested = "local t = 1 for i = 1, 200000 do t = {t} end ";
    let (encodes, decodes) =
        ("cjson.encode_max_depth(2147483647) ", "cjson.decode_max_depth(2147483647) ");
    let cases: Vec<(String, &str)> =
        vec![
        (format!("{nested}return cjson.encode(t)"), "Cannot serialise, excessive nesting (1001)"),
        (format!("{encodes}{nested}return cjson.encode(t)"), "Cannot serialise, excessive nesting"),
        (
            "return cjson.decode(('['):rep(1e6))".to_owned(),
            "Found too many nested data structures (1001) at character 1001",
        ),
        (
            format!("{decodes}return cjson.decode(('['):rep(1e6))"),
            "Found too many nested data structures (7999) at character 7999",
        ),
        (
            format!("{decodes}return cjson.decode(('{{\"a\":'):rep(1e6))"),
            "Found too many nested data structures (4000) at character 19996",
        ),
        (
            "return cmsgpack.unpack(('\\145'):rep(1e6))".to_owned(),
            "stack overflow (in function mp_decode_to_lua_array)",
        ),
        (
            "return cmsgpack.unpack(('\\129\\1'):rep(1e6))".to_owned(),
            "stack overflow (in function mp_decode_to_lua_array)",
        ),
        (format!("{nested}return {{cmsgpack.pack(t):byte(-1)}}"), "192"),
        (format!("{nested}return t"), "reached lua stack limit"),
        ("local function f() return 1 + f() end f()".to_owned(), "stack overflow"),
        (
            "local t = {} for i = 1, 300 do t = setmetatable({}, {__index = function(_, k)
                 local inner = t return inner[k] end}) end return t.x".to_owned(),
            "",
        ),
        (
            "local function f() return pcall(f) end local function g() coroutine.wrap(g)() end
             f() g()".to_owned(),
            "C stack overflow",
        ),
        (
            "local s = ('('):rep(1e4) .. '1' .. (')'):rep(1e4) return {loadstring('return ' .. s)}"
                .to_owned(),
            "",
        ),
    ];
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        for (script, expected) in cases {
            let reply = format!("{:?}", eval(&mut Database::default(), &script));
            assert!(reply.contains(expected), "{script}: {}", &reply[..reply.len().min(300)]);
        }
    });
    worker.expect("a thread").join().expect("no panic");
}

/// C converts such numbers to a large position.
#[test]
fn a_position_that_is_no_number_is_behind_the_end() {
    for position in ["0/0", "-1", "-2^63", "1e300", "-1/0"] {
        let error = error(&format!("return struct.unpack('b', 'x', {position})"));
        assert!(error.contains("bad argument #2 to 'unpack' (data string too short)"), "{error}");
    }
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
    let words = ["EVAL", "return #KEYS .. ' ' .. #ARGV", "0"].map(Blob::from);
    let seen = database.call(UnixTime::from_millis(1_000), &words);
    assert_eq!(seen, Reply::Bulk(Blob::from("0 0")));
    let random = "return tostring(math.random()) .. tostring({}) .. tostring(redis.setresp(3))";
    assert_eq!(eval(&mut database, random), eval(&mut database, random));
    let settings = "local before = cjson.encode_number_precision() cjson.encode_number_precision(3)
                    return before";
    assert_eq!(eval(&mut database, settings), Reply::Integer(14));
    assert_eq!(eval(&mut database, settings), Reply::Integer(14));
    let map = "redis.call('HSET', KEYS[1], 'a', 'b') return #redis.call('HGETALL', KEYS[1])";
    assert_eq!(eval(&mut database, map), Reply::Integer(2));
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
                  local seen = {tostring(t), tostring(f), tostring(t), tostring({})}
                  seen[5] = tostring(string)
                  return table.concat(seen, ' ')";
    let seen = bulk(script);
    let words: Vec<&str> = seen.split(' ').filter(|word| word.starts_with("0x")).collect();
    assert_eq!(words.len(), 5, "{seen}");
    assert_eq!(words[0], words[2]);
    assert_ne!(words[0], words[3]);
    assert!(words.iter().all(|word| word.starts_with("0x00000000")), "{seen}");
    assert_eq!(seen, bulk(script));
}

/// The order of iteration depends on the order in which keys were made, not on their addresses.
#[test]
fn a_table_with_objects_as_keys_is_always_walked_through_in_the_same_order() {
    let script = "local t, r = {}, {}
                  for i = 1, 50 do
                      t[{}] = i t[function() return i end] = -i
                      t[coroutine.create(function() end)] = i / 2
                  end
                  for k, v in pairs(t) do r[#r + 1] = type(k) .. v end
                  return table.concat(r, ' ')";
    let seen = bulk(script);
    assert_eq!(seen.split(' ').count(), 150);
    let elsewhere = std::thread::Builder::new().spawn(move || bulk(script)).expect("a thread");
    assert_eq!(elsewhere.join().expect("no panic"), seen);
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
