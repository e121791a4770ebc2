//! Strings as C functions read them.

/// The bytes before the first zero byte, or all bytes if there is none.
#[must_use]
pub fn c_string(bytes: &[u8]) -> &[u8] {
    memchr::memchr(0, bytes).map_or(bytes, |end| &bytes[..end])
}
