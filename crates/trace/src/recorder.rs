//! Writing a log while a run goes on.

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
/// Until it is finished the file has a [name of its own](crate::file); if the run is interrupted a
/// file of that name remains, and one of the final name that was there before is untouched.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    new: NewFile,
    lines: Lines,
    writer: Writer,
}

impl Recorder {
    /// Begins a log that will be called `path`; or writes it to what is there, if that is no
    /// regular file.
    ///
    /// # Errors
    /// If it cannot be written there.
    pub fn create(path: &Path, header: &Header) -> Result<Recorder, LogError> {
        let write = |source| LogError::Write { path: path.to_owned(), source };
        let (new, file) = NewFile::create(path).map_err(write)?;
        let writer = Writer::new(file).map_err(write)?;
        let mut recorder = Recorder { path: path.to_owned(), new, lines: Writer::block(), writer };
        recorder.line(header);
        Ok(recorder)
    }

    /// Ends the log, and gives it its name. (Nothing waits for the disk: a log that a power failure
    /// has damaged is known by its hash.)
    ///
    /// # Errors
    /// If it could not be written; what was written is removed.
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

    /// Leaves the log unfinished but readable, and tells its name; none if it was written to
    /// something that is no regular file.
    ///
    /// # Errors
    /// If it could not be written; what was written is removed.
    pub fn abandon(self) -> Result<Option<PathBuf>, LogError> {
        let written = self.writer.end(self.lines);
        match written.result {
            Ok(()) => Ok(self.new.leave()),
            Err(source) => Err(LogError::Write { path: self.path, source }),
        }
    }

    /// Whether writing has failed, as on a full disk: there is no use in going on.
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
