//! Error replies with the texts of Redis 7.0. Clients parse them, so they must match exactly.

use lua::c_string;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Blob, Sha1};

/// Why a command was refused, such as `ERR syntax error`: a "simple error" without its leading
/// minus. It never holds a line break.
///
/// ```
/// # use redis::ErrorReply;
/// let error = ErrorReply::from_static("WRONGPASS invalid username-password pair");
/// assert_eq!(error.code(), b"WRONGPASS");
/// assert_eq!(error.to_string(), "WRONGPASS invalid username-password pair");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error, Serialize, Deserialize)]
#[error("{0}")]
#[serde(transparent)]
pub struct ErrorReply(Blob);

impl ErrorReply {
    /// An error with this text, which includes the code. As in Redis, line breaks at either end are
    /// removed, and other line breaks become spaces.
    #[must_use]
    pub fn new(text: &[u8]) -> ErrorReply {
        let breaks = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let first = text.iter().position(|byte| !breaks(byte));
        let last = text.iter().rposition(|byte| !breaks(byte));
        let line = first.zip(last).map_or(&[][..], |(first, last)| &text[first..=last]);
        let spaced = |byte: &u8| if breaks(byte) { b' ' } else { *byte };
        ErrorReply(Blob::from(line.iter().map(spaced).collect::<Vec<u8>>()))
    }

    /// An error with this text, which must have no line breaks. The text is not copied.
    #[must_use]
    pub const fn from_static(text: &'static str) -> ErrorReply {
        ErrorReply(Blob::from_static(text))
    }

    /// The error code, which is the first word: `ERR`, `NOSCRIPT`, `WRONGTYPE`.
    #[must_use]
    pub fn code(&self) -> &[u8] {
        self.0.split(|byte| *byte == b' ').next().unwrap_or(&[])
    }

    /// The whole text, including the code.
    #[must_use]
    pub const fn text(&self) -> &Blob {
        &self.0
    }

    pub(crate) const fn syntax() -> ErrorReply {
        ErrorReply::from_static("ERR syntax error")
    }

    pub(crate) const fn busy() -> ErrorReply {
        ErrorReply::from_static(
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN \
             NOSAVE.",
        )
    }

    /// The error of `SCRIPT KILL` for a script that has written.
    #[must_use]
    pub const fn unkillable() -> ErrorReply {
        ErrorReply::from_static(
            "UNKILLABLE Sorry the script already executed write commands against the dataset. You \
             can either wait the script termination or kill the server in a hard way using the \
             SHUTDOWN NOSAVE command.",
        )
    }

    pub(crate) const fn wrong_type() -> ErrorReply {
        ErrorReply::from_static("WRONGTYPE Operation against a key holding the wrong kind of value")
    }

    pub(crate) const fn not_an_integer() -> ErrorReply {
        ErrorReply::from_static("ERR value is not an integer or out of range")
    }

    pub(crate) const fn no_such_key() -> ErrorReply {
        ErrorReply::from_static("ERR no such key")
    }

    pub(crate) const fn overflow() -> ErrorReply {
        ErrorReply::from_static("ERR increment or decrement would overflow")
    }

    pub(crate) const fn not_a_float() -> ErrorReply {
        ErrorReply::from_static("ERR value is not a valid float")
    }

    pub(crate) const fn not_finite() -> ErrorReply {
        ErrorReply::from_static("ERR increment would produce NaN or Infinity")
    }

