//! The collector keeps all that a script can still reach.

use super::outcome;
use crate::machine::Lua;

/// The memory limit of the runs in bytes. It makes them collect garbage after half a MiB.
const MEMORY: usize = 1 << 20;

/// Each script makes a value, then much garbage, and returns what the value holds.
const CASES: [(&str, &str); 9] = [
    // A metatable that only the table refers to.
    ("local t = setmetatable({}, {__index = function() return 7 end}) GARBAGE return t.x", "7"),
    // What the stack of the main program holds, while a coroutine runs.
    ("local t = {7} coroutine.wrap(function() GARBAGE end)() return t[1]", "7"),
    // What the stack of a suspended coroutine holds.
    (
        "local c = coroutine.wrap(function() local t = {7} coroutine.yield() return t[1] end) \
         c() GARBAGE return c()",
        "7",
    ),
    // A coroutine of which only a local variable is left.
    (
        "local f = coroutine.wrap(function() \
             local x = {7} coroutine.yield(function() return x[1] end) \
         end)() GARBAGE return f()",
        "7",
    ),
    // A local variable that a suspended coroutine shares with no function any more.
    (
        "local c = coroutine.wrap(function() \
             local x = 1 local f = function() return x end f = nil coroutine.yield() \
             f = function() x = x + 1 return x end x = 10 return f() \
         end) c() GARBAGE local v = 123 local g = function() return v end \
         local result = c() return result, g()",
        "11, 123",
    ),
    // The constants of a text that the script compiled, and of the functions in it.
    ("local f = loadstring(\"return 'abc' .. 'def'\") GARBAGE return f()", "\"abcdef\""),
    (
        "local f = loadstring(\"return (function() return 'in' .. 'ner' end)()\") \
         GARBAGE return f()",
        "\"inner\"",
    ),
    // The values of a function written in Rust.
    (
        "local c = coroutine.wrap(function() coroutine.yield(1) return 2 end) c() \
         GARBAGE return c()",
        "2",
    ),
    // The key of a removed entry: an iteration can continue after it.
    ("local t = {} t['k' .. 1] = 1 t['k' .. 1] = nil GARBAGE return next(t, 'k' .. 1)", "nil"),
];

#[test]
fn what_can_be_reached_is_kept() {
    let garbage = "for i = 1, 100 do local s = ('x'):rep(1e5) .. i end";
    let mut lua = Lua::new(MEMORY);
    for (script, expected) in CASES {
        let script = script.replace("GARBAGE", garbage);
        assert_eq!(outcome(&mut lua, &script), expected, "{script}");
    }
}

/// Otherwise, a buffer that an error drops would count until the end of the run.
#[test]
fn a_result_that_an_error_drops_is_given_up() {
    let script = "local s, piece = ('x'):rep(1e5), ('x'):rep(1e4) \
        for i = 1, 100 do \
            local matches = 0 \
            pcall(string.gsub, s, piece, function() \
                matches = matches + 1 \
                if matches == 9 then error('x') end \
            end) \
        end return 7";
    let mut lua = Lua::new(MEMORY);
    assert_eq!(outcome(&mut lua, script), "7");
}
