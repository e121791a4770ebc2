//! The machine that runs scripts, and its interface for functions written in Rust.
//!
//! A function written in Rust gets the machine and its arguments, pushes its results, and returns
//! how many there are:
//!
//! ```
//! use lua::Lua;
//!
//! let mut lua = Lua::new(1 << 20);
//! let globals = lua.globals();
//! lua.define(globals, "double", |lua, args| {
//!     let number = lua.check_number(args, 1)?;
//!     lua.push((2.0 * number).into())
//! })?;
//! lua.make_permanent();
//! let chunk = lua.compile(b"return double(ARGUMENT or 21)", "=example").unwrap();
//!
//! lua.begin(1_000);
//! let main = lua.instantiate(&chunk)?;
//! assert_eq!(lua.call(main.into(), &[])?.first(), Some(&42.0.into()));
//! # Ok::<(), lua::Error>(())
//! ```
//!
//! *Roots.* The collector runs between two instructions of a script, in [`Lua::make_room`], and in
//! what calls that. It keeps what is on the stack: the arguments of all active calls, and the
//! values that they pushed. A function that calls back into Lua, or makes room, pushes the values
//! that it needs afterwards.

mod arguments;
mod arithmetic;
mod call;
mod compare;
mod concat;
mod execute;
mod index;
mod messages;
mod names;
mod resume;
mod tables;
#[cfg(test)]
mod tests;
mod texts;
mod upvalues;

use std::rc::Rc;

use blob::Blob;

pub use self::arguments::Args;
pub use self::messages::{Level, Place};
use crate::compiler::{self, CompileError};
use crate::coroutine::{Coroutine, Status};
use crate::error::{End, Error, Result};
use crate::heap::{Function, Heap};
use crate::library;
use crate::library::random::Random;
use crate::metamethod::{self, Metamethods};
use crate::meter::Meter;
use crate::prototype::Prototype;
use crate::value::{FunctionRef, TableRef, ThreadRef, Value};

/// A function written in Rust.
type Native = Rc<dyn Fn(&mut Lua, Args) -> Result<usize>>;

/// The number that [`Lua::register`] gives a function written in Rust.
#[derive(Clone, Copy, Debug)]
pub struct NativeId(u32);

/// A script that is kept compiled.
#[derive(Clone, Debug)]
pub struct Chunk(Rc<Prototype>);

/// How many slots of the stack keep their memory from run to run.
const STACK_KEPT: usize = 64 << 10;

/// Noted work is charged for once it reaches this many units.
const WORK: u64 = 1_000;

/// Lua.
///
/// # Memory
///
/// Every object counts toward the memory limit from the moment it is made. Garbage counts until it
/// is collected. A function written in Rust has three more things to do:
///
/// - It calls [`make_room`](Lua::make_room) before it makes a value whose size a script can choose.
///   That collects garbage if the limit is near.
/// - It builds strings in a [`Buffer`](crate::Buffer), outside the heap. The buffer calls
///   [`reserve`](Lua::reserve) when it grows, and [`release`](Lua::release) at its end. A
///   collection does not change how many bytes are reserved.
/// - It calls [`account`](Lua::account) for data outside the heap that it keeps until the run ends.
///   That collects nothing, so values need not be on the stack.
pub struct Lua {
    heap: Heap,
    meter: Meter,
    natives: Vec<Native>,
    globals: TableRef,
    /// The metatable of all strings.
    string_metatable: Option<TableRef>,
    metamethods: Metamethods,
    /// The running coroutine or the main program. While a coroutine runs, its state is here, and
    /// its place in the heap holds an empty one.
    flow: Coroutine,
    /// The place in the heap of the running coroutine. `None` if the main program runs.
    current: Option<ThreadRef>,
    /// The state of the main program while a coroutine runs. Otherwise it is empty.
    main: Coroutine,
    /// The coroutines that have resumed another one, the outermost first. `None` is the main
    /// program.
    resumers: Vec<Option<ThreadRef>>,
    /// What `math.random` draws from.
    random: Random,
    /// How many error handlers are running above the calls that failed.
    handlers: u32,
    /// How deep the machine has recursed in Rust.
    depth: u32,
    /// The value of `depth` when the running coroutine was resumed.
    depth_at_resume: u32,
}

