//! Listings of compiled chunks, as `luac -l -l` of Lua 5.1.5 prints them.
//!
//! In `listings.txt`, lines with `> ` are a text, and the lines below are its functions. Operands
//! are numbers. Negative operands are constants, from -1 on.

use std::fmt::Write as _;

use super::compiled;
use crate::heap::Heap;
use crate::opcode::{Instruction, Op, constant_index, is_constant};
use crate::prototype::Prototype;
use crate::value::Value;

#[test]
fn chunks_compile_to_the_instructions_of_lua() {
    for section in include_str!("listings.txt").trim_end().split("\n\n") {
        let (text, expected): (Vec<_>, Vec<_>) =
            section.lines().partition(|line| line.starts_with("> "));
        let text = text.iter().map(|line| &line[2..]).collect::<Vec<_>>().join("\n");
        let (prototype, heap) = compiled(text.as_bytes());
        let mut listing = String::new();
        list(&prototype, &heap, &mut listing).expect("a string has room");
        assert_eq!(listing.lines().collect::<Vec<_>>(), expected, "for {text}");
    }
}

fn list(prototype: &Prototype, heap: &Heap, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "function {}-{}: {}{} parameters, {} registers",
        prototype.line_defined,
        prototype.last_line_defined,
        prototype.parameters,
        if prototype.variadic.is_variadic { "+" } else { "" },
        prototype.stack_size,
    )?;
    for (place, (instruction, line)) in prototype.code.iter().zip(&prototype.lines).enumerate() {
        let (name, operands) = instruction_text(*instruction);
        writeln!(out, "  {} [{line}] {name} {operands}", place + 1)?;
    }
    let constants = prototype.constants.iter().map(|value| constant_text(*value, heap));
    list_items(out, "constants", constants.collect())?;
    let locals = prototype
        .locals
        .iter()
        .map(|local| format!("{} {} {}", local.name, local.start + 1, local.end + 1));
    list_items(out, "locals", locals.collect())?;
    let upvalues = prototype.upvalue_names.iter().map(ToString::to_string);
    list_items(out, "upvalues", upvalues.collect())?;
    prototype.prototypes.iter().try_for_each(|inner| list(inner, heap, out))
}

fn list_items(out: &mut String, title: &str, items: Vec<String>) -> std::fmt::Result {
    if !items.is_empty() {
        writeln!(out, "  {title}")?;
    }
    items.iter().try_for_each(|item| writeln!(out, "    {item}"))
}

fn constant_text(value: Value, heap: &Heap) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => format!("\"{}\"", heap.strings.bytes(string).escape_ascii()),
        other => panic!("no constant: {other:?}"),
    }
}

/// The operands of an instruction.
enum Shape {
    A,
    Ab,
    Ac,
    Abc,
    AConstant,
    APrototype,
    Jump,
    AJump,
}

fn instruction_text(instruction: Instruction) -> (&'static str, String) {
    let operand = |operand| {
        if is_constant(operand) {
            -1 - i64::try_from(constant_index(operand)).expect("an operand is small")
        } else {
            i64::from(operand)
        }
    };
    let (name, shape) = name_and_shape(instruction.op());
    let (a, b, c) = (instruction.a(), operand(instruction.b()), operand(instruction.c()));
    let operands = match shape {
        Shape::A => format!("{a}"),
        Shape::Ab => format!("{a} {b}"),
        Shape::Ac => format!("{a} {c}"),
        Shape::Abc => format!("{a} {b} {c}"),
        Shape::AConstant => format!("{a} {}", -1 - i64::from(instruction.bx())),
        Shape::APrototype => format!("{a} {}", instruction.bx()),
        Shape::Jump => format!("{}", instruction.sbx()),
        Shape::AJump => format!("{a} {}", instruction.sbx()),
    };
    (name, operands)
}

fn name_and_shape(op: Op) -> (&'static str, Shape) {
    match op {
        Op::Move => ("MOVE", Shape::Ab),
        Op::LoadK => ("LOADK", Shape::AConstant),
        Op::LoadBool => ("LOADBOOL", Shape::Abc),
        Op::LoadNil => ("LOADNIL", Shape::Ab),
        Op::GetUpvalue => ("GETUPVAL", Shape::Ab),
        Op::GetGlobal => ("GETGLOBAL", Shape::AConstant),
        Op::GetTable => ("GETTABLE", Shape::Abc),
        Op::SetGlobal => ("SETGLOBAL", Shape::AConstant),
        Op::SetUpvalue => ("SETUPVAL", Shape::Ab),
        Op::SetTable => ("SETTABLE", Shape::Abc),
        Op::NewTable => ("NEWTABLE", Shape::Abc),
        Op::Method => ("SELF", Shape::Abc),
        Op::Add => ("ADD", Shape::Abc),
        Op::Sub => ("SUB", Shape::Abc),
        Op::Mul => ("MUL", Shape::Abc),
        Op::Div => ("DIV", Shape::Abc),
        Op::Mod => ("MOD", Shape::Abc),
        Op::Pow => ("POW", Shape::Abc),
        Op::Negate => ("UNM", Shape::Ab),
        Op::Not => ("NOT", Shape::Ab),
        Op::Length => ("LEN", Shape::Ab),
        Op::Concat => ("CONCAT", Shape::Abc),
        Op::Jump => ("JMP", Shape::Jump),
        Op::Equal => ("EQ", Shape::Abc),
        Op::Less => ("LT", Shape::Abc),
        Op::LessOrEqual => ("LE", Shape::Abc),
        Op::Test => ("TEST", Shape::Abc),
        Op::TestSet => ("TESTSET", Shape::Abc),
        Op::Call => ("CALL", Shape::Abc),
        Op::TailCall => ("TAILCALL", Shape::Abc),
        Op::Return => ("RETURN", Shape::Ab),
        Op::ForLoop => ("FORLOOP", Shape::AJump),
        Op::ForPrepare => ("FORPREP", Shape::AJump),
        Op::GenericFor => ("TFORLOOP", Shape::Ac),
        Op::SetList => ("SETLIST", Shape::Abc),
        Op::Close => ("CLOSE", Shape::A),
        Op::Closure => ("CLOSURE", Shape::APrototype),
        Op::VarArg => ("VARARG", Shape::Ab),
    }
}
