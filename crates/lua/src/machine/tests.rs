//! Work that a script could cause without being charged for it, if the machine did not take care.

use super::Lua;
use crate::error::Result;
use crate::value::Value;

const UNITS: u64 = 20_000_000;

/// Runs a script. Returns the machine, the script's first result, and the units that it used.
fn run(script: &str) -> (Lua, Result<Value>, u64) {
    let mut lua = Lua::new(64 << 20);
    let chunk = lua.compile(script.as_bytes(), "@test").expect("a script");
    lua.begin(UNITS);
    let main = lua.instantiate(&chunk).expect("memory for a function");
    let returned = lua.call(main.into(), &[]);
    let used = UNITS - lua.units_left();
    (lua, returned.map(|values| values.first().copied().unwrap_or_default()), used)
}

/// Otherwise, a stack that has been long would make each new object trigger a collection.
#[test]
fn a_stack_that_was_long_is_given_up() {
    let locals: Vec<String> = (0..150).map(|number| format!("l{number}")).collect();
    let script = format!(
        "local function deep(n) local {} if n > 0 then local x = deep(n - 1) return x end end
         deep(1500) for i = 1, 100000 do local t = {{}} end",
        locals.join(", ")
    );
    let (lua, returned, _) = run(&script);
    assert_eq!(returned, Ok(Value::Nil));
    assert!(lua.heap.collections() <= 6, "{} collections", lua.heap.collections());
    assert!(lua.flow.accounted_slots < 10_000, "{} slots", lua.flow.accounted_slots);
}

/// Otherwise, a heap that is nearly full would be collected for each new object.
#[test]
fn a_heap_that_is_nearly_full_is_not_collected_for_each_object() {
    let (lua, returned, _) =
        run("local keep = ('x'):rep(6e7) for i = 1, 200000 do local t = {} end return #keep");
    assert_eq!(returned, Ok(Value::Number(6e7)));
    assert!(lua.heap.collections() <= 12, "{} collections", lua.heap.collections());
}

/// Each script uses at least this many units.
#[test]
fn long_texts_are_not_looked_at_for_nothing() {
    for (script, least) in [
        ("local p = ('x'):rep(2e7) .. '%a' string.find('y', p)", 10_000_000),
        ("local p = '[' .. ('x'):rep(2e7) pcall(string.match, 'y', p)", 5_000_000),
        ("local p = ('x'):rep(3e7) for i = 1, 10 do string.match('y', p) end", 9_000_000),
        ("local s = ('1'):rep(3e6) for i = 1, 10 do math.abs(s) end", 1_500_000),
        ("local s = (' '):rep(3e6) .. '1' for i = 1, 10 do for j = s, 0 do end end", 1_500_000),
        ("local a = 0.1 for i = 1, 1e4 do local s = a .. a .. a .. a end", 4_000_000),
        ("local s = ('x'):rep(1e6) for i = 1, 9 do local l = s < s local e = s == s end", 250_000),
    ] {
        let (_, returned, used) = run(script);
        assert!(used >= least, "{script}: {used} units, {returned:?}");
    }
}

#[test]
fn only_the_part_of_a_name_is_kept_that_is_shown() {
    for (name, shown) in [
        ("(\'n\'):rep(2e6)", format!("[string \"{}...\"]:1: x", "n".repeat(43))),
        ("'=' .. ('n'):rep(2e6)", format!("{}:1: x", "n".repeat(59))),
        ("'@' .. ('n'):rep(2e6)", format!("...{}:1: x", "n".repeat(52))),
    ] {
        let (lua, returned, _) = run(&format!(
            "local f = loadstring('error(\"x\")', {name}) local ok, e = pcall(f) return e"
        ));
        let Ok(Value::String(message)) = returned else { panic!("{returned:?}") };
        assert_eq!(*lua.bytes(message), blob::Blob::from(shown), "{name}");
    }
    let script =
        "local kept = {} for i = 1, 20 do kept[i] = loadstring('', ('n'):rep(1e6) .. i) end
                  local n = {} for i = 1, 1e5 do n[i % 9] = {} end return #kept";
    let (lua, returned, _) = run(script);
    assert_eq!(returned, Ok(Value::Number(20.0)));
    assert!(lua.memory() < 32 << 20);
}

/// Arguments that are passed on from call to call are not copied each time.
#[test]
fn arguments_of_protected_calls_stay_where_they_are() {
    let script = "local t = {} for i = 1, 7000 do t[i] = i end
                  local function last(...) return select('#', ...), (select(7000, ...)) end
                  local a, b, n, l = pcall(pcall, last, unpack(t)) return l";
    assert_eq!(run(script).1, Ok(Value::Number(7000.0)));
    let (_, returned, _) = run("return select('#', pcall(error)), pcall(pcall)");
    assert_eq!(returned, Ok(Value::Number(2.0)));
}

/// The stack may hold the only reference to a method's object while `__index` runs.
#[test]
fn the_object_of_a_method_is_not_collected() {
    let script = "local obj
        obj = setmetatable({name = 'original'}, {__index = function(t)
            t = nil obj = nil
            for i = 1, 300000 do local x = {name = 'another'} end
            return function(self) return self.name end
        end})
        local r = obj:method() return r";
    let (lua, returned, _) = run(script);
    let Ok(Value::String(name)) = returned else { panic!("{returned:?}") };
    assert_eq!(*lua.bytes(name), blob::Blob::from("original"));
}
