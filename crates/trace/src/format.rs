//! What stands in a log besides its events, and what can be wrong with one.

use std::io;
use std::path::PathBuf;

use history::{Fingerprint, Names};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// The version of the format that this build writes and reads.
pub const FORMAT: u32 = 2;

/// The first line of a log: all that is needed to run it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    pub format: u32,
    /// The version of the program that wrote it.
    pub rumormill: String,
    /// The seed: a text, even if it looks like a number.
    pub seed: String,
    /// The answers that are different from those of the seed, as [`sim::Edit`] writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<String>,
    /// The whole scenario, with all defaults filled in.
    pub scenario: Value,
    /// What the numbers of nodes and keys stand for.
    pub names: Names,
}

/// The last line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// How many events there are.
    pub events: u64,
    /// The digest of the run: over the canonical encoding of its events.
    pub digest: Fingerprint,
    /// XXH3-64 over all the bytes of the file before this line.
    pub hash: Fingerprint,
    /// What came of the run.
    pub outcome: Value,
}

/// What is wrong with a log.
#[derive(Debug, Error)]
pub enum LogError {
    /// It cannot be read: try again when it can.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written: make room, or name another place.
    #[error("{path}: could not be written: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no log.
    #[error("{path}: this is not a rumormill event log: {why}", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// It was written by another version of this program: use that, or record it again.
    #[error(
        "{path}: it has format {format}, and this rumormill reads format {FORMAT}: use the version \
         that wrote it, or record it again",
        path = path.display()
    )]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u64,
    },
    /// It was a log once: get an undamaged copy.
    #[error("{path}:{line}: the log is damaged: {why}", path = path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        why: String,
    },
    /// Its recording was interrupted: record it again.
    #[error(
        "{path}:{line}: the log breaks off: its recording was interrupted, or its end was cut off",
        path = path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
        /// The line after the last, from 1.
        line: u64,
    },
}
