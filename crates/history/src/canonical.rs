//! The canonical encoding: the bytes over which digests are computed.
//!
//! It depends on the value alone, never on platform or compiler, unlike `std::hash`. Every
//! `Serialize` type has an encoding:
//!
//! - integers, `bool` and `char` are little-endian and as wide as their type; floats have no
//!   encoding, because simulated state may not contain floats;
//! - strings, byte strings, sequences and maps are their length (u32) and then their elements;
//! - tuples, arrays and structs are their fields in the order of declaration, without a length;
//! - an enum is the index of its variant (u8) and then the variant's fields; `Option` is an enum
//!   of none (0) and some (1).
//!
//! There is no decoder: digests only need the encoding.

use std::fmt;

use serde::ser::{self, Serialize};

/// Appends the canonical encoding of `value` to `out`.
///
/// ```
/// let mut bytes = Vec::new();
/// history::canonical::encode(&(7u16, Some("ab")), &mut bytes);
/// assert_eq!(bytes, [7, 0, 1, 2, 0, 0, 0, b'a', b'b']);
/// ```
///
/// # Panics
/// If the value has no canonical encoding: it contains a float, a sequence of unknown length, or an
/// enum with more than 256 variants. That is a mistake in the type.
pub fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    encode_into(value, out);
}

/// The receiver of encoded bytes.
pub(crate) trait Sink {
    fn put<const N: usize>(&mut self, bytes: [u8; N]);
    fn put_slice(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.extend_from_slice(&bytes);
    }

    #[inline(always)]
    fn put_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

#[inline(always)]
pub(crate) fn encode_into<T: Serialize + ?Sized, S: Sink>(value: &T, out: &mut S) {
    match value.serialize(Encoder { out }) {
        Ok(()) => (),
    }
}

struct Encoder<'a, S> {
    out: &'a mut S,
}

/// The error type of an encoding that cannot fail. A value without an encoding panics, so that the
/// encoder need not check each field.
#[derive(Debug)]
enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    fn custom<T: fmt::Display>(message: T) -> Self {
        no_encoding(&message)
    }
}

#[cold]
fn no_encoding(what: &dyn fmt::Display) -> ! {
    panic!("a value without a canonical encoding: {what}")
}

impl<S: Sink> Encoder<'_, S> {
    #[inline(always)]
    fn length(&mut self, len: usize) {
        let len = u32::try_from(len).unwrap_or_else(|_| no_encoding(&"over 4 GiB long"));
        self.out.put(len.to_le_bytes());
    }

    #[inline(always)]
    fn variant(&mut self, index: u32) {
        let index = u8::try_from(index).unwrap_or_else(|_| no_encoding(&"over 256 variants"));
        self.out.put([index]);
    }
}

macro_rules! little_endian {
    ($($method:ident: $int:ty),* $(,)?) => {$(
        #[inline(always)]
        fn $method(self, v: $int) -> Result<(), Never> {
            self.out.put(v.to_le_bytes());
            Ok(())
        }
    )*};
}

