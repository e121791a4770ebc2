//! The functions of the table `string` that are not Lua's own: those that can take long.

use std::cell::Cell;
use std::rc::Rc;

use memchr::memmem;
use mlua::{Function, Lua, LuaString, MultiValue, Result, Table, Value};

use super::arguments::Arguments;
use super::budget::MEMORY;
use super::convert::blob;
use super::direct;
use super::host::{Host, define, function};
use super::number;
use super::pattern::{self, Capture, Fault, Matcher};
use super::raise::{self, Final};
use crate::Blob;

/// `gsub` and `matches` are called by the `gsub` of `prelude.lua`.
pub(super) fn table(lua: &Lua, host: &Rc<Host>) -> Result<Table> {
    let table = lua.create_table()?;
    let shared = Rc::clone(host);
    define(lua, &table, "find", move |lua, arguments| find(lua, &shared, &arguments))?;
    let shared = Rc::clone(host);
    let behind = function(lua, move |lua, arguments| match_(lua, &shared, arguments))?;
    let in_c = lua.globals().get::<Table>("string")?.get("match")?;
    let cheap = cheap_patterns(lua)?;
    table.raw_set("match", direct::match_ahead_of(lua, host, &behind, &cheap, &in_c)?)?;
    let shared = Rc::clone(host);
    define(lua, &table, "gmatch", move |lua, arguments| gmatch(lua, &shared, &arguments))?;
    let shared = Rc::clone(host);
    define(lua, &table, "gsub", move |lua, arguments| gsub(lua, &shared, arguments))?;
    let shared = Rc::clone(host);
    define(lua, &table, "matches", move |lua, arguments| matches(lua, &shared, arguments))?;
    let shared = Rc::clone(host);
    define(lua, &table, "rep", move |lua, arguments| repeat(lua, &shared, &arguments))?;
    define(lua, &table, "dump", |lua, arguments: Arguments| -> Result<()> {
        match arguments.get(1) {
            Value::Function(_) => Err(raise::text(lua, "unable to dump given function")),
            _ => Err(arguments.expected(lua, 1, "function")),
        }
    })?;
    Ok(table)
}

/// A table that tells of a pattern what it costs at most to match it with a subject of some length:
/// `cheap[pattern][length]`, nil if that is much. What is cheap is matched in C, which is several
/// times faster than to come here.
fn cheap_patterns(lua: &Lua) -> Result<Table> {
    const CHOICES_MAX: u64 = 4;
    const COST_MAX: u64 = 4_000;
    const PATTERN_MAX: usize = 64;
    const PATTERNS_MAX: usize = 500;

    let mut rows = Vec::new();
    for choices in 0..=CHOICES_MAX {
        // In so many ways the subject can be divided among the choices.
        let ways = |length: u64| (1..=choices).fold(1, |ways, n| ways * (length + n) / n);
        let row = lua.create_table()?;
        for length in (0..1_000).take_while(|length| ways(*length) <= COST_MAX) {
            row.raw_set(length, ways(length))?;
        }
        rows.push(row);
    }
    let known = Cell::new(0);
    let look = move |_: &Lua, (table, pattern): (Table, LuaString)| {
        let bytes = &*pattern.as_bytes();
        let row = Some(bytes).filter(|pattern| pattern.len() <= PATTERN_MAX);
        let row = row.and_then(pattern::choices).and_then(|choices| rows.get(choices));
        let Some(row) = row else {
            return Ok(Value::Boolean(false));
        };
        if known.replace(known.get() + 1) == PATTERNS_MAX {
            table.clear()?;
            known.set(0);
        }
        table.raw_set(pattern.clone(), row)?;
        Ok(Value::Table(row.clone()))
    };
    let metatable = lua.create_table()?;
    metatable.raw_set("__index", function(lua, look)?)?;
    let cheap = lua.create_table()?;
    cheap.set_metatable(Some(metatable))?;
    Ok(cheap)
}

