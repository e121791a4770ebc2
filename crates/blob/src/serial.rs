//! Serialization of blobs: as text if possible.

use std::fmt;

use serde::de::{Error as _, MapAccess, Unexpected, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Blob;

const HEX: &str = "hex";

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(self);
        }
        if let Ok(text) = std::str::from_utf8(self) {
            return serializer.serialize_str(text);
        }
        let hex: String = self.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(HEX, &hex)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Blob, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(BlobVisitor)
        } else {
            deserializer.deserialize_byte_buf(BlobVisitor)
        }
    }
}

struct BlobVisitor;

impl<'de> Visitor<'de> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, bytes, or {\"hex\": \"...\"}")
    }

    fn visit_str<E>(self, text: &str) -> Result<Blob, E> {
        Ok(Blob::from(text))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(Blob::copy_from_slice(bytes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Blob, A::Error> {
        let Some((name, hex)) = map.next_entry::<String, String>()? else {
            return Err(A::Error::missing_field(HEX));
        };
        if name != HEX {
            return Err(A::Error::unknown_field(&name, &[HEX]));
        }
        if map.next_key::<String>()?.is_some() {
            return Err(A::Error::invalid_length(2, &"one entry"));
        }
        parse_hex(&hex).ok_or_else(|| {
            A::Error::invalid_value(Unexpected::Str(&hex), &"pairs of hexadecimal digits")
        })
    }
}

fn parse_hex(hex: &str) -> Option<Blob> {
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(high)? * 16 + digit(low)?).ok())
        .collect::<Option<Vec<u8>>>()
        .map(Blob::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_written_as_text_and_the_rest_in_hex() {
        let written = |bytes: &[u8]| serde_json::to_string(&Blob::copy_from_slice(bytes)).unwrap();
        assert_eq!(written(b""), r#""""#);
        assert_eq!(written("1:\"é\"\n".as_bytes()), r#""1:\"é\"\n""#);
        assert_eq!(written(b"\xff\x00a"), r#"{"hex":"ff0061"}"#);
    }

    #[test]
    fn what_is_no_blob_is_refused() {
        for text in [
            "3",
            "null",
            "{}",
            r#"{"hex":"f"}"#,
            r#"{"hex":"+f"}"#,
            r#"{"hex":"éé"}"#,
            r#"{"hex":"00","hex":"00"}"#,
            r#"{"text":"00"}"#,
        ] {
            assert!(serde_json::from_str::<Blob>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_blob_is_read_back_as_it_was_written(bytes: Vec<u8>) {
            let blob = Blob::from(bytes);
            let json = serde_json::to_string(&blob).unwrap();
            prop_assert_eq!(serde_json::from_str::<Blob>(&json).unwrap(), blob);
        }
    }
}
