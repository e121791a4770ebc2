//! The heap: strings, tables, functions and coroutines.
//!
//! Each kind of object has a list, and a [`Value`] holds an index into it. The first objects of
//! each list are *permanent*: the libraries, and the constants of compiled scripts that are kept.
//! All other objects belong to one run. [`Heap::reset`] drops them, so that each run begins with
//! the same heap.
//!
//! Memory is accounted for, not measured: a fixed formula gives the size of each object. When the
//! sum reaches a threshold, the machine marks the reachable objects and sweeps the others
//! ([`Heap::collect`]). The moment depends only on what the script did. There are no weak tables:
//! `__mode` is ignored, so a script cannot observe the collector.

mod collect;

use std::rc::Rc;

use blob::Blob;

use crate::coroutine::Coroutine;
use crate::error::{End, Result};
use crate::prototype::Prototype;
use crate::strings::{KEPT, Strings, index};
use crate::table::{BadKey, Table};
use crate::value::{FunctionRef, StringRef, TableRef, ThreadRef, UpvalueRef, Value};

/// The size of a function without its upvalues, in bytes.
const FUNCTION_SIZE: usize = 48;
const UPVALUE_SIZE: usize = 32;
const COROUTINE_SIZE: usize = 160;

/// The first collection happens once this many bytes are in use, or earlier if the limit is lower.
const COLLECT_AFTER: usize = 4 << 20;

/// All objects.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    pub(crate) strings: Strings,
    tables: Vec<Table>,
    functions: Vec<Function>,
    upvalues: Vec<Upvalue>,
    coroutines: Vec<Coroutine>,
    free: Free,
    permanent: Counts,
    /// The size of all objects that are not permanent, plus `reserved`.
    bytes: usize,
    /// The part of `bytes` that buffers outside the heap reserve. A collection keeps it.
    reserved: usize,
    /// The most bytes that a run may use.
    limit: usize,
    /// Garbage is collected once `bytes` reaches this.
    collect_at: usize,
    /// The number of collections so far. A collection marks the compiled functions that it reaches
    /// with it.
    collections: u64,
}

#[derive(Debug, Default)]
struct Free {
    tables: Vec<u32>,
    functions: Vec<u32>,
    upvalues: Vec<u32>,
    coroutines: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    strings: usize,
    tables: usize,
    functions: usize,
}

/// A function.
#[derive(Debug, Default)]
pub(crate) enum Function {
    #[default]
    Free,
    Lua {
        prototype: Rc<Prototype>,
        upvalues: Box<[UpvalueRef]>,
    },
    /// A function written in Rust: its number in the machine, and its own values.
    Native {
        native: u32,
        upvalues: Box<[Value]>,
    },
}

/// A local variable that an inner function uses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Upvalue {
    /// The variable is still on the stack of a coroutine, or of the main program.
    Open {
        owner: Option<ThreadRef>,
        slot: u32,
    },
    Closed(Value),
}

impl Heap {
    /// An empty heap that holds at most `limit` bytes in one run.
    pub(crate) fn new(limit: usize) -> Heap {
        Heap { limit, collect_at: collect_at(0, limit), ..Heap::default() }
    }

    /// Makes all existing objects permanent.
    pub(crate) fn make_permanent(&mut self) {
        self.permanent = Counts {
            strings: self.strings.count(),
            tables: self.tables.len(),
            functions: self.functions.len(),
        };
        // Free places among the permanent objects are not used again.
        self.strings.forget_free();
        self.free = Free::default();
        self.bytes = 0;
    }

