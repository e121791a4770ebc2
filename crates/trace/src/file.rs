//! Files that are written completely or not at all. All commands write their files with this
//! module.
//!
//! 1. While a file is being written it has a new name, which ends in `.partial`. No existing file
//!    is overwritten, and no link is followed. The complete file gets its final name in one step.
//! 2. Only a regular file is replaced. A device, a pipe, or a descriptor such as `/dev/stdout` is
//!    written to as it is; `-` is stdout.
//!    A pipe is waited for only as long as no signal comes ([`crate::pipe`]).
//! 3. A link is followed first, so that it is the file behind it that is replaced.
//! 4. What cannot be written is known before anything is written: a folder, a file in a folder that
//!    is not there, a place without permission.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process;

use crate::pipe;

/// Stdout, as a path.
const STDOUT: &str = "-";
/// The maximum number of links from a name to a file, as on Linux.
const LINKS_MAX: usize = 40;
/// The maximum number of unfinished files of one name at the same time.
const NAMES_MAX: u32 = 1_000;

/// An unfinished file. Dropping it removes the file, unless it was [kept](NewFile::keep) or
/// [left](NewFile::leave).
#[derive(Debug)]
pub struct NewFile {
    /// The temporary and the final name. `None` if the target is written to directly.
    names: Option<(PathBuf, PathBuf)>,
}

/// The writer of a file's bytes. A stdout whose reader has gone away is not an error.
#[derive(Debug)]
pub struct Sink {
    file: File,
    is_stdout: bool,
    is_pipe: bool,
}

/// The target of a path.
#[derive(Debug)]
enum Target {
    Stdout,
    Stderr,
    /// A target that is written to directly.
    Through(PathBuf),
    /// A regular file, which may not exist yet.
    File(PathBuf),
}

