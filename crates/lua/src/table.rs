//! Tables with the layout of Lua 5.1. The layout decides two things that scripts see: the order of
//! `next`, and which of several borders `#` finds.
//!
//! A table has an array for the elements `1..=n`. `n` is the largest power of two such that more
//! than half of the slots are in use. All other entries are in a hash, by chained scatter with
//! Brent's variation: a colliding key is moved if it is not at its main position. So all keys of a
//! chain have the same main position.
//!
//! Source: `ltable.c` of Lua 5.1.5. Lua hashes an object by its address. Here the hash is the
//! object's index in the heap, so the order does not depend on addresses.

use crate::strings::Strings;
use crate::value::{StringRef, TableRef, Value};

/// The size of a table without its slots, in bytes.
const OVERHEAD: usize = 72;
const NODE_SIZE: usize = 40;
const SLOT_SIZE: usize = 16;

/// The largest array has two to the power of this many elements.
const ARRAY_BITS: usize = 26;

/// A walk through a chain of this many nodes costs nothing.
const FREE_PROBES: u64 = 8;

/// A table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    array: Vec<Value>,
    nodes: Vec<Node>,
    /// All nodes from here on are in use.
    last_free: usize,
    pub(crate) metatable: Option<TableRef>,
    /// Scripts cannot change it.
    pub(crate) is_read_only: bool,
    /// The metamethods that it lacks as a metatable, as far as that is known: a bit for each.
    pub(crate) absent: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    key: Value,
    value: Value,
    /// The index of the next node in the chain, plus one; 0 at its end.
    next: u32,
}

/// Why a key cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadKey {
    Nil,
    NaN,
}

/// The table does not have the key that [`Table::next`] was called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownKey;

impl Table {
    /// A table with room for `elements` and `fields`.
    pub(crate) fn with_capacity(elements: usize, fields: usize) -> Table {
        let array = vec![Value::Nil; elements.min(1 << ARRAY_BITS)];
        let mut table = Table { array, ..Table::default() };
        table.set_nodes(fields);
        table
    }

    /// The [size](Table::size) of a table that is made with this capacity.
    pub(crate) fn size_with_capacity(elements: usize, fields: usize) -> usize {
        let slots = elements.min(1 << ARRAY_BITS).saturating_mul(SLOT_SIZE);
        let nodes = nodes_for(fields);
        nodes.saturating_mul(NODE_SIZE).saturating_add(slots).saturating_add(OVERHEAD)
    }

    /// How much memory it takes.
    pub(crate) fn size(&self) -> usize {
        OVERHEAD + self.array.len() * SLOT_SIZE + self.nodes.len() * NODE_SIZE
    }

    /// All keys and values that it refers to.
    pub(crate) fn for_each_value(&self, mut visit: impl FnMut(Value)) {
        self.array.iter().for_each(|value| visit(*value));
        for node in &self.nodes {
            visit(node.key);
            visit(node.value);
        }
    }

    /// The value at a key.
    #[inline]
    pub(crate) fn get(&self, strings: &Strings, key: Value) -> Value {
        match key {
            Value::String(key) => self.get_string(strings, key),
            Value::Number(number) => self.get_number(strings, number),
            Value::Nil => Value::Nil,
            key => self.find(strings, key).map_or(Value::Nil, |node| self.nodes[node].value),
        }
    }

    #[inline]
    pub(crate) fn get_string(&self, strings: &Strings, key: StringRef) -> Value {
        if self.nodes.is_empty() {
            return Value::Nil;
        }
        let hash = strings.hash(key);
        let mut at = hash as usize & (self.nodes.len() - 1);
        let mut probes = 0;
        loop {
            let node = &self.nodes[at];
            if let Value::String(other) = node.key
                && (other == key || strings.equal(other, key))
            {
                return node.value;
            }
            if node.next == 0 {
                return Value::Nil;
            }
            at = node.next as usize - 1;
            probes += 1;
            if probes > FREE_PROBES {
                strings.work.set(strings.work.get() + 1);
            }
        }
    }

