//! Generates scripts from a seed. They compile, and most do something before they fail.

/// A generator of scripts.
pub(super) struct Generator {
    state: u64,
    /// The nesting depth of the current statement.
    depth: u32,
}

/// The local variables that each script begins with.
const VARIABLES: [&str; 6] = ["a", "b", "s", "t", "u", "f"];

const NUMBERS: [&str; 10] = ["0", "1", "2", "-1", "3.5", "10", "1e15", "0/0", "1/0", "255"];

const STRINGS: [&str; 8] = ["''", "'a'", "'abc'", "'12'", "'x y'", "'%d'", "'(.)'", "'[[1,{}]]'"];

/// Expressions, with `@` in place of other expressions.
const EXPRESSIONS: [&str; 45] = [
    "@ + @",
    "@ * @",
    "@ % 7",
    "@ .. @",
    "@ == @",
    "@ < @",
    "not @",
    "#@",
    "-@",
    "@ and @",
    "@ or @",
    "{@, @}",
    "{x = @, [@] = @}",
    "t[@]",
    "u.x",
    "tostring(@)",
    "tonumber(@)",
    "type(@)",
    "select('#', @, @)",
    "string.rep('ab', 20)",
    "string.rep(@, 3)",
    "string.sub(@, 2)",
    "string.format('%s %d %g', @, 3, 2.5)",
    "string.find(@, 'b')",
    "string.gsub(@, 'a', 'b')",
    "string.match(@, '(.)')",
    "string.byte(@)",
    "table.concat({@, @}, ',')",
    "math.random(10)",
    "math.floor(@)",
    "pcall(f, @)",
    "f(@)",
    "setmetatable({@}, {__index = function() return @ end})",
    "setmetatable({}, {__call = f, __add = f, __concat = f, __lt = f})",
    "coroutine.wrap(f)(@)",
    "coroutine.create(f)",
    "redis.call('GET', 'number')",
    "redis.pcall('LRANGE', KEYS[1], 0, -1)",
    "redis.call('HGETALL', KEYS[2])",
    "cjson.encode({@, x = @})",
    "cjson.decode('[1,{\"a\":[null,true]}]')",
    "cmsgpack.unpack(cmsgpack.pack({@, @}))",
    "struct.pack('>i2s', 5, @)",
    "bit.bxor(@, 3)",
    "redis.sha1hex(@)",
];

/// Statements, with `@` in place of expressions, `$` of variables, and `&` of blocks.
const STATEMENTS: [&str; 28] = [
    "$ = @",
    "$ = @",
    "local $ = @",
    "$, $ = @, @",
    "t[@] = @",
    "t[#t + 1] = @",
    "u.x = @",
    "if @ then & else & end",
    "for i = 1, 5 do & end",
    "for i = 1, 3 do t[i] = @ end",
    "for k, v in pairs(t) do & end",
    "for i, v in ipairs(t) do & end",
    "while #t < 9 do t[#t + 1] = @ & end",
    "repeat & until true",
    "f = function(x, ...) & return @, x end",
    "local function g(...) & return ... end f = g",
    "do & end",
    "pcall(function() & end)",
    "xpcall(function() & end, function(e) return e end)",
    "coroutine.wrap(function(...) coroutine.yield(@) & end)()",
    "local co = coroutine.create(f) coroutine.resume(co, @) coroutine.resume(co)",
    "table.insert(t, @)",
    "table.remove(t)",
    "table.sort({3, 1, 2})",
    "redis.call('SET', 'made', @)",
    "redis.pcall('INCR', KEYS[3])",
    "redis.call('RPUSH', KEYS[1], @)",
    "s = s .. 'x' t[{}] = #s t[f] = s",
];

/// Statements that take much memory or time.
const HEAVY: [&str; 6] = [
    "for i = 1, 6000 do s = ('x'):rep(1000) .. i end",
    "for i = 1, 3000 do t[i] = {i, tostring(i)} end",
    "for i = 1, 200 do t['key' .. i] = ('y'):rep(i * 200) end",
    "local big = ('z'):rep(3e6) for i = 1, 9 do u[i] = big .. i end",
    "while true do t[#t + 1] = @ end",
    "coroutine.wrap(function() while true do pcall(f, {}) end end)()",
];

impl Generator {
    pub(super) fn new(seed: u64) -> Generator {
        Generator {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1,
            depth: 0,
        }
    }

    /// A number in `0..limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }

    /// A whole script.
    pub(super) fn script(&mut self) -> String {
        let mut script = "local a, b, s, t, u = 1, 2, 'abc', {1, 2, 'x'}, {x = 1}\n\
                          local f = function(...) return ... end\n"
            .to_owned();
        for _ in 0..3 + self.below(10) {
            let statement = self.statement();
            // A failure does not always end the script.
            match self.below(3) {
                0 => script.push_str(&statement),
                _ => script.push_str(&format!("pcall(function() {statement} end)")),
            }
            script.push('\n');
        }
        script.push_str(self.pick(&[
            "return {t, s, a, b}",
            "return {tostring(t), tostring(f), tostring(a), tostring(b), #t}",
            "local r = {} for k, v in pairs(t) do r[#r + 1] = {tostring(k), v} end return r",
            "return t",
            "error(s)",
        ]));
        script
    }

    fn statement(&mut self) -> String {
        let template = match self.below(25) {
            0 => self.pick(&HEAVY),
            _ => self.pick(&STATEMENTS),
        };
        self.filled(template)
    }

    fn block(&mut self) -> String {
        if self.depth > 3 {
            return String::new();
        }
        self.depth += 1;
        let statements: Vec<String> = (0..self.below(3)).map(|_| self.statement()).collect();
        self.depth -= 1;
        statements.join(" ")
    }

    fn expression(&mut self) -> String {
        self.depth += 1;
        let kind = if self.depth > 4 { self.below(3) } else { self.below(7) };
        let expression = match kind {
            0 => self.pick(&NUMBERS).to_owned(),
            1 => self.pick(&STRINGS).to_owned(),
            2 => self.pick(&VARIABLES).to_owned(),
            _ => {
                let template = self.pick(&EXPRESSIONS);
                self.filled(template)
            }
        };
        self.depth -= 1;
        format!("({expression})")
    }

    fn filled(&mut self, template: &str) -> String {
        let mut text = String::new();
        for character in template.chars() {
            match character {
                '@' => text.push_str(&self.expression()),
                '$' => text.push_str(self.pick(&VARIABLES)),
                '&' => text.push_str(&self.block()),
                other => text.push(other),
            }
        }
        text
    }
}
