//! The header and the footer of a log, and the errors of reading one.

use std::io;
use std::path::PathBuf;

use history::{Fingerprint, Names};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// The version of the format that this build writes and reads.
pub const FORMAT: u32 = 2;

/// The first line of a log. It has everything that a replay needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    pub format: u32,
    /// The version of the program that wrote it.
    pub rumormill: String,
    /// The seed: a text, even if it looks like a number.
    pub seed: String,
    /// The answers that differ from those of the seed, as [`sim::Edit`] writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<String>,
    /// The whole scenario, with all defaults filled in.
    pub scenario: Value,
    /// The names of nodes and keys.
    pub names: Names,
}

/// The last line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// The number of events.
    pub events: u64,
    /// The digest of the run: over the canonical encoding of its events.
    pub digest: Fingerprint,
    /// XXH3-64 over all the bytes of the file before this line.
    pub hash: Fingerprint,
    /// The outcome of the run.
    pub outcome: Value,
}

/// An error of reading or writing a log.
#[derive(Debug, Error)]
pub enum LogError {
    /// The file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written. Free some space, or choose another place.
    #[error("{path}: could not be written: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not a log.
    #[error("{path}: this is not a rumormill event log: {why}", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// Another version of this program wrote the log. Use that version, or record the log again.
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
    /// The log is damaged. Get an undamaged copy.
    #[error("{path}:{line}: the log is damaged: {why}", path = path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The reason.
        why: String,
    },
    /// The recording was interrupted. Record it again.
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
