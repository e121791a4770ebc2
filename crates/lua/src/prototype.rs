//! Compiled functions.

use std::cell::Cell;
use std::rc::Rc;

use blob::Blob;

use crate::opcode::Instruction;
use crate::value::Value;

/// A compiled function. It lacks only the values of its upvalues.
#[derive(Debug, Default)]
pub(crate) struct Prototype {
    pub(crate) code: Vec<Instruction>,
    /// The line of each instruction.
    pub(crate) lines: Vec<u32>,
    /// Nil, booleans, numbers and strings.
    pub(crate) constants: Vec<Value>,
    /// The functions that it defines.
    pub(crate) prototypes: Vec<Rc<Prototype>>,
    pub(crate) locals: Vec<LocalVariable>,
    pub(crate) upvalue_names: Vec<Blob>,
    /// The name of the chunk, as `@user_script` or `=(load)` or the text itself.
    pub(crate) source: Blob,
    /// The line of its `function`, 0 for a chunk.
    pub(crate) line_defined: u32,
    pub(crate) last_line_defined: u32,
    pub(crate) upvalues: u32,
    pub(crate) parameters: u32,
    pub(crate) variadic: Variadic,
    /// How many registers it needs.
    pub(crate) stack_size: u32,
    /// The function is permanent: it belongs to a script that is kept compiled, not to a run.
    pub(crate) is_permanent: bool,
    /// The number of the last collection of garbage that reached it.
    pub(crate) mark: Cell<u64>,
}

impl Prototype {
    /// How much memory it takes, without the functions that it defines.
    pub(crate) fn size(&self) -> usize {
        const OVERHEAD: usize = 200;
        OVERHEAD
            + 8 * self.code.len()
            + 16 * self.constants.len()
            + 8 * self.prototypes.len()
            + 40 * self.locals.len()
            + 32 * self.upvalue_names.len()
            + self.source.len()
    }
}

/// Whether a function takes more arguments than it has parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variadic {
    /// It has `...`.
    pub(crate) is_variadic: bool,
    /// It has the local variable `arg` of Lua 5.0.
    pub(crate) has_arg: bool,
    /// It uses no `...`, so that `arg` has to be filled.
    pub(crate) needs_arg: bool,
}

/// A local variable, for error messages.
#[derive(Debug)]
pub(crate) struct LocalVariable {
    pub(crate) name: Blob,
    /// The first instruction of its scope.
    pub(crate) start: u32,
    /// The first instruction after its scope.
    pub(crate) end: u32,
}
