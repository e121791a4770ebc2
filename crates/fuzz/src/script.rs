//! Scripts that bytes choose, by a small grammar of Lua: most of them compile, and call what the
//! libraries have with arguments of all kinds.

use std::fmt::Write as _;

/// Statements of one block, at most.
const BLOCK_MAX: usize = 6;
/// Blocks and expressions within each other, at most.
const DEPTH_MAX: usize = 5;

const NAMES: [&str; 7] = ["a", "b", "c", "KEYS", "ARGV", "g", "..."];
const ATOMS: [&str; 30] = [
    "nil",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "2",
    "255",
    "1e9",
    "2147483647",
    "-2147483648",
    "4294967296",
    "9007199254740993",
    "1e308",
    "0/0",
    "1/0",
    "0.1",
    "''",
    "'x'",
    "'argument'",
    "'%d %s %q'",
    "'(a*)%1'",
    "'<i4>I2s'",
    "'\\0\\255'",
    "[==[ ]] ]==]",
    "('x'):rep(1000)",
    "{}",
    "{1, 2, 3, n = 4}",
    "KEYS[1]",
    "ARGV[2]",
];
const FUNCTIONS: [&str; 71] = [
    "string.byte",
    "string.char",
    "string.find",
    "string.format",
    "string.gmatch",
    "string.gsub",
    "string.len",
    "string.lower",
    "string.match",
    "string.rep",
    "string.reverse",
    "string.sub",
    "string.upper",
    "table.concat",
    "table.foreach",
    "table.foreachi",
    "table.getn",
    "table.insert",
    "table.maxn",
    "table.remove",
    "table.sort",
    "math.abs",
    "math.floor",
    "math.fmod",
    "math.max",
    "math.random",
    "math.randomseed",
    "assert",
    "error",
    "getmetatable",
    "ipairs",
    "loadstring",
    "load",
    "next",
    "pairs",
    "pcall",
    "rawequal",
    "rawget",
    "rawset",
    "select",
    "setmetatable",
    "tonumber",
    "tostring",
    "type",
    "unpack",
    "xpcall",
    "coroutine.create",
    "coroutine.resume",
    "coroutine.status",
    "coroutine.wrap",
    "coroutine.yield",
    "bit.band",
    "bit.lshift",
    "bit.tohex",
    "bit.tobit",
    "cjson.encode",
    "cjson.decode",
    "cjson.encode_max_depth",
    "cmsgpack.pack",
    "cmsgpack.unpack",
    "cmsgpack.unpack_limit",
    "struct.pack",
    "struct.unpack",
    "struct.size",
    "redis.call",
    "redis.pcall",
    "redis.error_reply",
    "redis.status_reply",
    "redis.sha1hex",
    "redis.log",
    "redis.setresp",
];
const COMMANDS: [&str; 14] = [
    "'GET', 'k'",
    "'SET', 'k', 'w'",
    "'INCR', 'n'",
    "'LRANGE', 'l', 0, -1",
    "'LPOP', 'l'",
    "'HGETALL', 'h'",
    "'SMEMBERS', 's'",
    "'ZRANGE', 'z', 0, -1, 'WITHSCORES'",
    "'TIME'",
    "'RANDOMKEY'",
    "'EVAL', 'return 1', 0",
    "'SELECT', 1",
    "'FLUSHALL'",
    "'CONFIG', 'SET', 'maxmemory', '1'",
];
const OPERATORS: [&str; 13] =
    ["+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", "and", "or"];

/// The script that these bytes choose. When they end, each choice is the first.
pub(crate) fn from_choices(bytes: &[u8]) -> String {
    let mut writer = Writer { choices: bytes.iter(), text: String::new() };
    writer.text += "local a, b, c = 1, 'text', {1, 2, x = 3}\n";
    writer.block(0);
    writer.text += "return ";
    writer.expression(1);
    writer.text
}

struct Writer<'a> {
    choices: std::slice::Iter<'a, u8>,
    text: String,
}