    #[inline]
    pub(crate) fn get_number(&self, strings: &Strings, key: f64) -> Value {
        if let Some(index) = element(key)
            && index <= self.array.len()
        {
            return self.array[index - 1];
        }
        self.find_number(strings, key).map_or(Value::Nil, |node| self.nodes[node].value)
    }

    /// The element at an index. Indexes begin at 1.
    #[inline]
    pub(crate) fn get_element(&self, strings: &Strings, index: usize) -> Value {
        match self.array.get(index.wrapping_sub(1)) {
            Some(value) => *value,
            None => self.get_number(strings, index as f64),
        }
    }

    fn find_number(&self, strings: &Strings, key: f64) -> Option<usize> {
        if self.nodes.is_empty() {
            return None;
        }
        let mut at = self.number_position(key);
        let mut probes = 0;
        loop {
            let node = &self.nodes[at];
            if node.key == Value::Number(key) {
                return Some(at);
            }
            at = (node.next as usize).checked_sub(1)?;
            probes += 1;
            if probes > FREE_PROBES {
                strings.work.set(strings.work.get() + 1);
            }
        }
    }

    /// The node of a key.
    fn find(&self, strings: &Strings, key: Value) -> Option<usize> {
        if self.nodes.is_empty() {
            return None;
        }
        let mut at = self.main_position(strings, key);
        let mut probes = 0;
        loop {
            let node = &self.nodes[at];
            if strings.values_equal(node.key, key) {
                return Some(at);
            }
            at = (node.next as usize).checked_sub(1)?;
            probes += 1;
            if probes > FREE_PROBES {
                strings.work.set(strings.work.get() + 1);
            }
        }
    }

    /// Sets the value at a key. `nil` removes it.
    ///
    /// # Errors
    /// If `key` is nil or NaN.
    #[inline]
    pub(crate) fn set(
        &mut self,
        strings: &Strings,
        key: Value,
        value: Value,
    ) -> Result<(), BadKey> {
        self.absent = 0;
        if let Value::Number(number) = key {
            if let Some(index) = element(number)
                && index <= self.array.len()
            {
                self.array[index - 1] = value;
                return Ok(());
            }
            if number.is_nan() {
                return Err(BadKey::NaN);
            }
        }
        // The key of a free node is nil, too.
        if key.is_nil() {
            return Err(BadKey::Nil);
        }
        match self.find(strings, key) {
            Some(node) => self.nodes[node].value = value,
            // As in Lua, setting a missing key to nil makes a place for it.
            None => self.insert(strings, key, value),
        }
        Ok(())
    }

    /// Sets the element at an index. Indexes begin at 1.
    #[inline]
    pub(crate) fn set_element(&mut self, strings: &Strings, index: usize, value: Value) {
        if let Some(slot) = self.array.get_mut(index.wrapping_sub(1)) {
            *slot = value;
        } else {
            // An index is always a valid key.
            let _ = self.set(strings, Value::Number(index as f64), value);
        }
    }

    /// Adds a key that the table does not have.
    fn insert(&mut self, strings: &Strings, key: Value, value: Value) {
        let mut added = Some((key, value));
        while let Some((key, value)) = added.take() {
            if self.nodes.is_empty() {
                added = self.grow(strings, key, value);
                continue;
            }
            let main = self.main_position(strings, key);
            if self.nodes[main].value.is_nil() {
                let next = self.nodes[main].next;
                self.nodes[main] = Node { key, value, next };
                continue;
            }
            let Some(free) = self.free_position() else {
                added = self.grow(strings, key, value);
                continue;
            };
            let other = self.main_position(strings, self.nodes[main].key);
            if other == main {
                let next = self.nodes[main].next;
                self.nodes[free] = Node { key, value, next };
                self.nodes[main].next = free as u32 + 1;
            } else {
                let mut previous = other;
                let mut steps = 0;
                while self.nodes[previous].next as usize != main + 1 {
                    previous = self.nodes[previous].next as usize - 1;
                    steps += 1;
                }
                strings.work.set(strings.work.get() + steps / 2);
                self.nodes[previous].next = free as u32 + 1;
                self.nodes[free] = self.nodes[main];
                self.nodes[main] = Node { key, value, next: 0 };
            }
        }
    }

