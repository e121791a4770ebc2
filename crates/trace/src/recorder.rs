//! Writing a log while a run goes on.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use history::{Digest, Fingerprint};
use serde::Serialize;
use serde_json::Value;
use sim::{Event, EventDigest, Observer};

use crate::{Footer, Header, LogError};

/// How many bytes are gathered before they are hashed and written.
const BLOCK: usize = 1 << 16;

/// Writes the events of a run to a file.
///
/// Until it is finished the file has `.partial` added to its name; if the run is interrupted that
/// is what remains, and a file of the final name that was there before is untouched.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    file: File,
    pending: Vec<u8>,
    hash: Digest,
    failed: Option<std::io::Error>,
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
        let mut recorder = Recorder {
            path: path.to_owned(),
            file,
            pending: Vec::with_capacity(BLOCK + 4096),
            hash: Digest::new(),
            failed: None,
        };
        recorder.line(header);
        recorder.flush();
        recorder.check()?;
        Ok(recorder)
    }

    /// Ends the log, and gives it its name.
    ///
    /// # Errors
    /// If it could not be written; what was written is removed.
    pub fn finish(mut self, run: &EventDigest, outcome: Value) -> Result<(), LogError> {
        let footer = Footer {
            events: run.events(),
            digest: run.fingerprint(),
            hash: self.written_hash(),
            outcome,
        };
        self.line(&footer);
        self.flush();
        if self.failed.is_none() {
            self.failed = self.file.sync_all().err();
        }
        if let Err(error) = self.check() {
            let _ = fs::remove_file(partial_path(&self.path));
            return Err(error);
        }
        let rename = fs::rename(partial_path(&self.path), &self.path);
        rename.map_err(|source| LogError::Write { path: self.path.clone(), source })
    }

    /// Leaves the log unfinished, as a readable `.partial`, and tells its name.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn abandon(mut self) -> Result<PathBuf, LogError> {
        self.flush();
        self.check()?;
        Ok(partial_path(&self.path))
    }

    /// Whether writing has failed, as on a full disk: there is no use in going on.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    #[inline]
    fn line(&mut self, item: &impl Serialize) {
        serde_json::to_writer(&mut self.pending, item).expect("what is recorded is JSON");
        self.pending.push(b'\n');
        if self.pending.len() >= BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.hash.add_bytes(&self.pending);
        if self.failed.is_none() {
            self.failed = self.file.write_all(&self.pending).err();
        }
        self.pending.clear();
    }

    fn written_hash(&mut self) -> Fingerprint {
        self.flush();
        self.hash.fingerprint()
    }

    fn check(&mut self) -> Result<(), LogError> {
        match self.failed.take() {
            Some(source) => Err(LogError::Write { path: self.path.clone(), source }),
            None => Ok(()),
        }
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
