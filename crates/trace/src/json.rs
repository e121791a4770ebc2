//! Writes lines of JSON, byte for byte as `serde_json` does, in a third of the time.
//!
//! A recording should cost no more than the run itself, and JSON is most of its cost. So each event
//! type is inlined into one function, in which names are constants that take one or two moves.
//! There is one check for room per line. Bytes that do not fit are only counted, and such a line is
//! written again in a larger buffer.
//!
//! `serde_json` writes rare items: floats, numbers beyond 64 bits, and text that needs escapes.

use serde::ser::{self, Serialize};
use serde_json::Error;

/// The size of the largest piece of known length.
const SLACK: usize = 32;

/// A buffer of lines that are not written yet.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The buffer. It is longer than its capacity by [`SLACK`].
    bytes: Vec<u8>,
    len: usize,
}

impl Lines {
    /// Creates an empty buffer with room for `room` bytes.
    pub(crate) fn new(room: usize) -> Lines {
        Lines { bytes: vec![0; room + SLACK], len: 0 }
    }

    /// The lines so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds a line.
    ///
    /// # Panics
    /// If the item is not JSON, such as a map with keys that are not strings. That is a mistake in
    /// its type.
    #[inline(always)]
    pub(crate) fn push(&mut self, item: &impl Serialize) {
        loop {
            let mut out = Out { bytes: &mut self.bytes, len: self.len };
            item.serialize(Writer { out: &mut out }).expect("what is recorded is JSON");
            out.put(*b"\n");
            let len = out.len;
            if len <= self.bytes.len() - SLACK {
                self.len = len;
                return;
            }
            self.make_room(len);
        }
    }

    #[cold]
    fn make_room(&mut self, len: usize) {
        self.bytes.resize(2 * len + SLACK, 0);
    }
}

/// The current line, and the lines before it. The fields fit into registers.
struct Out<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl Out<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        const { assert!(N <= SLACK) };
        let at = self.len.min(self.bytes.len() - SLACK);
        self.bytes[at..][..N].copy_from_slice(&bytes);
        self.len += N;
    }

    #[inline(always)]
    fn put_slice(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(room) = self.bytes.get_mut(self.len..end) {
            room.copy_from_slice(bytes);
        }
        self.len = end;
    }

    #[inline(always)]
    fn put_u64(&mut self, number: u64) {
        if number < 10 {
            return self.put([b'0' + number as u8]);
        }
        let at = self.len.min(self.bytes.len() - SLACK);
        self.len += put_digits(&mut self.bytes[at..], number);
    }

    /// The name of a field or of a variant, which needs no escaping.
    #[inline(always)]
    fn put_name(&mut self, name: &'static str) {
        debug_assert!(!name.bytes().any(needs_escape), "{name} is no name");
        self.put(*b"\"");
        self.put_slice(name.as_bytes());
        self.put(*b"\"");
    }

    #[inline(always)]
    fn put_rare<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.put_slice(&serde_json::to_vec(value)?);
        Ok(())
    }
}

/// Writes a number of several digits, and returns the number of digits.
fn put_digits(room: &mut [u8], mut number: u64) -> usize {
    let digits = number.ilog10() as usize + 1;
    for pair in room[..digits].rchunks_mut(2) {
        let last = (number % 100) as u8;
        number /= 100;
        match pair {
            [tens, ones] => (*tens, *ones) = (b'0' + last / 10, b'0' + last % 10),
            pair => pair[0] = b'0' + last,
        }
    }
    digits
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

struct Writer<'a, 'b> {
    out: &'a mut Out<'b>,
}

/// A value between brackets.
struct Compound<'a, 'b> {
    out: &'a mut Out<'b>,
    is_empty: bool,
    end: &'static str,
}

impl<'a, 'b> Writer<'a, 'b> {
    #[inline(always)]
    fn open(self, bracket: u8, end: &'static str) -> Result<Compound<'a, 'b>, Error> {
        self.out.put([bracket]);
        Ok(Compound { out: self.out, is_empty: true, end })
    }

    /// Opens `{"variant":`.
    #[inline(always)]
    fn variant(&mut self, variant: &'static str) {
        self.out.put(*b"{");
        self.out.put_name(variant);
        self.out.put(*b":");
    }
}

impl Compound<'_, '_> {
    #[inline(always)]
    fn separate(&mut self) {
        if !self.is_empty {
            self.out.put(*b",");
        }
        self.is_empty = false;
    }

    #[inline(always)]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.separate();
        value.serialize(Writer { out: self.out })
    }

    #[inline(always)]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.separate();
        self.out.put_name(name);
        self.out.put(*b":");
        value.serialize(Writer { out: self.out })
    }

    #[inline(always)]
    fn close(self) -> Result<(), Error> {
        self.out.put_slice(self.end.as_bytes());
        Ok(())
    }
}