    /// Drops all objects that are not permanent.
    pub(crate) fn reset(&mut self) {
        self.strings.reset(self.permanent.strings);
        self.tables.truncate(self.permanent.tables);
        self.functions.truncate(self.permanent.functions);
        self.upvalues.clear();
        self.coroutines.clear();
        self.free.tables.clear();
        self.free.functions.clear();
        self.free.upvalues.clear();
        self.free.coroutines.clear();
        self.tables.shrink_to(self.permanent.tables + KEPT);
        self.functions.shrink_to(self.permanent.functions + KEPT);
        self.upvalues.shrink_to(KEPT);
        self.coroutines.shrink_to(KEPT);
        for free in [&mut self.free.tables, &mut self.free.functions, &mut self.free.upvalues] {
            free.shrink_to(KEPT);
        }
        self.bytes = 0;
        self.reserved = 0;
        self.collect_at = collect_at(0, self.limit);
    }

    /// The bytes in use by this run, garbage included.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The most bytes that a run may use.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// The number of collections so far.
    #[cfg(test)]
    pub(crate) const fn collections(&self) -> u64 {
        self.collections
    }

    /// Whether garbage should be collected at the next moment when all values in use are reachable.
    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.bytes >= self.collect_at
    }

    /// Adds bytes to the account: an object was made, or has grown. The next collection counts
    /// them only if it reaches the object.
    ///
    /// # Errors
    /// If the account exceeds the limit and its headroom, garbage included.
    #[inline]
    pub(crate) fn account(&mut self, bytes: usize) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        let most = self.limit + headroom(self.limit);
        if self.bytes > most { Err(End::OutOfMemory.into()) } else { Ok(()) }
    }

    /// Takes bytes off the account: an object has shrunk.
    pub(crate) fn discount(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Adds bytes to the account that every collection counts, until [`Heap::release`].
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.reserved += bytes;
        self.bytes += bytes;
    }

    /// Takes reserved bytes off the account.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.reserved = self.reserved.saturating_sub(bytes);
        self.discount(bytes);
    }

    /// A new string.
    ///
    /// # Errors
    /// If memory is used up. The other methods that make an object fail for the same reason.
    pub(crate) fn new_string(&mut self, bytes: Blob) -> Result<StringRef> {
        let (string, size) = self.strings.add(bytes);
        self.account(size)?;
        Ok(string)
    }

    /// A new table with room for `elements` and `fields`.
    pub(crate) fn new_table(&mut self, elements: usize, fields: usize) -> Result<TableRef> {
        self.account(Table::size_with_capacity(elements, fields))?;
        let table = Table::with_capacity(elements, fields);
        let place = place(&mut self.tables, &mut self.free.tables, table);
        Ok(TableRef(place))
    }

    pub(crate) fn new_function(&mut self, function: Function) -> Result<FunctionRef> {
        self.account(function.size())?;
        Ok(FunctionRef(place(&mut self.functions, &mut self.free.functions, function)))
    }

    pub(crate) fn new_upvalue(&mut self, upvalue: Upvalue) -> Result<UpvalueRef> {
        self.account(UPVALUE_SIZE)?;
        Ok(UpvalueRef(place(&mut self.upvalues, &mut self.free.upvalues, upvalue)))
    }

    pub(crate) fn new_coroutine(&mut self, coroutine: Coroutine) -> Result<ThreadRef> {
        self.account(COROUTINE_SIZE)?;
        Ok(ThreadRef(place(&mut self.coroutines, &mut self.free.coroutines, coroutine)))
    }

    #[inline]
    pub(crate) fn table(&self, table: TableRef) -> &Table {
        &self.tables[table.0 as usize]
    }

    /// For changes other than to keys and values.
    #[inline]
    pub(crate) fn table_mut(&mut self, table: TableRef) -> &mut Table {
        &mut self.tables[table.0 as usize]
    }

    #[inline]
    pub(crate) fn function(&self, function: FunctionRef) -> &Function {
        &self.functions[function.0 as usize]
    }

    pub(crate) fn function_mut(&mut self, function: FunctionRef) -> &mut Function {
        &mut self.functions[function.0 as usize]
    }

    #[inline]
    pub(crate) fn upvalue(&self, upvalue: UpvalueRef) -> Upvalue {
        self.upvalues[upvalue.0 as usize]
    }

    #[inline]
    pub(crate) fn upvalue_mut(&mut self, upvalue: UpvalueRef) -> &mut Upvalue {
        &mut self.upvalues[upvalue.0 as usize]
    }

    pub(crate) fn coroutine(&self, thread: ThreadRef) -> &Coroutine {
        &self.coroutines[thread.0 as usize]
    }

    pub(crate) fn coroutine_mut(&mut self, thread: ThreadRef) -> &mut Coroutine {
        &mut self.coroutines[thread.0 as usize]
    }

    /// The value in a table at a key, without metamethods.
    #[inline]
    pub(crate) fn get(&self, table: TableRef, key: Value) -> Value {
        self.tables[table.0 as usize].get(&self.strings, key)
    }

    /// Sets the value in a table at a key, without metamethods.
    ///
    /// # Errors
    /// If `key` is nil or NaN (the inner error), or memory is used up.
    #[inline]
    pub(crate) fn set(
        &mut self,
        table: TableRef,
        key: Value,
        value: Value,
    ) -> Result<Result<(), BadKey>> {
        let table = &mut self.tables[table.0 as usize];
        let before = table.size();
        let set = table.set(&self.strings, key, value);
        let after = table.size();
        if after != before {
            self.resized(before, after)?;
        }
        Ok(set)
    }

    /// Sets the element of a table at an index, without metamethods. Indexes begin at 1.
    ///
    /// # Errors
    /// If memory is used up.
    #[inline]
    pub(crate) fn set_element(
        &mut self,
        table: TableRef,
        index: usize,
        value: Value,
    ) -> Result<()> {
        let table = &mut self.tables[table.0 as usize];
        let before = table.size();
        table.set_element(&self.strings, index, value);
        let after = table.size();
        if after != before { self.resized(before, after) } else { Ok(()) }
    }

    /// Makes room in a table for this many elements.
    ///
    /// # Errors
    /// If memory is used up.
    pub(crate) fn reserve_array(&mut self, table: TableRef, elements: usize) -> Result<()> {
        let table = &mut self.tables[table.0 as usize];
        let before = table.size();
        table.reserve_array(&self.strings, elements);
        let after = table.size();
        self.resized(before, after)
    }

    /// Accounts for a table that was laid out again. The work grows with the table's size.
    fn resized(&mut self, before: usize, after: usize) -> Result<()> {
        let work = &self.strings.work;
        work.set(work.get() + (before.max(after) / 64) as u64);
        self.discount(before);
        self.account(after)
    }
}

/// The size at which the next collection starts, given the bytes in use: twice that, or the limit
/// if that is lower. At least half the headroom must be allocated first. Otherwise a heap that is
/// nearly full would be collected for each new object.
const fn collect_at(used: usize, limit: usize) -> usize {
    let wanted = if 2 * used > COLLECT_AFTER { 2 * used } else { COLLECT_AFTER };
    let wanted = if wanted < limit { wanted } else { limit };
    let soonest = used + headroom(limit) / 2;
    if wanted > soonest { wanted } else { soonest }
}

/// How far the limit may be exceeded before garbage is collected.
const fn headroom(limit: usize) -> usize {
    limit / 16
}

/// Puts an object into a list. Returns its index.
fn place<T>(list: &mut Vec<T>, free: &mut Vec<u32>, object: T) -> u32 {
    if let Some(place) = free.pop() {
        list[place as usize] = object;
        return place;
    }
    list.push(object);
    index(list.len() - 1)
}

impl Function {
    fn size(&self) -> usize {
        match self {
            Function::Free => 0,
            Function::Lua { upvalues, .. } => FUNCTION_SIZE + 4 * upvalues.len(),
            Function::Native { upvalues, .. } => FUNCTION_SIZE + 16 * upvalues.len(),
        }
    }
}