impl Writer<'_> {
    /// A number below `bound`.
    fn choose(&mut self, bound: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or(0)) % bound
    }

    fn one_of(&mut self, words: &[&str]) {
        let place = self.choose(words.len());
        self.text += words[place];
    }

    fn block(&mut self, depth: usize) {
        for _ in 0..self.choose(BLOCK_MAX) {
            self.statement(depth);
            self.text += "\n";
        }
    }

    fn statement(&mut self, depth: usize) {
        let kinds = if depth < DEPTH_MAX { 10 } else { 3 };
        match self.choose(kinds) {
            0 => self.assignment(depth),
            1 => self.call(depth),
            2 => self.protected(depth),
            3 => self.nested("if ", " then\n", depth, "end"),
            4 => self.nested("while ", " do\n", depth, "break end"),
            5 => self.nested("for i = 1, tonumber(", ") or 1 do\n", depth, "end"),
            6 => self.nested("for k, v in pairs(", ") do\n", depth, "end"),
            7 => {
                self.text += "local function f(...)\n";
                self.block(depth + 1);
                self.text += "return ... end c = f(f)";
            }
            8 => {
                self.text += "setmetatable(c, {__index = ";
                self.expression(depth + 1);
                self.text += ", __newindex = b, __call = f, __lt = f, __concat = f})";
            }
            _ => self.nested("repeat local d = ", "\n", depth, "until true"),
        }
    }

    fn nested(&mut self, start: &str, middle: &str, depth: usize, end: &str) {
        self.text += start;
        self.expression(depth + 1);
        self.text += middle;
        self.block(depth + 1);
        self.text += end;
    }

    fn assignment(&mut self, depth: usize) {
        let name = self.choose(3);
        self.text += NAMES[name];
        if self.choose(4) == 1 {
            self.text += "[";
            self.expression(depth + 1);
            self.text += "]";
        }
        self.text += " = ";
        self.expression(depth + 1);
    }

    /// An error in it does not end the script.
    fn protected(&mut self, depth: usize) {
        self.text += "pcall(function(...)\n";
        self.block(depth + 1);
        self.text += "return ";
        self.expression(depth + 1);
        self.text += " end)";
    }

    fn call(&mut self, depth: usize) {
        let place = self.choose(FUNCTIONS.len());
        self.text += FUNCTIONS[place];
        self.text += "(";
        if FUNCTIONS[place].ends_with("call") && self.choose(4) > 0 {
            self.one_of(&COMMANDS);
        } else {
            for argument in 0..self.choose(5) {
                self.text += if argument > 0 { ", " } else { "" };
                self.expression(depth + 1);
            }
        }
        self.text += ")";
    }

    fn expression(&mut self, depth: usize) {
        let kinds = if depth < DEPTH_MAX { 9 } else { 2 };
        match self.choose(kinds) {
            0 => self.one_of(&ATOMS),
            1 => self.one_of(&NAMES[..6]),
            2 => self.call(depth),
            3 | 4 => {
                self.text += "(";
                self.expression(depth + 1);
                self.text += " ";
                self.one_of(&OPERATORS);
                self.text += " ";
                self.expression(depth + 1);
                self.text += ")";
            }
            5 => {
                self.text += "{";
                for _ in 0..self.choose(4) {
                    self.expression(depth + 1);
                    self.text += ", ";
                }
                self.text += "[c] = 1}";
            }
            6 => {
                self.one_of(&["#", "-", "not "]);
                self.text += "(";
                self.expression(depth + 1);
                self.text += ")";
            }
            7 => {
                self.text += "function(...)\n";
                self.block(depth + 1);
                self.text += "return ... end";
            }
            _ => {
                let number = self.choose(256);
                write!(self.text, "{number}").expect("a string can be written to");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_choose_the_shortest_script() {
        assert_eq!(from_choices(&[]), "local a, b, c = 1, 'text', {1, 2, x = 3}\nreturn nil");
    }

    #[test]
    fn bytes_choose_statements_and_expressions() {
        // One statement: a call, of string.rep, with two arguments.
        let text = from_choices(&[1, 1, 9, 2, 0, 18, 0, 8]);
        assert!(text.contains("\nstring.rep('x', 1e9)\nreturn nil"), "{text}");
    }
}