/// `string.rep(s, n)`
fn repeat(lua: &Lua, host: &Host, arguments: &Arguments) -> Result<LuaString> {
    let string = arguments.string(lua, 1)?;
    let count = usize::try_from(number::c_int(arguments.integer(lua, 2)?)).unwrap_or(0);
    let bytes = string.as_bytes();
    let len = bytes.len().saturating_mul(count);
    if len > MEMORY {
        return Err(host.budget.end(Final::OutOfMemory));
    }
    host.budget.spend_bytes(len)?;
    lua.create_string(if len == 0 { Vec::new() } else { bytes.repeat(count) })
}

/// `string.find(s, pattern [, init [, plain]])`
fn find(lua: &Lua, host: &Host, arguments: &Arguments) -> Result<MultiValue> {
    let (subject, pattern) = (arguments.string(lua, 1)?, arguments.string(lua, 2)?);
    let (subject, pattern) = (&*subject.as_bytes(), &*pattern.as_bytes());
    let start = start(lua, arguments, subject)?;
    let place = |begin: usize, end: usize| {
        let number = |number: usize| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        MultiValue::from_iter([number(begin + 1), number(end)])
    };
    let plain = !matches!(arguments.get(4), Value::Nil | Value::Boolean(false));
    if plain || !has_specials(pattern) {
        host.budget.spend_bytes(subject.len() + pattern.len())?;
        let found = memmem::find(&subject[start..], pattern).map(|offset| start + offset);
        return Ok(found.map_or_else(nil, |begin| place(begin, begin + pattern.len())));
    }
    let (pattern, anchored) = anchor(pattern);
    with_matcher(lua, host, 0, subject, pattern, |matcher| {
        let Some((begin, end)) = matcher.search(start, anchored)? else {
            return Ok(None);
        };
        Ok(Some((begin, end, matcher.own_captures()?)))
    })?
    .map_or_else(
        || Ok(nil()),
        |(begin, end, captures)| {
            let mut values = place(begin, end);
            for value in values_of(lua, subject, &captures)? {
                values.push_back(value);
            }
            Ok(values)
        },
    )
}

/// `string.match(s, pattern [, init])`. It is called through `prelude.lua`.
fn match_(lua: &Lua, host: &Host, arguments: Arguments) -> Result<MultiValue> {
    let arguments = &arguments.called_through(1);
    let (subject, pattern) = (arguments.string(lua, 1)?, arguments.string(lua, 2)?);
    let (subject, pattern) = (&*subject.as_bytes(), &*pattern.as_bytes());
    let start = start(lua, arguments, subject)?;
    let (pattern, anchored) = anchor(pattern);
    let found = with_matcher(lua, host, 1, subject, pattern, |matcher| {
        let Some((begin, end)) = matcher.search(start, anchored)? else {
            return Ok(None);
        };
        Ok(Some(matcher.captures(begin, end)?))
    })?;
    found.map_or_else(|| Ok(nil()), |captures| values_of(lua, subject, &captures))
}

/// `string.gmatch(s, pattern)`
fn gmatch(lua: &Lua, host: &Rc<Host>, arguments: &Arguments) -> Result<Function> {
    let subject = blob(&arguments.string(lua, 1)?);
    let pattern = blob(&arguments.string(lua, 2)?);
    host.budget.spend_bytes(subject.len() + pattern.len())?;
    let (host, from) = (Rc::clone(host), Cell::new(0));
    function(lua, move |lua, ()| {
        let found = with_matcher(lua, &host, 0, &subject, &pattern, |matcher| {
            let Some((begin, end)) = matcher.search(from.get(), false)? else {
                return Ok(None);
            };
            from.set(if begin == end { end + 1 } else { end });
            Ok(Some(matcher.captures(begin, end)?))
        })?;
        found.map_or_else(|| Ok(nil()), |captures| values_of(lua, &subject, &captures))
    })
}