impl std::fmt::Debug for Lua {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lua").field("bytes", &self.heap.bytes()).finish_non_exhaustive()
    }
}

impl Lua {
    /// A machine with the standard libraries. `memory` is the memory limit of a run in bytes.
    ///
    /// # Panics
    /// If the libraries do not fit in `memory`.
    #[must_use]
    pub fn new(memory: usize) -> Lua {
        Lua::with_libraries(memory).expect("memory for the libraries")
    }

    fn with_libraries(memory: usize) -> Result<Lua> {
        let mut heap = Heap::new(memory);
        let metamethods = metamethod::names(&mut heap)?;
        let globals = heap.new_table(0, 0)?;
        let mut lua = Lua {
            heap,
            meter: Meter::default(),
            natives: Vec::new(),
            globals,
            string_metatable: None,
            metamethods,
            flow: Coroutine { status: Status::Running, ..Coroutine::default() },
            current: None,
            main: Coroutine::default(),
            resumers: Vec::new(),
            random: Random::default(),
            handlers: 0,
            depth: 0,
            depth_at_resume: 0,
        };
        lua.meter.refill(u64::MAX / 2);
        library::open(&mut lua)?;
        lua.make_permanent();
        Ok(lua)
    }

    /// Makes all existing objects permanent: they do not belong to a run. The next [`Lua::begin`]
    /// drops the objects that are made later.
    ///
    /// The collector does not look into permanent tables. The host makes those that scripts can
    /// reach read-only ([`Lua::make_read_only`]), or pushes what it stores in them.
    pub fn make_permanent(&mut self) {
        self.heap.make_permanent();
    }

    /// Compiles a script and keeps it. Call this between two runs.
    ///
    /// # Errors
    /// A message, if `text` is not a script.
    pub fn compile(&mut self, text: &[u8], name: &str) -> Result<Chunk, Blob> {
        /// The budget, which is enough for texts of the usual length.
        const UNITS: u64 = 100_000_000;
        self.begin(UNITS);
        let name = Blob::from(name);
        let compiled = compiler::compile(&mut self.heap, &mut self.meter, text, &name);
        match compiled {
            Ok(prototype) => {
                let prototype = permanent(prototype);
                self.heap.make_permanent();
                Ok(Chunk(prototype))
            }
            Err(CompileError::Syntax(message)) => {
                self.heap.reset();
                Err(message)
            }
            Err(CompileError::Ended(error)) => {
                self.heap.reset();
                Err(match error {
                    Error::Ended(end) => Blob::format(format_args!("{end}")),
                    _ => Blob::from_static("chunk is too large"),
                })
            }
        }
    }

    /// Compiles a text for the running script. Returns the function, or the message of a syntax
    /// error.
    ///
    /// # Errors
    /// If the script's units or memory are used up.
    pub fn load(&mut self, text: &[u8], name: &Blob) -> Result<Result<FunctionRef, Blob>> {
        self.spend_bytes(name.len())?;
        let name = &compiler::kept_name(name);
        match compiler::compile_at(&mut self.heap, &mut self.meter, text, name, self.depth) {
            Ok(prototype) => {
                let upvalues = Box::default();
                let function = Function::Lua { prototype, upvalues };
                let function = self.heap.new_function(function);
                Ok(Ok(function.map_err(|error| self.ended(error))?))
            }
            Err(CompileError::Syntax(message)) => Ok(Err(message)),
            Err(CompileError::Ended(error)) => Err(self.ended(error)),
        }
    }

