//! The event log of a run: the artefact that is kept, compared, committed and replayed.
//!
//! A log is a text file of JSON lines: a [`Header`], one line an event, a [`Footer`]. The format is
//! written down in `docs/event-log.md`. It holds every answer that chance gave, so it can be
//! replayed without a random number generator ([`Playback`]), and it holds the whole scenario, so
//! nothing but the file is needed for that.
//!
//! A log that is not whole is not believed: [`verify`] checks shape and hash before anything else
//! is done with it. While it is being written it has another name ([`mod@file`]), and only a
//! finished
//! one gets the name that was asked for ([`Recorder`]).

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
