//! The event log of a run, which can be stored, compared, committed and replayed.
//!
//! A log is a text file of JSON lines: a [`Header`], one line an event, a [`Footer`].
//! `docs/event-log.md` describes the format. A log contains every answer of chance, so a replay
//! needs no random number generator ([`Playback`]). It also contains the whole scenario, so a
//! replay needs no other file.
//!
//! Commands [`verify`] the shape and hash of a log before they use it. While a log is being written
//! it has a temporary name ([`mod@file`]). Only a finished log gets its final name ([`Recorder`]).

#![deny(clippy::float_arithmetic)]

mod causality;
mod diff;
pub mod file;
mod format;
mod json;
pub mod pipe;
mod playback;
mod reader;
mod recorder;
mod words;
mod writer;

pub use causality::causal_past;
pub use diff::{Difference, diff, differing_fields};
pub use format::{FORMAT, Footer, Header, LogError};
pub use playback::{Divergence, Playback};
pub use reader::{LogReader, first_line, verify};
pub use recorder::Recorder;
pub use words::in_words;