    pub(crate) const fn string_too_long() -> ErrorReply {
        ErrorReply::from_static("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    }

    pub(crate) const fn no_script() -> ErrorReply {
        ErrorReply::from_static("NOSCRIPT No matching script. Please use EVAL.")
    }

    pub(crate) const fn out_of_memory() -> ErrorReply {
        ErrorReply::from_static("OOM command not allowed when used memory > 'maxmemory'.")
    }

    pub(crate) fn unknown_parameter(name: &[u8]) -> ErrorReply {
        let start = b"ERR Unknown option or number of arguments for CONFIG SET - '";
        ErrorReply::new(&[start, c_string(name), b"'"].concat())
    }

    pub(crate) fn config_set_failed(name: &[u8], reason: &str) -> ErrorReply {
        let start = b"ERR CONFIG SET failed (possibly related to argument '";
        ErrorReply::new(&[start, name, b"') - ", reason.as_bytes()].concat())
    }

    /// Redis has no such error, because there every command comes through a connection.
    pub(crate) const fn needs_a_connection() -> ErrorReply {
        ErrorReply::from_static("ERR This command needs a connection")
    }

    pub(crate) fn invalid_expire_time(command: &str) -> ErrorReply {
        ErrorReply::formatted(format_args!("invalid expire time in '{command}' command"))
    }

    pub(crate) fn no_input_key(command: &str) -> ErrorReply {
        ErrorReply::formatted(format_args!(
            "at least 1 input key is needed for '{command}' command"
        ))
    }

    pub(crate) fn wrong_number_of_arguments(command: &str) -> ErrorReply {
        ErrorReply::formatted(format_args!("wrong number of arguments for '{command}' command"))
    }

    pub(crate) fn unsupported_option(option: &[u8]) -> ErrorReply {
        ErrorReply::new(&[b"ERR Unsupported option ", c_string(option)].concat())
    }

    pub(crate) fn unknown_subcommand(container: &str, subcommand: &[u8]) -> ErrorReply {
        let container = container.to_uppercase();
        ErrorReply::new(
            &[
                b"ERR unknown subcommand '",
                at_most(128, c_string(subcommand)),
                b"'. Try ",
                container.as_bytes(),
                b" HELP.",
            ]
            .concat(),
        )
    }

    /// Quotes about 128 bytes of the command line. Like Redis, it leaves a blank after the last
    /// argument.
    pub(crate) fn unknown_command(line: &[Blob]) -> ErrorReply {
        let name: &[u8] = line.first().map_or(&[], |name| name);
        let mut quoted = Vec::new();
        for argument in line.iter().skip(1) {
            let Some(room @ 1..) = 128usize.checked_sub(quoted.len()) else {
                break;
            };
            quoted.push(b'\'');
            quoted.extend_from_slice(at_most(room, c_string(argument)));
            quoted.extend_from_slice(b"' ");
        }
        ErrorReply::new(
            &[
                b"ERR unknown command '",
                at_most(128, c_string(name)),
                b"', with args beginning with: ",
                &quoted,
            ]
            .concat(),
        )
    }

    /// This error as the client sees it if a script does not handle it. Redis adds the script's
    /// SHA-1 and the line; a native script has no line.
    pub(crate) fn raised_in_script(&self, sha: &Sha1) -> ErrorReply {
        let place = format!(" script: {sha}, on @user_script.");
        ErrorReply(Blob::from([&self.0, place.as_bytes()].concat()))
    }

    /// The error of an `EXEC` that this error prevented.
    pub(crate) fn aborting_transaction(&self) -> ErrorReply {
        let reason = self.0.strip_prefix(b"ERR ").unwrap_or(&self.0);
        let start = b"EXECABORT Transaction discarded because of: ";
        ErrorReply(Blob::from([start, reason].concat()))
    }

    pub(crate) fn hello_option(option: &[u8]) -> ErrorReply {
        let start = b"ERR Syntax error in HELLO option '";
        ErrorReply::new(&[start, c_string(option), b"'"].concat())
    }

    pub(crate) fn unknown_client_type(name: &[u8]) -> ErrorReply {
        let start = b"ERR Unknown client type '";
        ErrorReply::new(&[start, c_string(name), b"'"].concat())
    }

    pub(crate) fn no_such_user(name: &[u8]) -> ErrorReply {
        ErrorReply::new(&[b"ERR No such user '", c_string(name), b"'"].concat())
    }

    fn formatted(arguments: std::fmt::Arguments<'_>) -> ErrorReply {
        ErrorReply(Blob::format(format_args!("ERR {arguments}")))
    }
}

fn at_most(len: usize, bytes: &[u8]) -> &[u8] {
    &bytes[..len.min(bytes.len())]
}
