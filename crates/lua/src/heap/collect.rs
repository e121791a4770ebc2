//! Mark and sweep.
//!
//! Permanent objects are neither swept nor looked into. So an object of a run is freed even if a
//! permanent table refers to it, unless the stack does too. Scripts cannot store such a reference
//! where the host has made the permanent tables read-only. A host that stores one pushes the object
//! as well.

use std::rc::Rc;

use super::{COROUTINE_SIZE, Function, Heap, UPVALUE_SIZE, Upvalue, collect_at};
use crate::prototype::Prototype;
use crate::strings::index;
use crate::value::{UpvalueRef, Value};

/// The objects that have been reached.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    strings: Vec<bool>,
    tables: Vec<bool>,
    functions: Vec<bool>,
    upvalues: Vec<bool>,
    coroutines: Vec<bool>,
    /// Values that have been reached, and whose contents have not been visited yet.
    waiting: Vec<Value>,
    /// Compiled functions whose contents have not been visited yet.
    prototypes: Vec<Rc<Prototype>>,
    /// How many compiled functions were visited. A function that several calls run counts once for
    /// each.
    seen: usize,
    /// The size of all objects that have been reached.
    bytes: usize,
}

impl Heap {
    /// Frees the objects that cannot be reached from `roots`, the upvalues in `open`, and the
    /// compiled functions in `running`. `stacks` is the size of the stacks in bytes. Returns the
    /// cost in units.
    pub(crate) fn collect<'a>(
        &mut self,
        roots: impl Iterator<Item = Value>,
        open: &[UpvalueRef],
        running: impl Iterator<Item = &'a Rc<Prototype>>,
        stacks: usize,
    ) -> u64 {
        self.collections = self.collections.wrapping_add(1);
        let mut marks = Marks {
            strings: vec![false; self.strings.count()],
            tables: vec![false; self.tables.len()],
            functions: vec![false; self.functions.len()],
            upvalues: vec![false; self.upvalues.len()],
            coroutines: vec![false; self.coroutines.len()],
            ..Marks::default()
        };
        // Permanent objects do not count: how many there are depends on which compiled scripts are
        // kept.
        let objects = (self.strings.count() - self.permanent.strings)
            + (self.tables.len() - self.permanent.tables)
            + (self.functions.len() - self.permanent.functions)
            + self.upvalues.len()
            + self.coroutines.len();
        for root in roots {
            self.reach(&mut marks, root);
        }
        for upvalue in open {
            self.reach_upvalue(&mut marks, *upvalue);
        }
        for prototype in running {
            self.reach_prototype(&mut marks, prototype);
        }
        loop {
            if let Some(value) = marks.waiting.pop() {
                self.look_into(&mut marks, value);
            } else if let Some(prototype) = marks.prototypes.pop() {
                self.reach_prototype(&mut marks, &prototype);
            } else {
                break;
            }
        }
        self.sweep(&marks);
        self.bytes = marks.bytes + self.reserved + stacks;
        self.collect_at = collect_at(self.bytes, self.limit);
        (objects + marks.seen + self.bytes / 64) as u64
    }

    fn reach(&self, marks: &mut Marks, value: Value) {
        let (list, place, permanent) = match value {
            Value::Nil | Value::Null | Value::Boolean(_) | Value::Number(_) => return,
            Value::String(string) => {
                let place = string.0 as usize;
                if place >= self.permanent.strings && !marks.strings[place] {
                    marks.strings[place] = true;
                    marks.bytes += self.strings.size(place);
                }
                return;
            }
            Value::Table(table) => (&mut marks.tables, table.0, self.permanent.tables),
            Value::Function(function) => {
                (&mut marks.functions, function.0, self.permanent.functions)
            }
            Value::Thread(thread) => (&mut marks.coroutines, thread.0, 0),
        };
        let place = place as usize;
        if place >= permanent && !list[place] {
            list[place] = true;
            marks.waiting.push(value);
        }
    }

    fn reach_upvalue(&self, marks: &mut Marks, upvalue: UpvalueRef) {
        let place = upvalue.0 as usize;
        if marks.upvalues[place] {
            return;
        }
        marks.upvalues[place] = true;
        marks.bytes += UPVALUE_SIZE;
        match self.upvalues[place] {
            Upvalue::Closed(value) => self.reach(marks, value),
            Upvalue::Open { owner: Some(owner), .. } => self.reach(marks, Value::Thread(owner)),
            Upvalue::Open { owner: None, .. } => {}
        }
    }

    fn look_into(&self, marks: &mut Marks, value: Value) {
        match value {
            Value::Table(table) => {
                let table = self.table(table);
                marks.bytes += table.size();
                table.for_each_value(|value| self.reach(marks, value));
                if let Some(metatable) = table.metatable {
                    self.reach(marks, Value::Table(metatable));
                }
            }
            Value::Function(function) => {
                let function = self.function(function);
                marks.bytes += function.size();
                match function {
                    Function::Free => {}
                    Function::Lua { prototype, upvalues } => {
                        self.reach_prototype(marks, prototype);
                        upvalues.iter().for_each(|upvalue| self.reach_upvalue(marks, *upvalue));
                    }
                    Function::Native { upvalues, .. } => {
                        upvalues.iter().for_each(|value| self.reach(marks, *value));
                    }
                }
            }
            Value::Thread(thread) => {
                let coroutine = self.coroutine(thread);
                marks.bytes += COROUTINE_SIZE + coroutine.size();
                coroutine.for_each_value(|value| self.reach(marks, value));
                for upvalue in coroutine.open_upvalues() {
                    self.reach_upvalue(marks, *upvalue);
                }
            }
            Value::Nil | Value::Null | Value::Boolean(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Permanent functions are skipped: they refer only to permanent objects.
    fn reach_prototype(&self, marks: &mut Marks, prototype: &Rc<Prototype>) {
        marks.seen += 1;
        if prototype.is_permanent || prototype.mark.replace(self.collections) == self.collections {
            return;
        }
        marks.bytes += prototype.size();
        prototype.constants.iter().for_each(|value| self.reach(marks, *value));
        marks.prototypes.extend(prototype.prototypes.iter().map(Rc::clone));
    }

    fn sweep(&mut self, marks: &Marks) {
        self.strings.sweep(self.permanent.strings, &marks.strings);
        let Heap { tables, functions, upvalues, coroutines, free, permanent, .. } = self;
        sweep(tables, &mut free.tables, permanent.tables, &marks.tables);
        sweep(functions, &mut free.functions, permanent.functions, &marks.functions);
        sweep(coroutines, &mut free.coroutines, 0, &marks.coroutines);
        free.upvalues.clear();
        for place in (0..upvalues.len()).rev().filter(|place| !marks.upvalues[*place]) {
            upvalues[place] = Upvalue::Closed(Value::Nil);
            free.upvalues.push(index(place));
        }
    }
}

/// Frees the objects that are not marked. The lowest free place is used again first.
fn sweep<T: Default>(list: &mut [T], free: &mut Vec<u32>, permanent: usize, marks: &[bool]) {
    free.clear();
    for place in (permanent..list.len()).rev().filter(|place| !marks[*place]) {
        list[place] = T::default();
        free.push(index(place));
    }
}