/// `string.gsub(s, pattern, replacement [, n])` with a replacement that is a string. It is called
/// through `prelude.lua`.
fn gsub(lua: &Lua, host: &Host, arguments: Arguments) -> Result<(LuaString, usize)> {
    let arguments = arguments.called_through(1);
    let (subject, pattern) = (arguments.string(lua, 1)?, arguments.string(lua, 2)?);
    let (subject, pattern) = (&*subject.as_bytes(), &*pattern.as_bytes());
    if !matches!(arguments.get(3), Value::String(_) | Value::Integer(_) | Value::Number(_)) {
        return Err(arguments.problem(lua, 3, "string/function/table expected"));
    }
    let replacement = arguments.string(lua, 3)?;
    let replacement = &*replacement.as_bytes();
    let mut rounds = Rounds::new(lua, &arguments, subject, pattern)?;
    let mut result = Vec::new();
    while let Some((before, begin, end, captures)) =
        rounds.next(lua, host, subject, anchor(pattern).0)?
    {
        result.extend_from_slice(&subject[before..begin]);
        let whole = Capture::Text { start: begin, end };
        expand(replacement, subject, whole, &captures, &mut result)
            .map_err(|fault| fault_error(lua, host, 1, fault))?;
        host.budget.spend_bytes(64 + replacement.len())?;
        if result.len() > MEMORY {
            return Err(host.budget.end(Final::OutOfMemory));
        }
    }
    result.extend_from_slice(&subject[rounds.copied..]);
    Ok((lua.create_string(result)?, rounds.done))
}

/// `matches(s, pattern, _ [, n])`: a function that gives, one match a call, what stands before it,
/// the match, and its captures; and what is left, when there are no more.
fn matches(lua: &Lua, host: &Rc<Host>, arguments: Arguments) -> Result<Function> {
    let arguments = arguments.called_through(1);
    let subject = blob(&arguments.string(lua, 1)?);
    let pattern = blob(&arguments.string(lua, 2)?);
    let rounds = Cell::new(Some(Rounds::new(lua, &arguments, &subject, &pattern)?));
    let host = Rc::clone(host);
    function(lua, move |lua, ()| {
        let Some(mut round) = rounds.take() else {
            return Ok(MultiValue::new());
        };
        let found = round.next(lua, &host, &subject, anchor(&pattern).0)?;
        let Some((before, begin, end, captures)) = found else {
            return Ok(MultiValue::from_iter([Value::String(
                lua.create_string(&subject[round.copied..])?,
            )]));
        };
        rounds.set(Some(round));
        if captures.iter().any(|capture| matches!(capture, Capture::Open { .. })) {
            return Err(fault_error(lua, &host, 1, Fault::Pattern("unfinished capture")));
        }
        let mut values = values_of(lua, &subject, &captures)?;
        for (start, end) in [(begin, end), (before, begin)] {
            values.push_front(Value::String(lua.create_string(&subject[start..end])?));
        }
        Ok(values)
    })
}

/// How far a `gsub` has come.
struct Rounds {
    /// Where the next match is looked for.
    from: usize,
    /// Up to where the subject has been dealt with.
    copied: usize,
    done: usize,
    most: usize,
    anchored: bool,
}

impl Rounds {
    fn new(lua: &Lua, arguments: &Arguments, subject: &[u8], pattern: &[u8]) -> Result<Rounds> {
        let all = i64::try_from(subject.len()).unwrap_or(i64::MAX).saturating_add(1);
        let most = arguments.integer_or(lua, 4, all)?;
        let most = usize::try_from(most).unwrap_or(0);
        Ok(Rounds { from: 0, copied: 0, done: 0, most, anchored: anchor(pattern).1 })
    }

    /// The next match: up to where the subject had been dealt with, where the match begins and
    /// ends, and its captures.
    #[expect(clippy::type_complexity, reason = "it is taken apart at once")]
    fn next(
        &mut self,
        lua: &Lua,
        host: &Host,
        subject: &[u8],
        pattern: &[u8],
    ) -> Result<Option<(usize, usize, usize, Vec<Capture>)>> {
        if self.done == self.most || self.from > subject.len() {
            return Ok(None);
        }
        let found = with_matcher(lua, host, 1, subject, pattern, |matcher| {
            let Some((begin, end)) = matcher.search(self.from, self.anchored)? else {
                return Ok(None);
            };
            Ok(Some((begin, end, matcher.unchecked_captures(begin, end))))
        })?;
        let Some((begin, end, captures)) = found else {
            self.from = subject.len() + 1;
            return Ok(None);
        };
        let before = self.copied;
        self.done += 1;
        self.copied = end;
        self.from = if end > begin { end } else { end + 1 };
        if self.anchored {
            self.from = subject.len() + 1;
        }
        Ok(Some((before, begin, end, captures)))
    }
}