    /// Rehashes, and sets the key. Returns the key instead if it belongs in the new hash.
    fn grow(&mut self, strings: &Strings, key: Value, value: Value) -> Option<(Value, Value)> {
        self.rehash(strings, key);
        if let Value::Number(number) = key
            && let Some(index) = element(number)
            && index <= self.array.len()
        {
            self.array[index - 1] = value;
            return None;
        }
        Some((key, value))
    }

    fn free_position(&mut self) -> Option<usize> {
        while self.last_free > 0 {
            self.last_free -= 1;
            if self.nodes[self.last_free].key.is_nil() {
                return Some(self.last_free);
            }
        }
        None
    }

    /// Recomputes the sizes of array and hash, with room for one more key.
    fn rehash(&mut self, strings: &Strings, extra: Value) {
        // The table may keep its size, so [`Heap`](crate::heap::Heap) would not charge for this.
        let work = 4 * self.nodes.len() + self.array.len() / 8;
        strings.work.set(strings.work.get() + work as u64);
        let mut counts = [0_usize; ARRAY_BITS + 1];
        let mut elements = self.count_array(&mut counts);
        let mut total = elements;
        for node in self.nodes.iter().filter(|node| !node.value.is_nil()) {
            elements += usize::from(count_key(node.key, &mut counts));
            total += 1;
        }
        elements += usize::from(count_key(extra, &mut counts));
        total += 1;
        let (size, in_array) = best_array(&counts, elements);
        self.resize(strings, size, total - in_array);
    }

    /// Counts the elements that are not nil, by powers of two: `counts[n]` is the number of those
    /// from 2^(n-1) exclusive to 2^n inclusive.
    fn count_array(&self, counts: &mut [usize; ARRAY_BITS + 1]) -> usize {
        let mut all = 0;
        let (mut from, mut to) = (1, 1);
        for count in counts.iter_mut() {
            let end = to.min(self.array.len());
            if from > end {
                break;
            }
            let here = self.array[from - 1..end].iter().filter(|value| !value.is_nil()).count();
            *count += here;
            all += here;
            from = to + 1;
            to *= 2;
        }
        all
    }

    /// Moves all entries to an array and a hash of these sizes.
    pub(crate) fn resize(&mut self, strings: &Strings, elements: usize, fields: usize) {
        let old_nodes = std::mem::take(&mut self.nodes);
        let tail = if elements < self.array.len() {
            self.array.split_off(elements)
        } else {
            self.array.reserve_exact(elements - self.array.len());
            self.array.resize(elements, Value::Nil);
            Vec::new()
        };
        self.array.shrink_to_fit();
        self.set_nodes(fields);
        for (offset, value) in tail.into_iter().enumerate() {
            if !value.is_nil() {
                self.set_element(strings, elements + offset + 1, value);
            }
        }
        for node in old_nodes.into_iter().rev() {
            if !node.value.is_nil() {
                // The key was valid before.
                let _ = self.set(strings, node.key, node.value);
            }
        }
    }

    /// Makes room for at least this many elements.
    pub(crate) fn reserve_array(&mut self, strings: &Strings, elements: usize) {
        if elements > self.array.len() {
            self.resize(strings, elements, self.nodes.len());
        }
    }

    fn set_nodes(&mut self, fields: usize) {
        let size = nodes_for(fields);
        self.nodes = vec![Node::default(); size];
        self.last_free = size;
    }

