//! Compares the libraries with those of Lua 5.1.5.
//!
//! The files `tests/*.txt` hold one script per line. The next line is what the script returns, or
//! `!` and the error that it raises. Lua 5.1.5 wrote these lines.

mod bounds;
mod collection;
mod costs;
mod read_only;

use std::fmt::Write as _;

use crate::error::{Error, Result};
use crate::machine::Lua;
use crate::number;
use crate::value::Value;

const FILES: [(&str, &str); 12] = [
    ("base", include_str!("tests/base.txt")),
    ("coroutine", include_str!("tests/coroutine.txt")),
    ("errors", include_str!("tests/errors.txt")),
    ("find", include_str!("tests/find.txt")),
    ("format", include_str!("tests/format.txt")),
    ("gsub", include_str!("tests/gsub.txt")),
    ("load", include_str!("tests/load.txt")),
    ("machine", include_str!("tests/machine.txt")),
    ("math", include_str!("tests/math.txt")),
    ("names", include_str!("tests/names.txt")),
    ("string", include_str!("tests/string.txt")),
    ("table", include_str!("tests/table.txt")),
];

#[test]
fn functions_return_and_raise_what_those_of_lua_do() {
    let mut lua = Lua::new(16 << 20);
    let mut wrong = String::new();
    for (file, text) in FILES {
        let mut lines = text.lines();
        while let (Some(script), Some(expected)) = (lines.next(), lines.next()) {
            let found = outcome(&mut lua, script);
            if found != expected.trim_start() {
                let _ = writeln!(wrong, "{file}: {script}\n{expected}\n    {found}");
            }
        }
    }
    assert_eq!(wrong, "");
}

/// Runs a script, and formats its outcome.
fn outcome(lua: &mut Lua, script: &str) -> String {
    match run(lua, script, 20_000_000) {
        Ok(values) => show_all(lua, &values),
        Err(Error::Thrown(error)) => format!("! {}", show(lua, error)),
        Err(other) => format!("{other:?}"),
    }
}

/// Runs a script with a budget of `units`.
fn run(lua: &mut Lua, script: &str, units: u64) -> Result<Vec<Value>> {
    let chunk = match lua.compile(script.as_bytes(), "=s") {
        Ok(chunk) => chunk,
        Err(message) => panic!("{}", String::from_utf8_lossy(&message)),
    };
    lua.begin(units);
    let main = lua.instantiate(&chunk)?;
    lua.call(main.into(), &[])
}

fn show_all(lua: &Lua, values: &[Value]) -> String {
    values.iter().map(|value| show(lua, *value)).collect::<Vec<String>>().join(", ")
}

fn show(lua: &Lua, value: Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Nil => "nil".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Number(number) => number::general(number, 17),
        Value::String(string) => {
            let mut shown = "\"".to_owned();
            for byte in &lua.bytes(string)[..] {
                match byte {
                    b'"' => shown.push_str("\\\""),
                    b' '..=b'~' => shown.push(char::from(*byte)),
                    other => {
                        let _ = write!(shown, "\\{other:03}");
                    }
                }
            }
            shown + "\""
        }
        Value::Table(table) => {
            let elements: Vec<Value> =
                (1..=lua.length(table)).map(|index| lua.element(table, index)).collect();
            format!("{{{}}}", show_all(lua, &elements))
        }
        Value::Function(_) | Value::Thread(_) => value.type_name().to_owned(),
    }
}
