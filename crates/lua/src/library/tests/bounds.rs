//! No library function runs forever, or exceeds the memory limit of a run.

use super::{outcome, run};
use crate::error::{End, Error};
use crate::machine::Lua;

const MEMORY: usize = 2 << 20;

#[test]
fn what_would_take_for_ever_uses_up_the_budget() {
    let mut lua = Lua::new(MEMORY);
    for script in [
        "table.insert({1}, 2147483648, 1)",
        "local t = {} for i = 1, 1e4 do t[i] = i end while true do table.insert(t, 1, 0) \
         table.remove(t, 1) end",
        "while true do string.rep('x', 1e5) end",
        "local s = ('x'):rep(1e5) while true do s:find('y', 1, true) end",
        "local s = ('x'):rep(1e5) while true do s:upper() end",
        "('a'):rep(1e4):find(('a*'):rep(20) .. 'b')",
        "('a'):rep(1e4):match(('.-'):rep(20) .. 'b')",
        "while true do ('('):rep(1e5):match('%b()') end",
        "local s = ('x'):rep(1e5) while true do s:gsub('', '') end",
        "while true do string.format('%99.99f', 1e308) end",
        "local t = {} for i = 1, 1e4 do t[i] = 'x' end while true do table.concat(t) end",
        "local t = {} while true do unpack(t, 1, 7900) end",
        "local t = {} for i = 1, 1e4 do t[i] = i % 7 end while true do table.sort(t) end",
        "local t = {} for i = 1, 1e4 do t[i] = i end while true do table.maxn(t) end",
        "local s = 'return {' .. ('1,'):rep(1e4) .. '}' while true do loadstring(s) end",
        "while true do pcall(error) end",
        "while true do pcall(function() while true do end end) end",
        "xpcall(function() error() end, function() while true do end end)",
        "coroutine.wrap(function() while true do end end)()",
        "while true do coroutine.wrap(function() coroutine.yield() end)() end",
        // A key without a value takes the last free place of a hash, again and again.
        "local t = {} for i = 1, 2^12 - 1 do t['k' .. i] = i end \
         for i = 1, 1e9 do t[-i] = nil end",
        // The search for a border tries one index after the other.
        "local t = {} for i = 1, 2^12 do t[i] = i end for i = 13, 31 do t[2^i] = 1 end \
         while true do local n = #t end",
    ] {
        let outcome = run(&mut lua, script, 3_000_000);
        assert_eq!(outcome, Err(Error::Ended(End::OutOfInstructions)), "{script}");
    }
}

#[test]
fn what_would_take_all_memory_ends_the_script() {
    let mut lua = Lua::new(MEMORY);
    for script in [
        "string.rep('x', 1e7)",
        "string.rep('x', 2^31 - 1)",
        "('x'):rep(1e5):gsub('x', ('y'):rep(1e4))",
        "pcall(string.gsub, ('x'):rep(1e5), 'x', function() return ('y'):rep(1e4) end)",
        "local s = ('x'):rep(1e6) string.format('%s%s%s%s', s, s, s, s)",
        "local t, s = {}, ('x'):rep(1e4) for i = 1, 1e3 do t[i] = s end table.concat(t)",
        "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
        "local t = {} for i = 1, 1e9 do table.insert(t, 'x') end",
    ] {
        let outcome = run(&mut lua, script, 1_000_000_000);
        assert_eq!(outcome, Err(Error::Ended(End::OutOfMemory)), "{script}");
    }
}

#[test]
fn garbage_of_a_long_call_is_collected_and_the_rest_is_kept() {
    let mut lua = Lua::new(MEMORY);
    let cases = [
        ("return #(('x'):rep(1e5):gsub('x', {x = 'yy'}))", "200000"),
        (
            "return #(('ab'):rep(1e5):gsub('(a)(b)', function(a, b) return b .. a .. 'c' end))",
            "300000",
        ),
        (
            "local t = {} for i = 1, 300 do t[i] = 'k' .. (i * 7919) % 300 + 1000 end \
             table.sort(t, function(a, b) local s = ('x'):rep(1e4) .. a return a < b end) \
             return t[1], t[300]",
            "\"k1000\", \"k1299\"",
        ),
        (
            // The comparison function removes all elements from the table.
            "local t, n = {}, 0 for i = 1, 60 do t[i] = 'k' .. i end \
             return pcall(table.sort, t, function(a, b) \
                 for i = 1, 60 do t[i] = 'n' .. n end n = n + 1 local s = ('x'):rep(1e5) \
                 assert(a:match('^%a%d+$') and b:match('^%a%d+$')) return false \
             end)",
            "true",
        ),
        (
            "local t, keys = {}, 0 for i = 1, 200 do t['k' .. i] = i end \
             table.foreach(t, function(k) t[k] = nil keys = keys + 1 local s = ('x'):rep(1e5) end) \
             return keys, next(t)",
            "200, nil",
        ),
        (
            "local n = 0 return load(function() n = n + 1 local s = ('x'):rep(1e5) .. n \
             if n == 1 then return 'return 0' end if n < 2000 then return '+1 ' end end)()",
            "1998",
        ),
    ];
    for (script, expected) in cases {
        assert_eq!(outcome(&mut lua, script), expected, "{script}");
    }
}

#[test]
fn a_text_that_is_too_long_is_not_compiled() {
    let mut lua = Lua::new(MEMORY);
    let refused = "nil, \"chunk is too long\"";
    for script in [
        "return loadstring((' '):rep(2^17 + 1))",
        "return load(function() return 'x' end)",
        "return load(function() return (' '):rep(1e4) end)",
    ] {
        assert_eq!(outcome(&mut lua, script), refused, "{script}");
    }
    assert_eq!(outcome(&mut lua, "return loadstring((' '):rep(2^17))"), "function");
}

#[test]
fn each_run_draws_the_same_random_numbers() {
    let mut lua = Lua::new(MEMORY);
    let script = "return math.random(2^31 - 1), math.random(6), math.random(-5, 5)";
    let first = outcome(&mut lua, script);
    assert_eq!(first, "366850415, 5, -4");
    assert_eq!(outcome(&mut lua, "math.randomseed(7) return math.random(1000000)"), "266445");
    assert_eq!(outcome(&mut lua, script), first);
}

#[test]
fn a_handler_has_calls_left_where_the_stack_overflows() {
    let mut lua = Lua::new(64 << 20);
    let script = "local function f() return 1 + f() end \
                  return xpcall(f, function(e) return 'handled: ' .. e end)";
    let expected = "false, \"handled: s:1: stack overflow\"";
    assert_eq!(outcome(&mut lua, script), expected);
}

#[test]
fn byte_code_and_what_reaches_out_do_not_exist() {
    let mut lua = Lua::new(MEMORY);
    let script = "local found = {} for _, name in ipairs{'print', 'dofile', 'loadfile', 'require', \
                  'module', 'package', 'newproxy', 'getfenv', 'setfenv', 'io', 'os', 'debug'} do \
                  found[#found + 1] = rawget(_G, name) end return #found";
    assert_eq!(outcome(&mut lua, script), "0");
    let refused = "! \"s:1: unable to dump given function\"";
    assert_eq!(outcome(&mut lua, "string.dump(function() end)"), refused);
    assert_eq!(
        outcome(&mut lua, "return collectgarbage(), collectgarbage('count'), gcinfo()"),
        "0, 0, 0, 0"
    );
}
