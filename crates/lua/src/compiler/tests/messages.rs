//! Invalid chunks, and the messages of Lua 5.1.5.

use super::{compiled, error, error_named};

const MESSAGES: &[(&str, &str)] = &[
    ("x =", "c:1: unexpected symbol near '<eof>'"),
    ("x = }", "c:1: unexpected symbol near '}'"),
    ("f", "c:1: '=' expected near '<eof>'"),
    ("f()=1", "c:1: unexpected symbol near '='"),
    ("(a)=1", "c:1: syntax error near '='"),
    ("a,b", "c:1: '=' expected near '<eof>'"),
    ("a.1", "c:1: '=' expected near '.1'"),
    ("a:b", "c:1: function arguments expected near '<eof>'"),
    ("a.b:c", "c:1: function arguments expected near '<eof>'"),
    ("x=1=2", "c:1: unexpected symbol near '='"),
    ("\"x\"", "c:1: unexpected symbol near '\"x\"'"),
    ("return 1 2", "c:1: '<eof>' expected near '2'"),
    ("break", "c:1: no loop to break near '<eof>'"),
    ("goto a", "c:1: '=' expected near 'a'"),
    ("local function end", "c:1: '<name>' expected near 'end'"),
    ("for 1", "c:1: '<name>' expected near '1'"),
    ("for a,b,3", "c:1: '<name>' expected near '3'"),
    ("for a do", "c:1: '=' or 'in' expected near 'do'"),
    ("function f(a,1)", "c:1: <name> or '...' expected near '1'"),
    ("function f() return ... end", "c:1: cannot use '...' outside a vararg function near '...'"),
    ("if a then\n\nelse\n", "c:4: 'end' expected (to close 'if' at line 1) near '<eof>'"),
    ("while a\n do\n", "c:3: 'end' expected (to close 'while' at line 1) near '<eof>'"),
    ("f(\n1", "c:2: ')' expected (to close '(' at line 1) near '<eof>'"),
    ("t={\n1", "c:2: '}' expected (to close '{' at line 1) near '<eof>'"),
    ("t={a b}", "c:1: '}' expected near 'b'"),
    ("t={\"x\" a", "c:1: '}' expected near 'a'"),
    ("t={a \"b\" c", "c:1: '}' expected near 'c'"),
    ("do", "c:1: 'end' expected near '<eof>'"),
    ("f\n(a)", "c:2: ambiguous syntax (function call x new statement) near '('"),
    ("x=[==[ a", "c:1: unfinished long string near '<eof>'"),
    ("x=[=a", "c:1: invalid long string delimiter near '[='"),
    ("--[==[ a", "c:1: unfinished long comment near '<eof>'"),
    ("x=[[ [[ ]]", "c:1: nesting of [[...]] is deprecated near '['"),
    ("--[[ [[ ]]", "c:1: nesting of [[...]] is deprecated near '['"),
    ("x=\"\\400\"", "c:1: escape sequence too large near '\"'"),
    ("x=\"a\\\n b\" y", "c:2: '=' expected near '<eof>'"),
    ("x=\"a\\", "c:1: unfinished string near '<eof>'"),
    ("x=\"ab\ncd\"", "c:1: unfinished string near '\"ab'"),
    ("x='ab", "c:1: unfinished string near '<eof>'"),
    ("x=3x", "c:1: malformed number near '3x'"),
    ("x=0x", "c:1: malformed number near '0x'"),
    ("x=1e", "c:1: malformed number near '1e'"),
    ("x=1..2", "c:1: malformed number near '1..2'"),
    ("x=@", "c:1: unexpected symbol near '@'"),
    ("x=\x1b", "c:1: unexpected symbol near 'char(27)'"),
    ("a\0b", "c:1: '=' expected"),
    ("x=\"a\0b\" c", "c:1: '=' expected near '<eof>'"),
    ("x=\"a\\0b\" c", "c:1: '=' expected near '<eof>'"),
    ("a.\0b", "c:1: '=' expected near '..'"),
    ("x=3\0abc y", "c:1: '=' expected near '<eof>'"),
    ("~", "c:1: unexpected symbol near '~'"),
    ("x = a ~ b", "c:1: unexpected symbol near '~'"),
];

