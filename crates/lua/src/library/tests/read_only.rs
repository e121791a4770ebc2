//! No function of a library changes a table that is read-only.

use super::{outcome, run};
use crate::machine::Lua;
use crate::value::Value;

#[test]
fn nothing_changes_a_table_that_is_read_only() {
    let mut lua = Lua::new(1 << 20);
    let table = lua.new_table(0, 0).unwrap();
    for (index, number) in [3.0, 1.0, 2.0].into_iter().enumerate() {
        lua.set_element(table, index + 1, number.into()).unwrap();
    }
    lua.make_read_only(table);
    let globals = lua.globals();
    lua.set_field(globals, "t", table.into()).unwrap();
    let with_metatable = lua.new_table(0, 0).unwrap();
    let metatable = lua.new_table(0, 0).unwrap();
    lua.set_field(metatable, "__newindex", globals.into()).unwrap();
    lua.set_metatable(with_metatable, Some(metatable));
    lua.make_read_only(with_metatable);
    lua.set_field(globals, "u", with_metatable.into()).unwrap();
    lua.make_permanent();
    let refused = "! \"Attempt to modify a readonly table\"";
    for script in [
        "rawset(t, 1, 2)",
        "rawset(t, nil, 2)",
        "setmetatable(t, {})",
        "setmetatable(t, nil)",
        "table.insert(t, 4)",
        "table.insert(t, 1, 4)",
        "table.insert(t, 5, 4)",
        "table.remove(t)",
        "table.remove(t, 1)",
        "table.sort(t)",
    ] {
        assert_eq!(outcome(&mut lua, script), refused, "{script}");
    }
    for script in ["t[1] = 2", "t.x = 2", "u[1] = 2", "u.x = 2"] {
        let refused = "! \"s:1: Attempt to modify a readonly table\"";
        assert_eq!(outcome(&mut lua, script), refused, "{script}");
    }
    let unchanged = run(&mut lua, "return table.concat(t, ',')", 1_000).unwrap();
    assert_eq!(lua.to_bytes(unchanged[0]).as_deref(), Some(&b"3,1,2"[..]));
    // A call that would change nothing is allowed.
    assert_eq!(outcome(&mut lua, "return table.remove(t, 9)"), "");
    assert_eq!(run(&mut lua, "return #t", 1_000), Ok(vec![Value::Number(3.0)]));
}
