//! The published vulnerabilities of Lua 5.1 and of Redis's scripting, 2014 to 2026. Each has a
//! script of its kind, and the reply of a fixed Redis. SECURITY.md lists and describes them. After
//! each script, the server must still run the next one.

use redis::resp::{Incoming, Limits, Protocol, ReplyDecoder, encode_reply};
use redis::{Blob, Database, ErrorReply, Reply, Sha1, UnixTime};

/// The outcome of a script.
#[derive(Debug)]
enum Expected {
    Nil,
    Integer(i64),
    Text(&'static str),
    /// An error that the script raises: Redis adds the script's SHA-1 and a line.
    Raised(&'static str),
    /// An error that is the reply without additions.
    Refused(&'static str),
}

use Expected::{Integer, Nil, Raised, Refused, Text};

impl Expected {
    fn of(&self, script: &str) -> Reply {
        let sha = Sha1::of(script.as_bytes());
        let refused = |text: String| Reply::Error(ErrorReply::new(text.as_bytes()));
        match self {
            Nil => Reply::Nil,
            Integer(number) => Reply::Integer(*number),
            Text(text) => Reply::Bulk(Blob::from(*text)),
            Raised(text) => refused(format!("{text} script: {sha}, on @user_script:1.")),
            Refused(text) => refused((*text).to_owned()),
        }
    }
}

fn eval(database: &mut Database, script: &str) -> Reply {
    let line = ["EVAL", script, "1", "key", "argument"].map(Blob::from);
    database.call(UnixTime::from_millis(1_000), &line)
}

#[track_caller]
fn assert_harmless(script: &str, expected: &Expected) {
    let mut database = Database::default();
    let reply = eval(&mut database, script);
    let seen = "return ARGV[1] .. tostring(rawget(_G, 'x')) .. tostring(string.x) .. ('y'):rep(2)";
    let next = eval(&mut database, seen);
    assert_eq!(next, Reply::Bulk(Blob::from("argumentnilnilyy")), "after {script}");
    assert_eq!(reply, expected.of(script), "{script}");
}

macro_rules! advisories {
    ($($name:ident: [$($script:expr => $expected:expr),* $(,)?]),* $(,)?) => {$(
        #[test]
        fn $name() {
            $(assert_harmless($script, &$expected);)*
        }
    )*};
}

/// A function with 50 parameters that is called without arguments, again and again.
const MANY_PARAMETERS: &str = "
    local names = {} for i = 1, 50 do names[i] = 'p' .. i end
    local text = 'return function(' .. table.concat(names, ', ') .. ', ...) return p50, ... end'
    local f = loadstring(text)()
    for i = 1, 1000 do f() end
    return tostring(f()) .. select('#', f())";

const DEBUG: &str =
    "ERR user_script:1: Script attempted to access nonexistent global variable 'debug'";
const OVERFLOW: &str = "ERR user_script:1: integral size overflow";
const SHORT: &str = "ERR user_script:1: bad argument #2 to 'unpack' (data string too short)";
const MISSING: &str = "ERR user_script:1: Missing bytes in input.";
const READ_ONLY: &str = "ERR user_script:1: Attempt to modify a readonly table";
const TOO_MANY: &str = "ERR user_script:1: too many results to unpack";

// ---- Lua ----

advisories! {
    cve_2014_5461_a_vararg_function_with_many_parameters: [MANY_PARAMETERS => Text("nil1")],
    cve_2019_6706_upvaluejoin: ["return debug.upvaluejoin" => Raised(DEBUG)],
    cve_2020_24370_getlocal: ["return debug.getlocal(1, -2147483648)" => Raised(DEBUG)],
    cve_2020_24369_debug_information: [
        "return debug.getinfo(1)" => Raised(DEBUG),
        "return type(select(2, pcall(loadstring('local a\\n\\nerror(a.b)'))))" => Text("string"),
    ],
    cve_2020_24371_barriers_and_the_sweep: [
        "local t = {} for i = 1, 1000 do t[i] = setmetatable({i}, {__index = t})
             if i % 100 == 0 then collectgarbage('step', 0) end end
         local sum = 0 for i = 1, 1000 do sum = sum + t[i][1] end return sum" => Integer(500_500),
    ],
    cve_2020_15889_generational_collection: [
        "collectgarbage('generational')" => Raised("ERR user_script:1: bad argument #1 to \
             'collectgarbage' (invalid option 'generational')"),
    ],
    cve_2021_43519_coroutines_within_each_other: [
        "local depth = 0
         local function f() depth = depth + 1 return coroutine.wrap(f)() end
         local ok, problem = pcall(f)
         return tostring(ok) .. tostring(problem:find('stack overflow') ~= nil)
             .. tostring(depth < 300)" => Text("falsetruetrue"),
        "local co co = coroutine.create(function() return coroutine.resume(co) end)
         return select(3, coroutine.resume(co))" => Text("cannot resume running coroutine"),
    ],
    cve_2021_44647_the_name_of_a_function_that_failed: [
        "local t = setmetatable({}, {__index = function(t, k) return nil .. k end})
         return tostring(pcall(function() return t.x end))" => Text("false"),
    ],
    cve_2022_28805_a_variable_that_is_no_register: [
        "return tostring(pcall(loadstring('local _ENV = nil x = _ENV.y')))" => Text("false"),
    ],
    cve_2022_33099_an_error_on_a_full_stack: [
        "local function f(n) return 1 + f(n + 1) end
         local ok, problem = pcall(f, 1)
         return tostring(ok) .. tostring(#problem < 300)" => Text("falsetrue"),
    ],
}

// ---- Redis: the language and the sandbox ----

advisories! {
    cve_2015_4335_bytecode: [
        "return loadstring('\\27Lua\\81\\0\\1\\4\\8\\4\\8\\0')" => Nil,
        "local ok, code = pcall(string.dump, function() end)
         return tostring(ok and loadstring(code) or nil)" => Text("nil"),
        "return type(load(function() return nil end))" => Text("function"),
    ],
    cve_2021_32626_many_arguments_and_deep_results: [
        "local t = {} for i = 1, 7000 do t[i] = 'x' end return redis.call('DEL', unpack(t))"
            => Integer(0),
        "local t = {} for i = 1, 100000 do t = {t} end return redis.call('EXISTS', 'k')"
            => Integer(0),
        "return tostring(pcall(redis.call, unpack({}, 1, 7900)))" => Text("false"),
    ],
    cve_2021_32672_the_debugger: [
        "return redis.debug('x')" => Nil,
        "return redis.breakpoint()" => Nil,
        "return tostring(rawget(_G, 'debug'))" => Text("nil"),
    ],
    cve_2022_24735_what_scripts_share: [
        "string.x = 1" => Raised(READ_ONLY),
        "redis.call = nil" => Raised(READ_ONLY),
        "setmetatable(_G, {})" => Raised("ERR Attempt to modify a readonly table"),
        "rawset(_G, 'x', 1)" => Raised("ERR Attempt to modify a readonly table"),
        "cjson.encode = nil" => Raised(READ_ONLY),
        "KEYS[2] = 'x' return KEYS[2]" => Text("x"),
    ],
    cve_2022_24736_scripts_that_do_not_compile: [
        "return loadstring('local a = ' .. ('{'):rep(1000))" => Nil,
        "return loadstring(('('):rep(1000) .. '1' .. (')'):rep(1000))" => Nil,
        "return loadstring('return ' .. ('-'):rep(3) .. ' \\0')()" => Nil,
        "return load(function() return nil end) == nil" => Nil,
        "error()" => Raised("ERR nil"),
    ],
    cve_2022_0543_loading_packages: [
        "return package.loadlib('liblua5.1.so.0', 'luaopen_io')" => Raised(
            "ERR user_script:1: Script attempted to access nonexistent global variable 'package'"),
        "return require('io')" => Raised(
            "ERR user_script:1: Script attempted to access nonexistent global variable 'require'"),
        "return module" => Raised(
            "ERR user_script:1: Script attempted to access nonexistent global variable 'module'"),
    ],
    cve_2024_46981_a_parser_and_the_collector: [
        "local text = {}
         for i = 1, 2000 do text[i] = 'local v' .. i % 150 .. ' = \"' .. i .. '\"' end
         for i = 1, 20 do
             loadstring('do ' .. table.concat(text, ' end do ') .. ' end') collectgarbage()
         end
         return 'done'" => Text("done"),
    ],
    cve_2025_46817_unpack_of_a_huge_range: [
        "return unpack({}, 0, 2147483647)" => Raised(TOO_MANY),
        "return unpack({}, -2147483648, 2147483647)" => Raised(TOO_MANY),
        "return unpack({}, 1, 8000)" => Raised(TOO_MANY),
        "return select('#', unpack({1, 2, 3}, 2147483646, 2147483647))" => Integer(2),
        "return select('#', unpack({}, 2147483647, -2147483648))" => Integer(0),
    ],
    cve_2025_46818_metatables_of_basic_types: [
        "getmetatable('').__index = function() return 1 end" => Raised(READ_ONLY),
        "getmetatable('').__gc = 1" => Raised(READ_ONLY),
        "rawset(getmetatable(''), '__index', 1)" =>
            Raised("ERR Attempt to modify a readonly table"),
        "return tostring(getmetatable(1)) .. tostring(getmetatable(true))
             .. tostring(getmetatable(pcall))" => Text("nilnilnil"),
    ],
    cve_2025_46819_delimiters_of_long_strings: [
        "return [==" => Refused("ERR Error compiling script (new function): user_script:1: \
             invalid long string delimiter near '[=='"),
        "return [=x" => Refused("ERR Error compiling script (new function): user_script:1: \
             invalid long string delimiter near '[='"),
        "return [=[x]" => Refused("ERR Error compiling script (new function): user_script:1: \
             unfinished long string near '<eof>'"),
        "return tostring(loadstring('return [' .. ('='):rep(100000)))" => Text("nil"),
        "return loadstring('return [' .. ('='):rep(9999) .. '[x]' .. ('='):rep(9999) .. ']')()"
            => Text("x"),
    ],
    cve_2025_49844_the_name_of_a_chunk: [
        "return loadstring('return 1', ('x'):rep(1000))()" => Integer(1),
        "for i = 1, 200 do
             loadstring('x', ('@'):rep(i * 100)) loadstring('return', '=' .. i) collectgarbage()
         end
         return 'done'" => Text("done"),
    ],
    an_error_that_is_an_empty_table: [
        "error({})" => Raised("ERR unknown error"),
        "return setmetatable({}, {__index = function() error({}) end}).x" =>
            Raised("ERR unknown error"),
    ],
}

// ---- Redis: the libraries ----

advisories! {
    cve_2015_8080_sizes_of_integers_in_struct: [
        "return struct.pack('>I2147483648', 1)" => Raised(OVERFLOW),
        "return struct.unpack('>I2147483648', '10')" => Raised(OVERFLOW),
    ],
    cve_2020_14147_sizes_that_overflow_in_struct: [
        "return struct.pack('>I4294967297', 1)" => Raised(OVERFLOW),
        "return struct.size('i99999999999999999999')" => Raised(OVERFLOW),
    ],
    cve_2018_11218_nesting_and_lengths_in_cmsgpack: [
        "local t = {} for i = 1, 20 do t = {t} end return #cmsgpack.pack(t)" => Integer(17),
        "local t = {} t.x = t return #cmsgpack.pack(t)" => Integer(49),
        "return cmsgpack.unpack('\\221\\255\\255\\255\\255')" => Raised(MISSING),
        "return cmsgpack.unpack('\\219\\255\\255\\255\\255')" => Raised(MISSING),
        "return cmsgpack.unpack(('\\145'):rep(100000))" => Raised(
            "ERR user_script:1: stack overflow (in function mp_decode_to_lua_array)"),
        "return select('#', cmsgpack.unpack_limit(('\\1'):rep(100), 2147483647, 0))"
            => Integer(101),
        "return cmsgpack.unpack_limit(('\\1'):rep(100), -1)" => Raised(
            "ERR user_script:1: Invalid request to unpack with offset of 0 and limit of 100."),
    ],
    cve_2018_11219_lengths_in_struct: [
        "return struct.unpack('s', 'abc', 4294967295)" => Raised(SHORT),
        "return struct.unpack('c0', 'abc', 2147483647)" => Raised(SHORT),
        "return struct.unpack('<i8c0', ('\\255'):rep(8))" => Raised(SHORT),
        "return struct.unpack('bc0', 'z')" => Raised(SHORT),
        "return struct.unpack('i', 'abc', 9223372036854775807)" => Raised(SHORT),
    ],
    cve_2022_24834_large_texts_in_cjson_and_cmsgpack: [
        "return #cjson.encode(('\\0'):rep(1000))" => Integer(6_002),
        "return #cjson.encode(('\\0'):rep(1000000))" => Integer(6_000_002),
        "return #cmsgpack.pack(('x'):rep(70000))" => Integer(70_005),
        "local t = {} for i = 1, 1001 do t = {t} end return cjson.encode(t)" => Raised(
            "ERR user_script:1: Cannot serialise, excessive nesting (1001)"),
        "return cjson.decode(('['):rep(1001))" => Raised(
            "ERR user_script:1: Found too many nested data structures (1001) at character 1001"),
    ],
    cve_2024_31449_digits_in_bit: [
        "return bit.tohex(65535, -2147483648)" => Text("0000FFFF"),
        "return bit.tohex(65535, 2147483647)" => Text("0000ffff"),
    ],
    cve_2024_31228_patterns_that_branch: [
        "return #redis.call('KEYS', ('*?'):rep(1000))" => Integer(0),
        "redis.call('SET', ('a'):rep(100), 1) return #redis.call('KEYS', ('*a'):rep(60) .. 'b')"
            => Integer(0),
    ],
}

/// CVE-2025-67733: line breaks and zero bytes in errors and statuses, by which a script could
/// inject replies into the stream.
#[test]
fn cve_2025_67733_replies_within_a_reply() {
    for script in [
        "return redis.error_reply('x\\r\\n+OK\\r\\n')",
        "return {err = 'a\\0b\\r\\n:1\\r\\n'}",
        "return {ok = 'x\\r\\n:1\\r\\n'}",
        "return redis.status_reply('a\\0\\r\\n$-1\\r\\n')",
        "error('a\\r\\n\\0b\\r\\n+OK\\r\\n')",
        "error({err = 'a\\0\\r\\n+OK\\r\\n'})",
        "return {1, {err = 'a\\r\\n+OK'}, {ok = 'b\\0\\r\\n+OK'}}",
        "return redis.call('x\\r\\n+OK\\r\\n')",
    ] {
        let reply = eval(&mut Database::default(), script);
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let mut bytes = Vec::new();
            encode_reply(&reply, protocol, &mut bytes);
            let mut decoder = ReplyDecoder::new(Limits::default());
            let mut input = &bytes[..];
            let one = decoder.decode(&mut input).expect("it is RESP");
            assert_eq!(one, Some(Incoming::Reply(reply.clone())), "{script}");
            assert!(input.is_empty(), "{script}: more than one reply: {}", bytes.escape_ascii());
        }
    }
}

/// CVE-2024-51741 and CVE-2026-23631 are about users and replicas. Neither exists here, and
/// functions do not either.
#[test]
fn cve_2024_51741_and_cve_2026_23631_users_replicas_and_functions() {
    for name in ["ACL", "AUTH", "REPLICAOF", "SYNC", "PSYNC", "FUNCTION", "FCALL"] {
        let reply = Database::default().call(UnixTime::default(), &[name, "x"].map(Blob::from));
        let text = reply.as_error().map(ToString::to_string).unwrap_or_default();
        assert!(text.starts_with("ERR ") || text.starts_with("NOAUTH"), "{name}: {reply:?}");
    }
}