#[test]
fn a_text_that_is_no_chunk_gets_the_message_of_lua() {
    for (text, message) in MESSAGES {
        assert_eq!(error(text.as_bytes()), *message, "for {text:?}");
    }
}

#[test]
fn a_chunk_that_exceeds_a_limit_gets_the_message_of_lua() {
    let names = |count: usize| (0..count).map(|i| format!("a{i}")).collect::<Vec<_>>();
    let upvalues = |count| {
        format!(
            "local {}\nfunction f()\nreturn function() return {} end end",
            names(count).join(","),
            names(count).join("+")
        )
    };
    let body = |count| format!("while a do {} end", "a=b ".repeat(count));
    let cases = [
        (format!("local {}", names(200).join(",")), None),
        (
            format!("local {}", names(201).join(",")),
            Some("c:1: main function has more than 200 local variables"),
        ),
        (upvalues(60), None),
        (upvalues(61), Some("c:3: function at line 2 has more than 60 upvalues")),
        (format!("f({})", "a,".repeat(247) + "a"), None),
        (
            format!("f({})", "a,".repeat(248) + "a"),
            Some("c:1: function or expression too complex near '<eof>'"),
        ),
        (format!("{}a=1", "a,".repeat(198)), None),
        (
            format!("{}a=1", "a,".repeat(201)),
            Some("c:1: main function has more than 199 variables in assignment"),
        ),
        (body(65_533), None),
        (body(65_534), Some("c:1: control structure too long near 'end'")),
        ("do local a end ".repeat(32_767), None),
        ("do local a end ".repeat(32_768), Some("too many local variables")),
    ];
    for (text, message) in cases {
        let start = &text[..text.len().min(30)];
        match message {
            Some(message) => assert_eq!(error(text.as_bytes()), message, "for {start}..."),
            None => drop(compiled(text.as_bytes())),
        }
    }
}

#[test]
fn a_table_of_constants_is_full_after_262143_of_them() {
    let functions = |count| "f=function() end ".repeat(count);
    compiled(functions(262_143).as_bytes());
    assert_eq!(error(functions(262_144).as_bytes()), "constant table overflow");
}

#[test]
fn bytes_that_are_not_ascii_are_kept_in_messages() {
    assert_eq!(error(b"x=\xff"), "c:1: unexpected symbol near '\u{fffd}'");
}

#[test]
fn a_message_names_the_chunk_in_79_bytes_at_most() {
    let long = "x".repeat(100);
    let cases = [
        ("@user_script".to_owned(), "user_script".to_owned()),
        ("=(load)".to_owned(), "(load)".to_owned()),
        ("a = \nb".to_owned(), "[string \"a = ...\"]".to_owned()),
        ("a".to_owned(), "[string \"a\"]".to_owned()),
        ("a\0b".to_owned(), "[string \"a\"]".to_owned()),
        (format!("={long}"), "x".repeat(79)),
        (format!("@{long}"), format!("...{}", "x".repeat(72))),
        (long, format!("[string \"{}...\"]", "x".repeat(63))),
    ];
    for (name, shown) in cases {
        let message = error_named(b"x =", &name);
        assert_eq!(message, format!("{shown}:1: unexpected symbol near '<eof>'"));
    }
}

#[test]
fn a_run_time_error_names_the_chunk_in_59_bytes_at_most() {
    let long = "x".repeat(100);
    let id = |name: &str| super::super::chunk_id(&name.into()).to_string();
    assert_eq!(id("@user_script"), "user_script");
    assert_eq!(id(&format!("={long}")), "x".repeat(59));
    assert_eq!(id(&format!("@{}", "x".repeat(52))), "x".repeat(52));
    assert_eq!(id(&format!("@{long}")), format!("...{}", "x".repeat(52)));
    assert_eq!(id(&long), format!("[string \"{}...\"]", "x".repeat(43)));
}
