//! Stdout: results and nothing else.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use trace::file;

use crate::failure::Failure;
use crate::plain;

/// Stdout, line by line. A reader that has gone away is not a failure: the rest is not printed, and
/// the command continues.
pub(crate) struct Output {
    to: BufWriter<Box<dyn Write>>,
    reader_has_gone: bool,
}

impl Output {
    pub(crate) fn new() -> Output {
        Output::to(Box::new(io::stdout().lock()))
    }

    /// The output for reports on a recording: stderr, if the recording itself goes to stdout.
    pub(crate) fn beside(recording: Option<&Path>) -> Output {
        if recording.is_some_and(file::is_stdout) {
            return Output::to(Box::new(io::stderr()));
        }
        Output::new()
    }

    fn to(stream: Box<dyn Write>) -> Output {
        Output { to: BufWriter::new(stream), reader_has_gone: false }
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        let line = line.to_string();
        self.print(&plain::line(&line))?;
        self.print("\n")
    }

    /// Prints a TOML file, with its own line ends.
    pub(crate) fn toml(&mut self, text: &str) -> Result<(), Failure> {
        self.print(&plain::toml(text))
    }

    /// Flushes the buffer.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let flushed = if self.reader_has_gone { Ok(()) } else { self.to.flush() };
        self.note(flushed)
    }

    fn print(&mut self, text: &str) -> Result<(), Failure> {
        if self.reader_has_gone {
            return Ok(());
        }
        let printed = self.to.write_all(text.as_bytes());
        self.note(printed)
    }

    fn note(&mut self, result: io::Result<()>) -> Result<(), Failure> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.reader_has_gone = true;
                Ok(())
            }
            result => result.map_err(Failure::Output),
        }
    }
}

/// Objects for programs, in a format that shows whether the output is complete: an array has an
/// end, and the last of the lines has the number of lines before it.
pub(crate) enum Rows {
    /// An array, with a flag for its start.
    Array { begun: bool },
    /// Lines, with their number.
    Lines { count: u64 },
}

impl Rows {
    /// An array.
    pub(crate) const ARRAY: Rows = Rows::Array { begun: false };
    /// An object a line.
    pub(crate) const LINES: Rows = Rows::Lines { count: 0 };

    pub(crate) fn push(
        &mut self,
        out: &mut Output,
        object: &impl Serialize,
    ) -> Result<(), Failure> {
        let text = serde_json::to_string(object).expect("an outcome is JSON");
        let text = plain::json(&text);
        match self {
            Rows::Array { begun } => {
                let before = if std::mem::replace(begun, true) { ",\n  " } else { "[\n  " };
                out.print(before)?;
                out.print(&text)
            }
            Rows::Lines { count } => {
                *count += 1;
                out.print(&text)?;
                out.print("\n")?;
                out.flush()
            }
        }
    }

    /// Ends the objects.
    pub(crate) fn end(self, out: &mut Output) -> Result<(), Failure> {
        match self {
            Rows::Array { begun: true } => out.print("\n]\n"),
            Rows::Array { begun: false } => out.print("[]\n"),
            Rows::Lines { count } => {
                let end = json!({ "kind": "end", "rows": count });
                out.print(&format!("{end}\n"))
            }
        }
    }
}