macro_rules! unsigned {
    ($($method:ident: $int:ty),*) => {$(
        #[inline(always)]
        fn $method(self, v: $int) -> Result<(), Error> {
            self.out.put_u64(v.into());
            Ok(())
        }
    )*};
}

macro_rules! signed {
    ($($method:ident: $int:ty),*) => {$(
        #[inline(always)]
        fn $method(self, v: $int) -> Result<(), Error> {
            if v < 0 {
                self.out.put(*b"-");
            }
            self.out.put_u64(v.unsigned_abs().into());
            Ok(())
        }
    )*};
}

macro_rules! rare {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, v: $type) -> Result<(), Error> {
            self.out.put_rare(&v)
        }
    )*};
}

impl<'a, 'b> ser::Serializer for Writer<'a, 'b> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'a, 'b>;
    type SerializeTuple = Compound<'a, 'b>;
    type SerializeTupleStruct = Compound<'a, 'b>;
    type SerializeTupleVariant = Compound<'a, 'b>;
    type SerializeMap = Compound<'a, 'b>;
    type SerializeStruct = Compound<'a, 'b>;
    type SerializeStructVariant = Compound<'a, 'b>;

    unsigned! {
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    }
    signed! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64
    }
    rare! {
        serialize_i128: i128, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64,
        serialize_char: char
    }

    #[inline(always)]
    fn serialize_bool(self, v: bool) -> Result<(), Error> {
        self.out.put_slice(if v { b"true" } else { b"false" });
        Ok(())
    }

    #[inline(always)]
    fn serialize_str(self, v: &str) -> Result<(), Error> {
        if v.bytes().any(needs_escape) {
            return self.out.put_rare(v);
        }
        self.out.put(*b"\"");
        self.out.put_slice(v.as_bytes());
        self.out.put(*b"\"");
        Ok(())
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<(), Error> {
        let mut seq = self.serialize_seq(Some(v.len()))?;
        v.iter().try_for_each(|byte| seq.element(byte))?;
        seq.close()
    }

    #[inline(always)]
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline(always)]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline(always)]
    fn serialize_unit(self) -> Result<(), Error> {
        self.out.put(*b"null");
        Ok(())
    }

    #[inline(always)]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline(always)]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.out.put_name(variant);
        Ok(())
    }

    #[inline(always)]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline(always)]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.variant(variant);
        value.serialize(Writer { out: self.out })?;
        self.out.put(*b"}");
        Ok(())
    }

    #[inline(always)]
    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'a, 'b>, Error> {
        self.open(b'[', "]")
    }

    #[inline(always)]
    fn serialize_tuple(self, _: usize) -> Result<Compound<'a, 'b>, Error> {
        self.open(b'[', "]")
    }

    #[inline(always)]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a, 'b>, Error> {
        self.open(b'[', "]")
    }

    #[inline(always)]
    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a, 'b>, Error> {
        self.variant(variant);
        self.open(b'[', "]}")
    }

    #[inline(always)]
    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'a, 'b>, Error> {
        self.open(b'{', "}")
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'a, 'b>, Error> {
        self.open(b'{', "}")
    }

    #[inline(always)]
    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a, 'b>, Error> {
        self.variant(variant);
        self.open(b'{', "}}")
    }
}

