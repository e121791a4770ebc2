//! Writing a log while a run goes on.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use sim::{Event, EventDigest, Observer};

use crate::json::Lines;
use crate::writer::Writer;
use crate::{Footer, Header, LogError};

/// Writes the events of a run to a file.
///
/// Until it is finished the file has `.partial` added to its name; if the run is interrupted that
/// is what remains, and a file of the final name that was there before is untouched.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    lines: Lines,
    writer: Writer,
}

impl Recorder {
    /// Begins a log that will be called `path`. Folders on the way are made.
    ///
    /// # Errors
    /// If it cannot be written there.
    pub fn create(path: &Path, header: &Header) -> Result<Recorder, LogError> {
        let write = |source| LogError::Write { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(write)?;
        }
        if path.is_dir() {
            return Err(write(std::io::ErrorKind::IsADirectory.into()));
        }
        let file = File::create(partial_path(path)).map_err(write)?;
        let writer = Writer::new(file).map_err(write)?;
        let mut recorder = Recorder { path: path.to_owned(), lines: Writer::block(), writer };
        recorder.line(header);
        Ok(recorder)
    }

    /// Ends the log, and gives it its name. (Nothing waits for the disk: a log that a power failure
    /// has damaged is known by its hash.)
    ///
    /// # Errors
    /// If it could not be written; what was written is removed.
    pub fn finish(self, run: &EventDigest, outcome: Value) -> Result<(), LogError> {
        let partial = partial_path(&self.path);
        let mut written = self.writer.end(self.lines);
        let hash = written.hash.fingerprint();
        let footer = Footer { events: run.events(), digest: run.fingerprint(), hash, outcome };
        let mut last = Lines::new(0);
        last.push(&footer);
        let result = written
            .result
            .and_then(|()| written.file.write_all(last.as_bytes()))
            .and_then(|()| fs::rename(&partial, &self.path));
        result.map_err(|source| {
            // There is nothing in it that could be told but this error.
            let _ = fs::remove_file(&partial);
            LogError::Write { path: self.path, source }
        })
    }

    /// Leaves the log unfinished, as a readable `.partial`, and tells its name.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn abandon(self) -> Result<PathBuf, LogError> {
        let partial = partial_path(&self.path);
        let written = self.writer.end(self.lines);
        let result = written.result.map(|()| partial);
        result.map_err(|source| LogError::Write { path: self.path, source })
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

impl<M: Serialize, T: Serialize> Observer<M, T> for Recorder {
    #[inline]
    fn event(&mut self, event: &Event<M, T>) {
        self.line(event);
    }
}

/// What a log is called while it is being written.
#[must_use]
pub fn partial_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".partial");
    PathBuf::from(name)
}