    /// Begins a run with a budget of `units`. Drops all objects of earlier runs.
    pub fn begin(&mut self, units: u64) {
        self.heap.reset();
        self.meter.refill(units);
        self.flow.stack.clear();
        self.flow.stack.shrink_to(STACK_KEPT);
        self.flow.frames.clear();
        self.flow.open.clear();
        self.flow.top = 0;
        self.flow.accounted_slots = 0;
        self.flow.status = Status::Running;
        self.main = Coroutine::default();
        self.current = None;
        self.resumers.clear();
        self.random = Random::default();
        self.handlers = 0;
        self.depth = 0;
        self.depth_at_resume = 0;
    }

    /// The main function of a compiled script, for this run.
    ///
    /// # Errors
    /// If the script's units or memory are used up. Most methods below fail for the same reason.
    pub fn instantiate(&mut self, chunk: &Chunk) -> Result<FunctionRef> {
        let prototype = Rc::clone(&chunk.0);
        let function = Function::Lua { prototype, upvalues: Box::default() };
        self.heap.new_function(function).map_err(|error| self.ended(error))
    }

    /// From now on, `stop` is called from time to time while a script runs. The script ends with
    /// [`End::Stopped`] once it returns true.
    pub fn stop_when(&mut self, stop: impl Fn() -> bool + 'static) {
        self.meter.stop_when(Rc::new(stop));
    }

    /// The table of global variables.
    #[must_use]
    pub const fn globals(&self) -> TableRef {
        self.globals
    }

    /// Makes this the metatable of all strings.
    pub fn set_string_metatable(&mut self, metatable: TableRef) {
        self.string_metatable = Some(metatable);
    }

    /// The metatable of all strings.
    #[must_use]
    pub const fn string_metatable(&self) -> Option<TableRef> {
        self.string_metatable
    }

    /// Registers a function written in Rust. Call this before the first run, because registered
    /// functions are never dropped.
    pub fn register(
        &mut self,
        native: impl Fn(&mut Lua, Args) -> Result<usize> + 'static,
    ) -> NativeId {
        self.natives.push(Rc::new(native));
        NativeId(crate::strings::index(self.natives.len() - 1))
    }

    /// A function written in Rust, with its own values ([`Lua::upvalue`]).
    ///
    /// # Errors
    /// As [`Lua::instantiate`].
    pub fn closure(&mut self, native: NativeId, upvalues: &[Value]) -> Result<FunctionRef> {
        let function = Function::Native { native: native.0, upvalues: upvalues.into() };
        self.heap.new_function(function).map_err(|error| self.ended(error))
    }

    /// Whether a function is written in Rust.
    pub(crate) fn is_native(&self, function: FunctionRef) -> bool {
        matches!(self.heap.function(function), Function::Native { .. })
    }