macro_rules! elements {
    ($($part:ident: $method:ident),*) => {$(
        impl ser::$part for Compound<'_, '_> {
            type Ok = ();
            type Error = Error;

            #[inline(always)]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            #[inline(always)]
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}

elements! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
}

macro_rules! fields {
    ($($part:ident),*) => {$(
        impl ser::$part for Compound<'_, '_> {
            type Ok = ();
            type Error = Error;

            #[inline(always)]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(name, value)
            }

            #[inline(always)]
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    /// Keys are strings, or types that `serde_json` turns into strings.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.separate();
        let text = serde_json::to_vec(key)?;
        match text.first() {
            Some(b'"') => self.out.put_slice(&text),
            Some(b'0'..=b'9' | b'-' | b't' | b'f') => {
                self.out.put(*b"\"");
                self.out.put_slice(&text);
                self.out.put(*b"\"");
            }
            _ => return Err(ser::Error::custom("a key must be a string")),
        }
        self.out.put(*b":");
        Ok(())
    }

    #[inline(always)]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Writer { out: self.out })
    }

    #[inline(always)]
    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    /// A value of every kind that a type can contain.
    #[derive(Clone, Debug, Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum Thing {
        Nothing,
        Number(i64),
        Large(i128, u128),
        Text { plain_text: String, letter: char, yes: bool },
        Optional(Option<Box<Thing>>),
        Many(Vec<Thing>),
        Named(BTreeMap<String, Thing>),
        Numbered(BTreeMap<u16, ()>),
        Float(f64),
        Bytes([u8; 3], (u8, i8)),
    }

    #[derive(Serialize)]
    struct Whole<'a> {
        thing: &'a Thing,
        #[serde(skip)]
        _skipped: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        sometimes: Option<u64>,
        empty: (),
    }

    fn thing() -> impl Strategy<Value = Thing> {
        let leaf = prop_oneof![
            Just(Thing::Nothing),
            any::<i64>().prop_map(Thing::Number),
            (0..100i64).prop_map(Thing::Number),
            any::<(i128, u128)>().prop_map(|(a, b)| Thing::Large(a, b)),
            (any::<String>(), any::<char>(), any::<bool>())
                .prop_map(|(plain_text, letter, yes)| Thing::Text { plain_text, letter, yes }),
            vec(any::<u16>().prop_map(|key| (key, ())), 0..3)
                .prop_map(|all| Thing::Numbered(all.into_iter().collect())),
            any::<f64>().prop_map(Thing::Float),
            any::<([u8; 3], (u8, i8))>().prop_map(|(a, b)| Thing::Bytes(a, b)),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::option::of(inner.clone())
                    .prop_map(|thing| Thing::Optional(thing.map(Box::new))),
                vec(inner.clone(), 0..5).prop_map(Thing::Many),
                btree_map(any::<String>(), inner, 0..5).prop_map(Thing::Named),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_writes_what_serde_json_writes(
            things in vec((thing(), any::<Option<u64>>()), 1..8),
            room in 0..200usize,
        ) {
            let (mut lines, mut expected) = (Lines::new(room), Vec::new());
            for (thing, sometimes) in &things {
                let whole = Whole { thing, _skipped: 0, sometimes: *sometimes, empty: () };
                lines.push(&whole);
                serde_json::to_writer(&mut expected, &whole).unwrap();
                expected.push(b'\n');
                prop_assert_eq!(lines.as_bytes().escape_ascii().to_string(),
                    expected.escape_ascii().to_string());
            }
            lines.clear();
            prop_assert!(lines.as_bytes().is_empty());
        }
    }

    #[test]
    fn numbers_at_every_number_of_digits() {
        let mut lines = Lines::new(64);
        for number in (0..20).flat_map(|digits| {
            let power = 10u64.pow(digits);
            [power - 1, power, power + 1]
        }) {
            for number in [number, u64::MAX - number] {
                lines.clear();
                lines.push(&number);
                assert_eq!(lines.as_bytes(), format!("{number}\n").as_bytes());
            }
        }
    }
}