impl NewFile {
    /// Begins a file that will be called `path`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: &Path) -> io::Result<(NewFile, Sink)> {
        let target = match target(path)? {
            Target::File(target) => target,
            other => return Ok((NewFile { names: None }, other.open()?)),
        };
        let replaced = match OpenOptions::new().write(true).open(&target) {
            Ok(file) => Some(file.metadata()?.permissions()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (partial, file) = create_partial(&target)?;
        let new = NewFile { names: Some((partial, target)) };
        if let Some(permissions) = replaced {
            file.set_permissions(permissions)?;
        }
        Ok((new, Sink { file, is_stdout: false, is_pipe: false }))
    }

    /// Gives the complete file its final name.
    ///
    /// # Errors
    /// If the file cannot get that name. Then it is removed.
    pub fn keep(mut self) -> io::Result<()> {
        let Some((partial, target)) = &self.names else { return Ok(()) };
        give_name(partial, target)?;
        self.names = None;
        Ok(())
    }

    /// Leaves the file unfinished. Returns its temporary name, if it has one.
    #[must_use]
    pub fn leave(mut self) -> Option<PathBuf> {
        self.names.take().map(|(partial, _)| partial)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // After a panic the unfinished file is kept, because it may be the only evidence.
        if let Some((partial, _)) = &self.names
            && !std::thread::panicking()
        {
            let _ = fs::remove_file(partial);
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self.is_pipe {
            true => pipe::write(&self.file, bytes),
            false => self.file.write(bytes),
        };
        match written {
            Err(error) if self.is_stdout && error.kind() == ErrorKind::BrokenPipe => {
                Ok(bytes.len())
            }
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Target {
    /// Opens a target that is written to directly.
    fn open(self) -> io::Result<Sink> {
        let (file, is_stdout) = match self {
            Target::Stdout => (io::stdout().as_fd().try_clone_to_owned()?.into(), true),
            Target::Stderr => (io::stderr().as_fd().try_clone_to_owned()?.into(), false),
            Target::Through(path) => (pipe::open(&path)?, false),
            Target::File(path) => {
                let emptied =
                    OpenOptions::new().write(true).create(true).truncate(true).open(&path);
                drop(emptied?);
                (OpenOptions::new().append(true).open(path)?, false)
            }
        };
        let is_pipe = pipe::is_pipe(&file);
        Ok(Sink { file, is_stdout, is_pipe })
    }
}

/// A temporary folder within another folder, for files that may be kept later. Dropping it removes
/// the folder and its files.
#[derive(Debug)]
pub struct Workshop(PathBuf);

impl Workshop {
    /// Creates a temporary folder.
    ///
    /// # Errors
    /// If the folder cannot be created.
    pub fn within(folder: &Path) -> io::Result<Workshop> {
        first_free(&folder.join("new"), |path| fs::create_dir(path))
            .map(|(path, ())| Workshop(path))
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Renames a complete file on the same disk. It may replace a regular file.
///
/// # Errors
/// If the file cannot get that name.
pub fn give_name(file: &Path, name: &Path) -> io::Result<()> {
    if fs::symlink_metadata(name).is_ok_and(|there| !there.is_file()) {
        let why = "something that is no regular file has its name";
        return Err(io::Error::new(ErrorKind::AlreadyExists, why));
    }
    fs::rename(file, name)
}

/// Whether this path means our stdout.
#[must_use]
pub fn is_stdout(path: &Path) -> bool {
    matches!(target(path), Ok(Target::Stdout))
}

/// Checks whether a file can be written there, before the work begins.
///
/// # Errors
/// If it cannot be written.
pub fn check(path: &Path) -> io::Result<()> {
    match target(path)? {
        // Opening and closing a pipe would end it for its reader.
        Target::Stdout | Target::Stderr | Target::Through(_) => Ok(()),
        Target::File(_) => NewFile::create(path).map(drop),
    }
}

/// Writes a file completely, or leaves the existing file unchanged.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (new, mut sink) = NewFile::create(path)?;
    sink.write_all(bytes)?;
    new.keep()
}

/// Creates a file that is read while it is written. It has its final name from the start, and the
/// old content is removed.
///
/// # Errors
/// If the file cannot be created.
pub fn stream(path: &Path) -> io::Result<Sink> {
    target(path)?.open()
}

/// Follows links to the real target.
fn target(path: &Path) -> io::Result<Target> {
    if path == Path::new(STDOUT) {
        return Ok(Target::Stdout);
    }
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if let Some(number) = descriptor(&path) {
            return Ok(match number {
                1 => Target::Stdout,
                2 => Target::Stderr,
                _ => Target::Through(path),
            });
        }
        match fs::symlink_metadata(&path) {
            Ok(there) if there.is_symlink() => {
                path = folder_of(&path).join(fs::read_link(&path)?);
            }
            Ok(there) if there.is_dir() => {
                let why = "this is a folder: name a file in it";
                return Err(io::Error::new(ErrorKind::IsADirectory, why));
            }
            Ok(there) if there.is_file() => return Ok(Target::File(path)),
            Ok(_) => return Ok(Target::Through(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if path.file_name().is_none() {
                    return Err(io::Error::new(ErrorKind::NotFound, "this names no file"));
                }
                let folder = folder_of(&path);
                if !folder.is_dir() {
                    let folder = folder.display();
                    let why = format!("there is no folder {folder}: make it, or name another");
                    return Err(io::Error::new(ErrorKind::NotFound, why));
                }
                return Ok(Target::File(path));
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "its links lead nowhere"))
}

/// The number of the own file descriptor that this path means. `/proc/self/fd/1` means stdout.
fn descriptor(path: &Path) -> Option<u32> {
    let number = path.file_name()?.to_str()?.parse().ok()?;
    let ours = format!("/proc/{}/fd", process::id());
    let folder = fs::canonicalize(folder_of(path)).ok()?;
    (folder == Path::new(&ours)).then_some(number)
}

/// The folder of a file.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates a file with a new name.
fn create_partial(target: &Path) -> io::Result<(PathBuf, File)> {
    first_free(target, |path| OpenOptions::new().write(true).create_new(true).open(path))
}

/// Calls `make` with the first unused name.
fn first_free<T>(target: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(PathBuf, T)> {
    let process = process::id();
    for number in 0..NAMES_MAX {
        let mut name = OsString::from(target);
        name.push(format!(".{process}-{number}.partial"));
        let path = PathBuf::from(name);
        match make(&path) {
            Ok(made) => return Ok((path, made)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => (),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "there are too many unfinished files of its name"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    /// The names in a folder, in order.
    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn refusal(path: &Path) -> String {
        let checked = check(path).unwrap_err().to_string();
        assert_eq!(NewFile::create(path).unwrap_err().to_string(), checked);
        checked
    }

    #[test]
    fn a_file_is_there_when_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (new, mut sink) = NewFile::create(&path).unwrap();
        sink.write_all(b"whole").unwrap();
        assert!(!path.exists());
        new.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        let (dropped, _) = NewFile::create(&path).unwrap();
        drop(dropped);
        let (left, _) = NewFile::create(&path).unwrap();
        let left = left.leave().expect("it has a name");
        assert_eq!(names_in(folder.path()), ["log", left.file_name().unwrap().to_str().unwrap()]);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn two_files_of_one_name_are_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (first, mut one) = NewFile::create(&path).unwrap();
        let (second, mut other) = NewFile::create(&path).unwrap();
        one.write_all(b"a long first file").unwrap();
        other.write_all(b"second").unwrap();
        second.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        first.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"a long first file");
        assert_eq!(names_in(folder.path()), ["log"]);
    }

    #[test]
    fn no_link_is_written_through_by_accident() {
        let folder = tempfile::tempdir().unwrap();
        let (path, precious) = (folder.path().join("log"), folder.path().join("precious"));
        fs::write(&precious, "precious").unwrap();
        let process = process::id();
        for name in ["log.partial".to_owned(), format!("log.{process}-0.partial")] {
            symlink(&precious, folder.path().join(name)).unwrap();
        }
        write(&path, b"whole").unwrap();
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn the_file_behind_a_link_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, real) = (folder.path().join("link"), folder.path().join("real"));
        symlink("real", &path).unwrap();
        write(&path, b"new").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        write(&path, b"newer").unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"newer");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        let ring = folder.path().join("ring");
        symlink("ring", &ring).unwrap();
        assert_eq!(refusal(&ring), "its links lead nowhere");
    }

    #[test]
    fn what_is_no_regular_file_is_written_to_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        check(&pipe).unwrap();
        let reader = {
            let pipe = pipe.clone();
            let builder = std::thread::Builder::new();
            builder.spawn(move || fs::read(pipe).unwrap()).unwrap()
        };
        write(&pipe, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        write(Path::new("/dev/null"), b"gone").unwrap();
        assert_eq!(write(Path::new("/dev/full"), b"full").unwrap_err().raw_os_error(), Some(28));
        assert_eq!(names_in(folder.path()), ["pipe"]);
    }

    #[test]
    fn a_pipe_that_nothing_reads_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let why = "nothing reads this pipe: start its reader first";
        assert_eq!(write(&pipe, b"unread").unwrap_err().to_string(), why);
    }

    #[test]
    fn what_takes_the_name_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (new, _) = NewFile::create(&path).unwrap();
        symlink("/dev/null", &path).unwrap();
        let why = "something that is no regular file has its name";
        assert_eq!(new.keep().unwrap_err().to_string(), why);
        assert_eq!(names_in(folder.path()), ["log"]);
    }

    #[test]
    fn what_cannot_be_written_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(refusal(folder.path()), "this is a folder: name a file in it");
        let missing = folder.path().join("missing");
        let why = format!("there is no folder {}: make it, or name another", missing.display());
        assert_eq!(refusal(&missing.join("log")), why);
        assert_eq!(refusal(Path::new("/dev/null/log")), "Not a directory (os error 20)");
        assert_eq!(
            refusal(&folder.path().join("x".repeat(250))),
            "File name too long (os error 36)"
        );
        assert_eq!(refusal(Path::new("")), "this names no file");
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn stdout_is_known_by_all_its_names() {
        for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            assert!(is_stdout(Path::new(name)), "{name}");
        }
        for name in ["/dev/stderr", "/dev/null", "./-", "1"] {
            assert!(!is_stdout(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_stream_is_there_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults");
        fs::write(&path, "of yesterday").unwrap();
        let mut sink = stream(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        sink.write_all(b"one\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\n");
        assert!(stream(folder.path()).is_err());
    }
}