    /// What `math.random` draws from in this run.
    pub(crate) const fn random_mut(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Puts a function written in Rust into a table.
    ///
    /// # Errors
    /// As [`Lua::instantiate`].
    pub fn define(
        &mut self,
        table: TableRef,
        name: &str,
        native: impl Fn(&mut Lua, Args) -> Result<usize> + 'static,
    ) -> Result<()> {
        let native = self.register(native);
        let function = self.closure(native, &[])?;
        self.set_field(table, name, function.into())
    }

    /// Takes units off the script's budget. An instruction costs one unit.
    ///
    /// # Errors
    /// If the budget is used up, or the host stops the script.
    #[inline]
    pub fn spend(&mut self, units: u64) -> Result<()> {
        let work = self.heap.strings.work.take();
        self.meter.spend(units.saturating_add(work))
    }

    /// Charges for reading or writing this many bytes.
    ///
    /// # Errors
    /// As [`Lua::spend`].
    #[inline]
    pub fn spend_bytes(&mut self, bytes: usize) -> Result<()> {
        self.meter.spend_bytes(bytes)
    }

    /// Asks the host whether the script should stop. Call this after work that takes long and costs
    /// little.
    ///
    /// # Errors
    /// If the script should stop.
    pub fn look(&mut self) -> Result<()> {
        self.meter.look(0)
    }

    /// The units that are left.
    #[must_use]
    pub const fn units_left(&self) -> u64 {
        self.meter.left()
    }

    /// Ends the script: from now on, everything that it does fails with this error.
    pub fn end(&mut self, end: End) -> Error {
        self.meter.end(end)
    }

    /// The memory that the run uses, garbage included, in bytes.
    #[must_use]
    pub const fn memory(&self) -> usize {
        self.heap.bytes()
    }

    /// Makes sure that this many bytes are left below the memory limit. May collect garbage: values
    /// that are needed afterwards must be on the stack.
    ///
    /// # Errors
    /// If memory is used up.
    pub fn make_room(&mut self, bytes: usize) -> Result<()> {
        if self.heap.bytes().saturating_add(bytes) > self.heap.limit() {
            self.collect()?;
            if self.heap.bytes().saturating_add(bytes) > self.heap.limit() {
                return Err(self.end(End::OutOfMemory));
            }
        }
        Ok(())
    }

    /// Counts these bytes as in use, until the run ends or garbage is collected. Collects nothing.
    ///
    /// # Errors
    /// If memory is used up.
    pub fn account(&mut self, bytes: usize) -> Result<()> {
        match self.heap.account(bytes) {
            Err(_) => Err(self.end(End::OutOfMemory)),
            done => done,
        }
    }

    /// Counts these bytes as in use until [`Lua::release`]. May collect garbage, as
    /// [`Lua::make_room`] does.
    ///
    /// # Errors
    /// If memory is used up.
    pub fn reserve(&mut self, bytes: usize) -> Result<()> {
        self.make_room(bytes)?;
        self.heap.reserve(bytes);
        Ok(())
    }

    /// Ends a reservation of these bytes.
    pub fn release(&mut self, bytes: usize) {
        self.heap.release(bytes);
    }

    /// Notes work, which a later instruction charges for.
    #[inline]
    fn work(&self, units: u64) {
        let work = &self.heap.strings.work;
        work.set(work.get() + units);
    }

    /// Charges for one instruction.
    #[inline]
    fn tick(&mut self) -> Result<()> {
        if self.heap.strings.work.get() < WORK {
            return self.meter.step();
        }
        self.spend(1)
    }

    /// Whether garbage should be collected.
    #[inline]
    const fn collects_soon(&self) -> bool {
        self.heap.is_full()
    }

    /// Collects garbage if the heap is full. Values that are needed afterwards must be on the
    /// stack.
    ///
    /// # Errors
    /// If the script's units or memory are used up.
    #[inline]
    pub fn collect_if_full(&mut self) -> Result<()> {
        if self.heap.is_full() { self.collect() } else { Ok(()) }
    }

    #[cold]
    fn collect(&mut self) -> Result<()> {
        let Lua { heap, flow, main, current, resumers, .. } = self;
        let threads =
            resumers.iter().chain([&*current]).flatten().map(|thread| Value::Thread(*thread));
        let stacks = flow.stack.iter().chain(&main.stack).copied();
        // A running function may already be off the stack, by a tail call or a return.
        let work = heap.collect(
            stacks.chain(threads),
            &[&flow.open[..], &main.open[..]].concat(),
            flow.frames.iter().chain(&main.frames).filter_map(|frame| frame.prototype.as_ref()),
            flow.size() + main.size(),
        );
        if self.heap.bytes() > self.heap.limit() {
            return Err(self.end(End::OutOfMemory));
        }
        self.spend(work)
    }
}

/// Marks a compiled script and all functions in it as permanent.
fn permanent(prototype: Rc<Prototype>) -> Rc<Prototype> {
    let mut prototype = Rc::try_unwrap(prototype).unwrap_or_default();
    prototype.is_permanent = true;
    prototype.prototypes = prototype.prototypes.into_iter().map(permanent).collect();
    Rc::new(prototype)
}
