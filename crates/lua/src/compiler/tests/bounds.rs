//! The limits for nesting and cost of a chunk.

use blob::Blob;

use super::{ENOUGH, compile_with, compiled, error};
use crate::compiler::{CompileError, compile_at};
use crate::error::{End, Error};
use crate::heap::Heap;
use crate::meter::Meter;

/// The deepest nestings: the number of levels, the text before them, and the start and the end of a
/// level.
const NESTS: &[(usize, &str, &str, &str)] = &[
    (198, "x=", "(", "1)"),
    (198, "x=", "{", "}"),
    (198, "x=", "- ", "a"),
    (198, "x=", "a..", "a"),
    (198, "x=", "a^", "a"),
    (198, "x=", "a[", "1]"),
    (199, "", "f(", ")"),
    (99, "x=", "function() return ", "1 end"),
    (199, "", "function f() ", "end "),
    (199, "", "do ", "end "),
    (199, "", "while a do ", "end "),
    (199, "", "repeat ", "until a "),
    (199, "", "if a then ", "end "),
    (50, "", "for i=1,2 do ", "end "),
    (198, "x=", "{a=", "1}"),
];

fn nest(depth: usize, start: &str, opening: &str, closing: &str) -> String {
    // The text before the closing token appears once, in the middle.
    let (middle, closing) = match closing.strip_prefix('1') {
        Some(closing) => ("1", closing),
        None if closing == "a" => ("a", ""),
        None => ("", closing),
    };
    format!("{start}{}{middle}{}", opening.repeat(depth), closing.repeat(depth))
}

#[test]
fn the_deepest_nests_fit_in_a_stack_of_700_kib() {
    let compile_all = || {
        for (depth, start, opening, closing) in NESTS {
            compiled(nest(*depth, start, opening, closing).as_bytes());
            let too_deep = nest(300, start, opening, closing);
            let message = error(too_deep.as_bytes());
            let is_expected = message == "c:1: chunk has too many syntax levels"
                || message.contains("has more than 200 local variables");
            assert!(is_expected, "{opening}: {message}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(700 << 10);
    thread.spawn(compile_all).expect("a thread starts").join().expect("all nests fit");
}

#[test]
fn chains_that_nest_nothing_have_any_length() {
    for link in [".b", "[b]", "()", ":b()", "{}", "''"] {
        compiled(format!("x=a{}", link.repeat(10_000)).as_bytes());
    }
    for operator in ["+", "*", "==", " and ", " or "] {
        compiled(format!("x=a{}", format!("{operator}a").repeat(2_000)).as_bytes());
    }
}

#[test]
fn levels_in_use_are_taken_off_those_of_the_chunk() {
    let compiles = |levels, depth| {
        let mut heap = Heap::new(1 << 30);
        let mut meter = Meter::default();
        meter.refill(ENOUGH);
        let text = "do ".repeat(depth) + &"end ".repeat(depth);
        compile_at(&mut heap, &mut meter, text.as_bytes(), &Blob::from("=c"), levels).is_ok()
    };
    assert!(compiles(0, 199));
    assert!(!compiles(0, 200));
    assert!(compiles(1, 198));
    assert!(!compiles(1, 199));
}

/// The units that a text costs.
fn cost(text: &str) -> u64 {
    let (prototype, _, left) = compile_with(ENOUGH, text.as_bytes(), "=c");
    prototype.expect("it is a chunk");
    ENOUGH - left
}

#[test]
fn what_takes_time_costs_units() {
    let statements = cost(&"a=b ".repeat(1_000));
    assert!((3_000..8_000).contains(&statements), "{statements}");
    let ors = cost(&format!("x=a{}", " or a".repeat(1_000)));
    assert!((500_000..1_100_000).contains(&ors), "{ors}");
    let comment = cost(&format!("--{}", "x".repeat(320_000)));
    assert!((40_000..41_000).contains(&comment), "{comment}");
    let locals = (0..200).map(|i| format!("local a{i} ")).collect::<String>();
    let globals = cost(&format!("{locals}{}", "f() ".repeat(1_000))) - cost(&locals);
    assert!((25_000..32_000).contains(&globals), "{globals}");
}

#[test]
fn a_chunk_that_costs_too_much_ends_the_script() {
    let text = format!("x=a{}", " or a".repeat(100_000));
    let (compiled, _, left) = compile_with(1_000_000, text.as_bytes(), "=c");
    let ended = matches!(compiled, Err(CompileError::Ended(Error::Ended(End::OutOfInstructions))));
    assert!(ended, "{compiled:?}");
    assert_eq!(left, 0);
}

#[test]
fn a_chunk_that_takes_too_much_memory_ends_the_script() {
    let mut heap = Heap::new(100_000);
    let mut meter = Meter::default();
    meter.refill(ENOUGH);
    let text = "f() ".repeat(10_000);
    let compiled = compile_at(&mut heap, &mut meter, text.as_bytes(), &Blob::from("=c"), 0);
    let ended = matches!(compiled, Err(CompileError::Ended(Error::Ended(End::OutOfMemory))));
    assert!(ended, "{compiled:?}");
}