    /// A border: an index whose element is not nil and whose successor is, or 0.
    pub(crate) fn length(&self, strings: &Strings) -> usize {
        let size = self.array.len();
        if size > 0 && self.array[size - 1].is_nil() {
            let (mut low, mut high) = (0, size);
            while high - low > 1 {
                let middle = (low + high) / 2;
                if self.array[middle - 1].is_nil() {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            return low;
        }
        if self.nodes.is_empty() { size } else { self.unbound_length(strings, size) }
    }

    fn unbound_length(&self, strings: &Strings, known: usize) -> usize {
        let is_nil = |index: usize| self.get_element(strings, index).is_nil();
        let (mut low, mut high) = (known, known + 1);
        while !is_nil(high) {
            low = high;
            high *= 2;
            if high > i32::MAX as usize {
                // A script can make this search long, but not longer than the number of nodes.
                let border = (1..).find(|index| is_nil(*index)).unwrap_or(1) - 1;
                strings.work.set(strings.work.get() + border as u64);
                return border;
            }
        }
        while high - low > 1 {
            let middle = (low + high) / 2;
            if is_nil(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }

    /// The entry after `key` in iteration order. The first entry comes after nil.
    ///
    /// # Errors
    /// If the table has no such key.
    pub(crate) fn next(
        &self,
        strings: &Strings,
        key: Value,
    ) -> Result<Option<(Value, Value)>, UnknownKey> {
        let mut at = self.walk_position(strings, key)?;
        while at < self.array.len() {
            if !self.array[at].is_nil() {
                return Ok(Some((Value::Number((at + 1) as f64), self.array[at])));
            }
            at += 1;
            strings.work.set(strings.work.get() + 1);
        }
        for node in &self.nodes[at - self.array.len()..] {
            if !node.value.is_nil() {
                return Ok(Some((node.key, node.value)));
            }
            strings.work.set(strings.work.get() + 1);
        }
        Ok(None)
    }

    fn walk_position(&self, strings: &Strings, key: Value) -> Result<usize, UnknownKey> {
        match key {
            Value::Nil => return Ok(0),
            Value::Number(number) => {
                if let Some(index) = element(number)
                    && index <= self.array.len()
                {
                    return Ok(index);
                }
            }
            _ => {}
        }
        let node = self.find(strings, key).ok_or(UnknownKey)?;
        Ok(self.array.len() + node + 1)
    }

    /// The main position of a key in the hash, which must not be empty.
    fn main_position(&self, strings: &Strings, key: Value) -> usize {
        let mask = self.nodes.len() - 1;
        match key {
            Value::Nil | Value::Null => 0,
            Value::Boolean(value) => usize::from(value) & mask,
            Value::Number(number) => self.number_position(number),
            Value::String(string) => strings.hash(string) as usize & mask,
            Value::Table(TableRef(number)) => self.object_position(number),
            Value::Function(function) => self.object_position(function.0),
            Value::Thread(thread) => self.object_position(thread.0),
        }
    }

    fn object_position(&self, number: u32) -> usize {
        number as usize % ((self.nodes.len() - 1) | 1)
    }

    fn number_position(&self, number: f64) -> usize {
        if number == 0.0 {
            return 0;
        }
        let bits = number.to_bits();
        let sum = (bits as u32).wrapping_add((bits >> 32) as u32);
        sum as usize % ((self.nodes.len() - 1) | 1)
    }
}

/// How many nodes a hash with room for that many fields has.
const fn nodes_for(fields: usize) -> usize {
    match fields {
        0 => 0,
        1.. => match fields.checked_next_power_of_two() {
            Some(nodes) => nodes,
            None => usize::MAX,
        },
    }
}

/// The array index that a key stands for, if any.
#[inline]
fn element(key: f64) -> Option<usize> {
    let index = key as usize;
    (index as f64 == key && (1..=1 << ARRAY_BITS).contains(&index)).then_some(index)
}

/// Counts a key if it is an index.
fn count_key(key: Value, counts: &mut [usize; ARRAY_BITS + 1]) -> bool {
    let Value::Number(number) = key else { return false };
    let Some(index) = element(number) else { return false };
    counts[(index - 1).checked_ilog2().map_or(0, |bits| bits as usize + 1)] += 1;
    true
}

/// The size of the array, and how many elements will be in it.
fn best_array(counts: &[usize; ARRAY_BITS + 1], elements: usize) -> (usize, usize) {
    let (mut sum, mut size, mut in_array) = (0, 0, 0);
    let mut power = 1;
    for count in counts {
        if power / 2 >= elements {
            break;
        }
        if *count > 0 {
            sum += count;
            if sum > power / 2 {
                size = power;
                in_array = sum;
            }
        }
        if sum == elements {
            break;
        }
        power *= 2;
    }
    (size, in_array)
}
