//! The table `cjson`: lua-cjson 2.1, as Redis includes it.
//!
//! `cjson.new` makes more such tables, each with its own settings. The upvalue of each function is
//! the index of its settings in [`Host::cjson`].

mod decode;
mod encode;

use std::cell::OnceCell;
use std::rc::Rc;

use lua::{Args, Lua, NativeId, Result, TableRef, Value, number};

use super::host::Host;

/// The settings of a table. Each script begins with the defaults. In Redis, the settings of one
/// script stay for all others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Whether an array with too many holes becomes an object. Otherwise, it is an error.
    sparse_as_object: bool,
    /// How many times longer than its number of elements an array may be. 0 means no limit.
    sparse_ratio: i32,
    /// An array of at most this length may have any number of holes.
    sparse_safe: i32,
    encode_depth: i32,
    decode_depth: i32,
    digits: i32,
    keep_buffer: bool,
    encode_invalid: Invalid,
    decode_invalid: bool,
}

/// How to write a number that JSON does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    Refuse,
    AsTheyAre,
    Null,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sparse_as_object: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_depth: 1_000,
            decode_depth: 1_000,
            digits: 14,
            keep_buffer: true,
            encode_invalid: Invalid::Refuse,
            decode_invalid: true,
        }
    }
}

/// The functions of the table, once all are registered.
type Functions = Rc<OnceCell<Vec<(&'static str, NativeId)>>>;

/// Makes the table whose functions use the first settings.
pub(super) fn table(lua: &mut Lua, host: &Rc<Host>) -> Result<TableRef> {
    let functions = Functions::default();
    let known = register(lua, host, &functions);
    let known = functions.get_or_init(|| known);
    new_table(lua, known, 0)
}

fn new_table(
    lua: &mut Lua,
    functions: &[(&'static str, NativeId)],
    settings: usize,
) -> Result<TableRef> {
    let table = lua.new_table(0, 0)?;
    lua.set_field(table, "null", Value::Null)?;
    for (name, text) in [("_NAME", "cjson"), ("_VERSION", "2.1.0")] {
        let text = lua.string(text)?;
        lua.set_field(table, name, text.into())?;
    }
    let settings = number::from_integer(number::length(settings)).into();
    for (name, native) in functions {
        let function = lua.closure(*native, &[settings])?;
        lua.set_field(table, name, function.into())?;
    }
    Ok(table)
}

fn register(
    lua: &mut Lua,
    host: &Rc<Host>,
    functions: &Functions,
) -> Vec<(&'static str, NativeId)> {
    let mut known = vec![
        ("encode", with_settings(lua, host, |lua, args, new| encode::encode(lua, args, new))),
        ("decode", with_settings(lua, host, |lua, args, new| decode::decode(lua, args, new))),
    ];
    let (shared, functions) = (Rc::clone(host), Rc::clone(functions));
    let new = lua.register(move |lua, _| {
        /// What a call costs in units. The settings stay until the script ends.
        const NEW: u64 = 300;
        lua.spend(NEW)?;
        let settings = {
            let mut all = shared.cjson.borrow_mut();
            all.push(Settings::default());
            all.len() - 1
        };
        let functions = functions.get().map_or(&[][..], Vec::as_slice);
        let table = new_table(lua, functions, settings)?;
        lua.push(table.into())
    });
    known.push(("new", new));
    known.push(("encode_sparse_array", with_settings(lua, host, encode_sparse_array)));
    for (name, most, setting) in INTEGERS {
        let function = with_settings(lua, host, move |lua, args, new| {
            at_most(lua, args, 1)?;
            integer(lua, args, 1, 1..=most, setting(new))?;
            lua.push(f64::from(*setting(new)).into())
        });
        known.push((name, function));
    }
    for (name, setting) in SWITCHES {
        let function = with_settings(lua, host, move |lua, args, new| {
            at_most(lua, args, 1)?;
            switch(lua, args, setting(new))?;
            lua.push((*setting(new)).into())
        });
        known.push((name, function));
    }
    known.push(("encode_invalid_numbers", with_settings(lua, host, encode_invalid_numbers)));
    known
}

type IntegerSetting = fn(&mut Settings) -> &mut i32;
type Switch = fn(&mut Settings) -> &mut bool;

/// The functions that set an integer, and the largest that may be set.
const INTEGERS: [(&str, i32, IntegerSetting); 3] = [
    ("encode_max_depth", i32::MAX, |settings| &mut settings.encode_depth),
    ("decode_max_depth", i32::MAX, |settings| &mut settings.decode_depth),
    ("encode_number_precision", 14, |settings| &mut settings.digits),
];

const SWITCHES: [(&str, Switch); 2] = [
    ("encode_keep_buffer", |settings| &mut settings.keep_buffer),
    ("decode_invalid_numbers", |settings| &mut settings.decode_invalid),
];

/// Registers a function that reads the settings of its table. Its changes to them are kept unless
/// it fails.
fn with_settings(
    lua: &mut Lua,
    host: &Rc<Host>,
    function: impl Fn(&mut Lua, Args, &mut Settings) -> Result<usize> + 'static,
) -> NativeId {
    let host = Rc::clone(host);
    lua.register(move |lua, args| {
        let place = match lua.upvalue(args, 0) {
            Value::Number(place) => usize::try_from(number::truncate(place)).unwrap_or(0),
            _ => 0,
        };
        let mut settings = host.cjson.borrow().get(place).copied().unwrap_or_default();
        let count = function(lua, args, &mut settings)?;
        if let Some(place) = host.cjson.borrow_mut().get_mut(place) {
            *place = settings;
        }
        Ok(count)
    })
}

fn encode_sparse_array(lua: &mut Lua, args: Args, new: &mut Settings) -> Result<usize> {
    at_most(lua, args, 3)?;
    switch(lua, args, &mut new.sparse_as_object)?;
    integer(lua, args, 2, 0..=i32::MAX, &mut new.sparse_ratio)?;
    integer(lua, args, 3, 0..=i32::MAX, &mut new.sparse_safe)?;
    let [ratio, safe] = [new.sparse_ratio, new.sparse_safe].map(|value| f64::from(value).into());
    lua.push_all(&[new.sparse_as_object.into(), ratio, safe])
}

fn encode_invalid_numbers(lua: &mut Lua, args: Args, new: &mut Settings) -> Result<usize> {
    at_most(lua, args, 1)?;
    let options = [("off", Invalid::Refuse), ("on", Invalid::AsTheyAre), ("null", Invalid::Null)];
    match lua.arg(args, 1) {
        Value::Nil => {}
        Value::Boolean(true) => new.encode_invalid = Invalid::AsTheyAre,
        Value::Boolean(false) => new.encode_invalid = Invalid::Refuse,
        _ => new.encode_invalid = option(lua, args, &options)?,
    }
    let answer = match new.encode_invalid {
        Invalid::Refuse => false.into(),
        Invalid::AsTheyAre => true.into(),
        Invalid::Null => lua.string("null")?.into(),
    };
    lua.push(answer)
}

fn at_most(lua: &mut Lua, args: Args, most: usize) -> Result<()> {
    if args.len() > most {
        return Err(lua.arg_error(args, most + 1, "found too many arguments"));
    }
    Ok(())
}

/// Reads the first argument as a switch: true or false, or `on` or `off`.
fn switch(lua: &mut Lua, args: Args, setting: &mut bool) -> Result<()> {
    match lua.arg(args, 1) {
        Value::Nil => {}
        Value::Boolean(on) => *setting = on,
        _ => *setting = option(lua, args, &[("off", false), ("on", true)])?,
    }
    Ok(())
}

fn option<T: Copy>(lua: &mut Lua, args: Args, options: &[(&str, T)]) -> Result<T> {
    let word = lua.check_bytes(args, 1)?;
    let found = options.iter().find(|(name, _)| name.as_bytes() == &*word);
    match found {
        Some((_, value)) => Ok(*value),
        None => {
            /// How many bytes of a wrong option an error message shows.
            const SHOWN: usize = 100;
            let shown = crate::Blob::copy_from_slice(&word[..word.len().min(SHOWN)]);
            Err(lua.arg_error(args, 1, &format!("invalid option '{shown}'")))
        }
    }
}

fn integer(
    lua: &mut Lua,
    args: Args,
    place: usize,
    range: std::ops::RangeInclusive<i32>,
    setting: &mut i32,
) -> Result<()> {
    if lua.arg(args, place).is_nil() {
        return Ok(());
    }
    let value = number::c_int(lua.check_integer(args, place)?);
    if !range.contains(&value) {
        let problem = format!("expected integer between {} and {}", range.start(), range.end());
        // lua-cjson names the first argument in this error, whichever argument is wrong.
        return Err(lua.arg_error(args, 1, &problem));
    }
    *setting = value;
    Ok(())
}