/// Adds the replacement for a match: `%0` stands for it, `%1` for its first capture.
fn expand(
    replacement: &[u8],
    subject: &[u8],
    whole: Capture,
    captures: &[Capture],
    result: &mut Vec<u8>,
) -> std::result::Result<(), Fault> {
    let mut rest = replacement.iter();
    while let Some(&byte) = rest.next() {
        if byte != b'%' {
            result.push(byte);
            continue;
        }
        // Behind the last byte C sees a zero.
        match rest.next().copied().unwrap_or(0) {
            b'0' => result.extend_from_slice(&text_of(subject, whole)),
            digit @ b'1'..=b'9' => {
                let capture = captures.get(usize::from(digit - b'1'));
                let capture = capture.ok_or(Fault::Pattern("invalid capture index"))?;
                if matches!(capture, Capture::Open { .. }) {
                    return Err(Fault::Pattern("unfinished capture"));
                }
                result.extend_from_slice(&text_of(subject, *capture));
            }
            literal => result.push(literal),
        }
    }
    Ok(())
}

fn text_of(subject: &[u8], capture: Capture) -> Blob {
    match capture {
        Capture::Text { start, end } => Blob::copy_from_slice(&subject[start..end]),
        Capture::Position(position) => Blob::format(format_args!("{position}")),
        Capture::Open { .. } => Blob::default(),
    }
}

fn values_of(lua: &Lua, subject: &[u8], captures: &[Capture]) -> Result<MultiValue> {
    let value = |capture: &Capture| match *capture {
        Capture::Text { start, end } => lua.create_string(&subject[start..end]).map(Value::String),
        Capture::Position(position) => {
            Ok(Value::Integer(i64::try_from(position).unwrap_or(i64::MAX)))
        }
        Capture::Open { .. } => Ok(Value::Nil),
    };
    captures.iter().map(value).collect::<Result<Vec<Value>>>().map(MultiValue::from_vec)
}

/// Gives `work` what is left of the budget as steps, and takes off what it used.
fn with_matcher<T>(
    lua: &Lua,
    host: &Host,
    level: usize,
    subject: &[u8],
    pattern: &[u8],
    work: impl FnOnce(&mut Matcher<'_>) -> std::result::Result<T, Fault>,
) -> Result<T> {
    let steps = host.budget.left();
    let mut matcher = Matcher::new(subject, pattern, steps);
    let outcome = work(&mut matcher);
    host.budget.spend(steps - matcher.steps())?;
    outcome.map_err(|fault| fault_error(lua, host, level, fault))
}

fn fault_error(lua: &Lua, host: &Host, level: usize, fault: Fault) -> mlua::Error {
    match fault {
        Fault::Pattern(problem) => raise::text_at(lua, level + 1, problem.as_bytes()),
        Fault::OutOfSteps => host.budget.end(Final::OutOfInstructions),
    }
}

/// The pattern behind its `^`, and whether there was one.
fn anchor(pattern: &[u8]) -> (&[u8], bool) {
    pattern.strip_prefix(b"^").map_or((pattern, false), |rest| (rest, true))
}

/// Where to begin: counted from 1, or from the end if negative.
fn start(lua: &Lua, arguments: &Arguments, subject: &[u8]) -> Result<usize> {
    let init = arguments.integer_or(lua, 3, 1)?;
    let distance = usize::try_from(init.unsigned_abs()).unwrap_or(usize::MAX);
    let start = match init {
        1.. => distance - 1,
        0 => 0,
        _ => subject.len().saturating_sub(distance),
    };
    Ok(start.min(subject.len()))
}

fn has_specials(pattern: &[u8]) -> bool {
    let specials = |byte: &u8| b"^$*+?.([%-".contains(byte);
    pattern.iter().take_while(|byte| **byte != 0).any(specials)
}

fn nil() -> MultiValue {
    MultiValue::from_iter([Value::Nil])
}
