//! Stdout: results and nothing else.

use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Stdout, line by line. Whoever reads it may go away; that is no failure.
pub(crate) struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub(crate) fn new() -> Output {
        Output(BufWriter::new(io::stdout().lock()))
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        Ok(writeln!(self.0, "{line}")?)
    }

    /// Prints a text that has its own line ends.
    pub(crate) fn text(&mut self, text: impl Display) -> Result<(), Failure> {
        Ok(write!(self.0, "{text}")?)
    }

    /// Prints a compact object on a line of its own.
    pub(crate) fn json(&mut self, object: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.0, object).map_err(io::Error::from)?;
        Ok(writeln!(self.0)?)
    }

    /// Prints what is still in the buffer.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.0.flush()?)
    }
}

/// An array that is printed element by element.
#[derive(Default)]
pub(crate) struct JsonArray {
    begun: bool,
}

impl JsonArray {
    pub(crate) fn push(
        &mut self,
        out: &mut Output,
        object: &impl Serialize,
    ) -> Result<(), Failure> {
        out.text(if self.begun { ",\n  " } else { "[\n  " })?;
        self.begun = true;
        let json = serde_json::to_string(object).expect("an outcome is JSON");
        out.text(json)
    }

    pub(crate) fn end(self, out: &mut Output) -> Result<(), Failure> {
        out.line(if self.begun { "\n]" } else { "[]" })
    }
}
