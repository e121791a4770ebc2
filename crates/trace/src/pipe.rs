//! Pipes, which another process has to read.
//!
//! Opening a pipe blocks until a process reads it, and writing to a full pipe blocks until a
//! process reads from it. No signal ends that. So this module never blocks for longer than a
//! moment, and looks between two moments whether a signal has come ([`end_when`]).

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

/// The longest time that a call blocks.
const MOMENT: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// For so many moments, which are one second, a pipe may have no reader when it is opened: its
/// reader may just have been started. For as many a full pipe is written to after a signal.
const MOMENTS_MAX: usize = 50;
/// A pipe that can be written to takes at least so many bytes: a page on Linux, and `PIPE_BUF`,
/// which is no less than 512, by POSIX.
const PART_BYTES: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Ends the wait for the reader of a pipe once `signal` holds the number of a signal. Only the
/// first call has an effect.
pub fn end_when(signal: Arc<AtomicUsize>) {
    // A process has one set of signal handlers.
    let _ = SIGNAL.set(signal);
}

/// Whether a signal has come.
fn is_signalled() -> bool {
    SIGNAL.get().is_some_and(|signal| signal.load(Ordering::Relaxed) != 0)
}

/// Waits for a moment, or until the file can be written to.
fn wait(file: Option<&File>) -> io::Result<()> {
    let mut watched: Vec<PollFd<'_>> =
        file.iter().map(|file| PollFd::new(*file, PollFlags::OUT)).collect();
    match poll(&mut watched, Some(&MOMENT)) {
        // A signal, for which the next moment has a look.
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether `file` is a pipe.
pub(crate) fn is_pipe(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Opens something that is no regular file, to write to it.
///
/// # Errors
/// If it is a pipe that nothing reads, or why it cannot be opened.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let at_once = OFlags::NONBLOCK.bits().cast_signed();
    for _ in 0..MOMENTS_MAX {
        match OpenOptions::new().write(true).custom_flags(at_once).open(path) {
            Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                if is_signalled() {
                    break;
                }
                wait(None)?;
            }
            Ok(file) if !is_pipe(&file) => {
                let flags = rustix::fs::fcntl_getfl(file.as_fd())? - OFlags::NONBLOCK;
                rustix::fs::fcntl_setfl(file.as_fd(), flags)?;
                return Ok(file);
            }
            opened => return opened,
        }
    }
    Err(io::Error::new(ErrorKind::NotFound, "nothing reads this pipe: start its reader first"))
}

/// Writes some bytes to a pipe, as soon as there is room for them.
///
/// # Errors
/// Those of the system, and that the command is to end.
pub(crate) fn write(mut file: &File, bytes: &[u8]) -> io::Result<usize> {
    let part = &bytes[..bytes.len().min(PART_BYTES)];
    let mut moments_signalled = 0;
    while moments_signalled < MOMENTS_MAX {
        let mut watched = [PollFd::new(file, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        if matches!(poll(&mut watched, Some(&now)), Ok(1..)) {
            match file.write(part) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return written,
            }
        }
        wait(Some(file))?;
        moments_signalled += usize::from(is_signalled());
    }
    Err(io::Error::new(ErrorKind::TimedOut, "a signal came, and nothing read the pipe"))
}
