//! The machine: what a script runs on, and what functions written in Rust do with it.
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
//! what calls that. It keeps what is on the stack: the arguments of all calls that are under way, and what they pushed.
//! A function that calls back into Lua, or makes room, pushes what it needs afterwards.

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

/// The number under which the machine knows a function written in Rust.
#[derive(Clone, Copy, Debug)]
pub struct NativeId(u32);

/// A script that is kept compiled.
#[derive(Clone, Debug)]
pub struct Chunk(Rc<Prototype>);

/// So many slots of the stack are kept from run to run.
const STACK_KEPT: usize = 64 << 10;

/// From so many units of work on that nothing was charged for, they are.
const WORK: u64 = 1_000;

/// Lua.
///
/// # Memory
///
/// Every object counts toward the memory limit from the moment it is made. Garbage counts until it
/// is collected. A function written in Rust has three more things to do:
///
/// - Before it makes a string or a table whose size a script can choose, it calls
///   [`make_room`](Lua::make_room). That collects garbage if the limit is near.
/// - A buffer outside the heap is a [`Buffer`](crate::Buffer), which calls
///   [`reserve`](Lua::reserve) when it grows and [`release`](Lua::release) when it is dropped.
///   Reserved bytes count whatever the collector finds.
/// - What the host keeps of a script's data until the run ends is counted by
///   [`account`](Lua::account). It collects nothing, so values that are not on the stack are safe.
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
    /// The coroutines that wait for one that they resumed.
    resumers: Vec<Option<ThreadRef>>,
    /// What `math.random` draws from.
    random: Random,
    /// How many errors are being handled while the calls that led to them are still on the stack.
    handlers: u32,
    /// How many calls of this machine are under way in Rust.
    depth: u32,
    /// That number when the running coroutine was resumed.
    depth_at_resume: u32,
}

impl std::fmt::Debug for Lua {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lua").field("bytes", &self.heap.bytes()).finish_non_exhaustive()
    }
}

impl Lua {
    /// A machine with the standard libraries. A run of it holds at most so many bytes.
    ///
    /// # Panics
    /// If that is not enough for the libraries.
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

    /// Compiles a script to keep it. To be called between two runs.
    ///
    /// # Errors
    /// The message, if it is no script.
    pub fn compile(&mut self, text: &[u8], name: &str) -> Result<Chunk, Blob> {
        /// What a text costs that is as long as scripts are.
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

    /// Compiles a text for the running script: the function, or a message.
    ///
    /// # Errors
    /// If the script's means are used up.
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

    /// Begins a run with so many units to use up: drops all that earlier runs made.
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
    /// If the script's means are used up. So it is for most of what follows.
    pub fn instantiate(&mut self, chunk: &Chunk) -> Result<FunctionRef> {
        let prototype = Rc::clone(&chunk.0);
        let function = Function::Lua { prototype, upvalues: Box::default() };
        self.heap.new_function(function).map_err(|error| self.ended(error))
    }

    /// From now on a script ends once this says so, which is asked now and then while one runs.
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

    /// Makes a function written in Rust known. To be done before the first run, for these are not
    /// dropped.
    pub fn register(
        &mut self,
        native: impl Fn(&mut Lua, Args) -> Result<usize> + 'static,
    ) -> NativeId {
        self.natives.push(Rc::new(native));
        NativeId(crate::strings::index(self.natives.len() - 1))
    }

    /// A function written in Rust, with values of its own ([`Lua::upvalue`]).
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

    /// Takes so many units off the script's budget: one is what an instruction costs.
    ///
    /// # Errors
    /// If there are not so many.
    #[inline]
    pub fn spend(&mut self, units: u64) -> Result<()> {
        let work = self.heap.strings.work.take();
        self.meter.spend(units.saturating_add(work))
    }

    /// What it costs to read or write so many bytes.
    ///
    /// # Errors
    /// As [`Lua::spend`].
    #[inline]
    pub fn spend_bytes(&mut self, bytes: usize) -> Result<()> {
        self.meter.spend_bytes(bytes)
    }

    /// The host is asked now whether the script is to stop: something took long that costs little.
    ///
    /// # Errors
    /// If it is.
    pub fn look(&mut self) -> Result<()> {
        self.meter.look(0)
    }

    /// How many units there are left.
    #[must_use]
    pub const fn units_left(&self) -> u64 {
        self.meter.left()
    }

    /// From now on the script can only end.
    pub fn end(&mut self, end: End) -> Error {
        self.meter.end(end)
    }

    /// How much memory the run has taken, garbage included, in bytes.
    #[must_use]
    pub const fn memory(&self) -> usize {
        self.heap.bytes()
    }

    /// Makes sure that the memory limit leaves this many bytes. May collect garbage: what is needed
    /// afterwards must be on the stack.
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

    /// Notes work that is charged for with the next instruction.
    #[inline]
    fn work(&self, units: u64) {
        let work = &self.heap.strings.work;
        work.set(work.get() + units);
    }

    /// One instruction more.
    #[inline]
    fn tick(&mut self) -> Result<()> {
        if self.heap.strings.work.get() < WORK {
            return self.meter.step();
        }
        self.spend(1)
    }

    /// Whether it is time to collect garbage.
    #[inline]
    const fn collects_soon(&self) -> bool {
        self.heap.is_full()
    }

    /// Collects garbage, if it is time to. What is needed afterwards must be on the stack.
    ///
    /// # Errors
    /// If the script's means are used up.
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
        // What a tail call or a return has taken off the stack may still be running.
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

/// Marks a compiled script and all functions in it as not belonging to a run.
fn permanent(prototype: Rc<Prototype>) -> Rc<Prototype> {
    let mut prototype = Rc::try_unwrap(prototype).unwrap_or_default();
    prototype.is_permanent = true;
    prototype.prototypes = prototype.prototypes.into_iter().map(permanent).collect();
    Rc::new(prototype)
}