impl<S: Sink> ser::Serializer for Encoder<'_, S> {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    little_endian! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_i128: i128, serialize_u128: u128,
    }

    #[inline(always)]
    fn serialize_bool(self, v: bool) -> Result<(), Never> {
        self.serialize_u8(u8::from(v))
    }

    #[inline(always)]
    fn serialize_char(self, v: char) -> Result<(), Never> {
        self.serialize_u32(u32::from(v))
    }

    #[inline(always)]
    fn serialize_f32(self, _: f32) -> Result<(), Never> {
        no_encoding(&"a float")
    }

    #[inline(always)]
    fn serialize_f64(self, _: f64) -> Result<(), Never> {
        no_encoding(&"a float")
    }

    #[inline(always)]
    fn serialize_str(self, v: &str) -> Result<(), Never> {
        self.serialize_bytes(v.as_bytes())
    }

    #[inline(always)]
    fn serialize_bytes(mut self, v: &[u8]) -> Result<(), Never> {
        self.length(v.len());
        self.out.put_slice(v);
        Ok(())
    }

    #[inline(always)]
    fn serialize_none(self) -> Result<(), Never> {
        self.serialize_u8(0)
    }

    #[inline(always)]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Never> {
        self.out.put([1]);
        value.serialize(self)
    }

    #[inline(always)]
    fn serialize_unit(self) -> Result<(), Never> {
        Ok(())
    }

    #[inline(always)]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Never> {
        Ok(())
    }

    #[inline(always)]
    fn serialize_unit_variant(
        mut self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), Never> {
        self.variant(index);
        Ok(())
    }

    #[inline(always)]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        value.serialize(self)
    }

    #[inline(always)]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        self.variant(index);
        value.serialize(self)
    }

    #[inline(always)]
    fn serialize_seq(mut self, len: Option<usize>) -> Result<Self, Never> {
        self.length(len.unwrap_or_else(|| no_encoding(&"a sequence of unknown length")));
        Ok(self)
    }

    #[inline(always)]
    fn serialize_tuple(self, _: usize) -> Result<Self, Never> {
        Ok(self)
    }

    #[inline(always)]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        Ok(self)
    }

    #[inline(always)]
    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        self.variant(index);
        Ok(self)
    }

    #[inline(always)]
    fn serialize_map(self, len: Option<usize>) -> Result<Self, Never> {
        self.serialize_seq(len)
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        Ok(self)
    }

    #[inline(always)]
    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        self.variant(index);
        Ok(self)
    }

    #[inline(always)]
    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! each_element {
    ($($part:ident: $method:ident),* $(,)?) => {$(
        impl<S: Sink> ser::$part for Encoder<'_, S> {
            type Ok = ();
            type Error = Never;

            #[inline(always)]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
                value.serialize(Encoder { out: self.out })
            }

            #[inline(always)]
            fn end(self) -> Result<(), Never> {
                Ok(())
            }
        }
    )*};
}

each_element! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

macro_rules! each_field {
    ($($part:ident),*) => {$(
        impl<S: Sink> ser::$part for Encoder<'_, S> {
            type Ok = ();
            type Error = Never;

            #[inline(always)]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Result<(), Never> {
                value.serialize(Encoder { out: self.out })
            }

            #[inline(always)]
            fn end(self) -> Result<(), Never> {
                Ok(())
            }
        }
    )*};
}

each_field!(SerializeStruct, SerializeStructVariant);

impl<S: Sink> ser::SerializeMap for Encoder<'_, S> {
    type Ok = ();
    type Error = Never;

    #[inline(always)]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Never> {
        key.serialize(Encoder { out: self.out })
    }

    #[inline(always)]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(Encoder { out: self.out })
    }

    #[inline(always)]
    fn end(self) -> Result<(), Never> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Key, NodeId, Observation, OpId, Span, Value, Version};

    fn hex<T: Serialize>(value: &T) -> String {
        let mut bytes = Vec::new();
        encode(value, &mut bytes);
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// These bytes are pinned. A change here changes the digest of every recording.
    #[test]
    fn golden_vectors() {
        assert_eq!(hex(&NodeId(0x0102)), "0201");
        assert_eq!(hex(&Key(1)), "01000000");
        assert_eq!(hex(&Span::from_millis(1)), "40420f0000000000");
        assert_eq!(hex(&OpId { client: NodeId(1), ordinal: 2 }), "010002000000");
        assert_eq!(hex(&Action::Read), "00");
        let expected = Observation { version: Version(3), value: Value(4) };
        assert_eq!(
            hex(&Action::Cas { expected, value: Value(5) }),
            "02030000000000000004000000000000000500000000000000"
        );
        assert_eq!(hex(&vec![true, false]), "020000000100");
    }

    #[test]
    #[should_panic(expected = "a float")]
    fn a_float_has_no_canonical_encoding() {
        encode(&1.5f64, &mut Vec::new());
    }
}
