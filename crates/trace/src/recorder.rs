//! Writes a log during a run.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use sim::{Event, EventDigest, Observer, Protocol};

use crate::file::NewFile;
use crate::json::Lines;
use crate::writer::Writer;
use crate::{Footer, Header, LogError};

/// Writes the events of a run to a file.
///
/// Until it is finished the file has a [temporary name](crate::file). If the run is interrupted,
/// the temporary file remains, and an older file with the final name is untouched.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    new: NewFile,
    lines: Lines,
    writer: Writer,
}

impl Recorder {
    /// Begins a log with the final name `path`. A target that is not a regular file is written to
    /// directly.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: &Path, header: &Header) -> Result<Recorder, LogError> {
        let write = |source| LogError::Write { path: path.to_owned(), source };
        let (new, file) = NewFile::create(path).map_err(write)?;
        let writer = Writer::new(file).map_err(write)?;
        let mut recorder = Recorder { path: path.to_owned(), new, lines: Writer::block(), writer };
        recorder.line(header);
        Ok(recorder)
    }

    /// Ends the log, and gives it its final name. This does not sync the disk: the hash shows a log
    /// that a power failure has damaged.
    ///
    /// # Errors
    /// If the log could not be written. Then the file is removed.
    pub fn finish(self, run: &EventDigest, outcome: Value) -> Result<(), LogError> {
        let mut written = self.writer.end(self.lines);
        let hash = written.hash.fingerprint();
        let footer = Footer { events: run.events(), digest: run.fingerprint(), hash, outcome };
        let mut last = Lines::new(0);
        last.push(&footer);
        let result = written
            .result
            .and_then(|()| written.file.write_all(last.as_bytes()))
            .and_then(|()| self.new.keep());
        result.map_err(|source| LogError::Write { path: self.path, source })
    }

    /// Leaves the log unfinished but readable, and returns its temporary name. Returns `None` if
    /// the target is not a regular file.
    ///
    /// # Errors
    /// If the log could not be written. Then the file is removed.
    pub fn abandon(self) -> Result<Option<PathBuf>, LogError> {
        let written = self.writer.end(self.lines);
        match written.result {
            Ok(()) => Ok(self.new.leave()),
            Err(source) => Err(LogError::Write { path: self.path, source }),
        }
    }

    /// Whether writing has failed, as on a full disk. Then the run can stop.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.writer.has_failed()
    }

    #[inline(always)]
    fn line(&mut self, item: &impl Serialize) {
        self.lines.push(item);
        self.writer.pass_on(&mut self.lines);
    }
}

impl<P: Protocol> Observer<P> for Recorder {
    #[inline]
    fn event(&mut self, event: &Event<P>) {
        self.line(event);
    }
}
