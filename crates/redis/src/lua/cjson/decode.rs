//! Converts JSON to Lua. Incomplete tables are on Lua's stack, where the collector sees them. So
//! are keys whose values have not been read yet.

mod strtod;
mod token;

use lua::{Args, Error, Lua, Result, STACK_MAX, StringRef, TableRef, Value};

use self::token::{Kind, Token, Tokens};
use super::Settings;

/// `cjson.decode(text)`
pub(super) fn decode(lua: &mut Lua, args: Args, settings: &Settings) -> Result<usize> {
    /// Reading a byte costs this many times as much as copying it.
    const FACTOR: usize = 16;
    if args.len() != 1 {
        return Err(lua.arg_error(args, 1, "expected 1 argument"));
    }
    let text = lua.check_bytes(args, 1)?;
    lua.spend_bytes(text.len().saturating_mul(FACTOR))?;
    if text.len() >= 2 && text[..2].contains(&0) {
        return Err(lua.throw("JSON parser does not support UTF-16 or UTF-32"));
    }
    let tokens = Tokens { text: &text, at: 0, decode_invalid: settings.decode_invalid };
    let mut decoder = Decoder { lua, settings, tokens, open: Vec::new(), used: 1 };
    let value = decoder.value()?;
    let token = decoder.tokens.next();
    match token.kind {
        Kind::End => decoder.lua.push(value),
        _ => Err(decoder.unexpected("the end", &token)),
    }
}

struct Decoder<'a> {
    lua: &'a mut Lua,
    settings: &'a Settings,
    tokens: Tokens<'a>,
    /// The incomplete tables, the innermost last.
    open: Vec<Open>,
    /// How many values the function in C would have on its stack.
    used: usize,
}

#[derive(Clone, Copy)]
enum Open {
    Array { table: TableRef, len: usize },
    Object { table: TableRef, key: StringRef },
}

/// The result of a step.
enum Step {
    /// A value is complete.
    Whole(Value),
    /// The next value begins with this token.
    Next(Token),
}

impl Decoder<'_> {
    /// Reads the next value, with all its contents.
    fn value(&mut self) -> Result<Value> {
        let mut step = Step::Next(self.tokens.next());
        loop {
            step = match step {
                Step::Next(token) => self.begin(token)?,
                Step::Whole(value) => match self.open.pop() {
                    None => return Ok(value),
                    Some(Open::Array { table, len }) => self.put_element(table, len, value)?,
                    Some(Open::Object { table, key }) => self.put_field(table, key, value)?,
                },
            };
        }
    }

    /// Reads a value. Of a table, reads only the beginning.
    fn begin(&mut self, token: Token) -> Result<Step> {
        /// What a value costs, in units.
        const VALUE: u64 = 4;
        self.lua.spend(VALUE)?;
        self.lua.collect_if_full()?;
        Ok(Step::Whole(match token.kind {
            Kind::Text(text) => {
                self.lua.make_room(64 + text.len())?;
                self.lua.string(text)?.into()
            }
            Kind::Number(number) => number.into(),
            Kind::Boolean(value) => value.into(),
            Kind::Null => Value::Null,
            Kind::ObjectBegin => {
                let table = self.new_table(3)?;
                let token = self.tokens.next();
                if matches!(token.kind, Kind::ObjectEnd) {
                    return Ok(self.end(table));
                }
                return self.key(table, token);
            }
            Kind::ArrayBegin => {
                let table = self.new_table(2)?;
                let token = self.tokens.next();
                if matches!(token.kind, Kind::ArrayEnd) {
                    return Ok(self.end(table));
                }
                self.open.push(Open::Array { table, len: 0 });
                return Ok(Step::Next(token));
            }
            _ => return Err(self.unexpected("value", &token)),
        }))
    }

    /// Makes a table, for which the function in C needs `places` on its stack.
    fn new_table(&mut self, places: usize) -> Result<TableRef> {
        let depth = self.open.len() + 1;
        let most = usize::try_from(self.settings.decode_depth).unwrap_or(0);
        if depth > most || self.used + places > STACK_MAX {
            let at = self.tokens.at;
            let problem =
                format!("Found too many nested data structures ({depth}) at character {at}");
            return Err(self.lua.throw(problem));
        }
        self.used += 1;
        self.lua.make_room(64)?;
        let table = self.lua.new_table(0, 0)?;
        self.lua.push(table.into())?;
        Ok(table)
    }

    /// Completes a table.
    fn end(&mut self, table: TableRef) -> Step {
        self.used -= 1;
        self.lua.pop();
        Step::Whole(table.into())
    }

    /// Reads a key and the colon after it.
    fn key(&mut self, table: TableRef, token: Token) -> Result<Step> {
        let Kind::Text(key) = token.kind else {
            return Err(self.unexpected("object key string", &token));
        };
        self.lua.make_room(64 + key.len())?;
        let key = self.lua.string(key)?;
        self.lua.push(key.into())?;
        self.used += 1;
        let token = self.tokens.next();
        if !matches!(token.kind, Kind::Colon) {
            return Err(self.unexpected("colon", &token));
        }
        self.open.push(Open::Object { table, key });
        Ok(Step::Next(self.tokens.next()))
    }

    fn put_element(&mut self, table: TableRef, len: usize, value: Value) -> Result<Step> {
        let len = len + 1;
        self.lua.set_element(table, len, value)?;
        let token = self.tokens.next();
        match token.kind {
            Kind::ArrayEnd => Ok(self.end(table)),
            Kind::Comma => {
                self.open.push(Open::Array { table, len });
                Ok(Step::Next(self.tokens.next()))
            }
            _ => Err(self.unexpected("comma or array end", &token)),
        }
    }

    fn put_field(&mut self, table: TableRef, key: StringRef, value: Value) -> Result<Step> {
        self.lua.raw_set(table, key.into(), value)?;
        self.used -= 1;
        self.lua.pop();
        let token = self.tokens.next();
        match token.kind {
            Kind::ObjectEnd => Ok(self.end(table)),
            Kind::Comma => {
                let token = self.tokens.next();
                self.key(table, token)
            }
            _ => Err(self.unexpected("comma or object end", &token)),
        }
    }

    fn unexpected(&mut self, expected: &str, token: &Token) -> Error {
        let (found, place) = (token.kind.name(), token.start + 1);
        let problem = format!("Expected {expected} but found {found} at character {place}");
        self.lua.throw(problem)
    }
}
