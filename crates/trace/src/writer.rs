//! Hashing and writing what is recorded, on a thread of its own: a run does not wait for the file.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use history::Digest;

use crate::file::Sink;
use crate::json::Lines;

/// How many bytes are gathered before they are handed over: to wake the thread can take as long
/// as a hundred events.
const BLOCK: usize = 1 << 18;
/// How many blocks may wait: a run that is ahead by more waits too.
const BLOCKS: usize = 4;

/// Takes blocks of lines, and writes them in order.
#[derive(Debug)]
pub(crate) struct Writer {
    blocks: SyncSender<Lines>,
    /// Blocks that have been written, to be used again.
    used: Receiver<Lines>,
    failed: Arc<AtomicBool>,
    thread: JoinHandle<Written>,
}

/// What has been written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) file: Sink,
    pub(crate) hash: Digest,
    /// Whether all of it has been.
    pub(crate) result: io::Result<()>,
}

impl Writer {
    /// Writes to a file from where it is.
    pub(crate) fn new(file: Sink) -> io::Result<Writer> {
        let (blocks, to_write) = sync_channel::<Lines>(BLOCKS);
        let (give_back, used) = channel();
        let failed = Arc::new(AtomicBool::new(false));
        let has_failed = Arc::clone(&failed);
        let write = move || {
            let mut written = Written { file, hash: Digest::new(), result: Ok(()) };
            for mut lines in to_write {
                written.write(lines.as_bytes());
                has_failed.store(written.result.is_err(), Ordering::Relaxed);
                lines.clear();
                // Once the run is over, nobody needs it.
                let _ = give_back.send(lines);
            }
            written
        };
        let thread = Builder::new().name("recorder".to_owned()).spawn(write)?;
        Ok(Writer { blocks, used, failed, thread })
    }

    /// Lines to be filled, and then handed over.
    pub(crate) fn block() -> Lines {
        Lines::new(BLOCK + BLOCK / 4)
    }

    /// Hands lines over once they are a block.
    #[inline(always)]
    pub(crate) fn pass_on(&self, lines: &mut Lines) {
        if lines.as_bytes().len() >= BLOCK {
            self.write(lines);
        }
    }

    #[cold]
    fn write(&self, lines: &mut Lines) {
        let empty = self.used.try_recv().unwrap_or_else(|_| Writer::block());
        // If the thread is gone it has panicked, which `end` tells.
        let _ = self.blocks.send(std::mem::replace(lines, empty));
    }

    /// Whether writing has failed: there is no use in going on.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Writes the last lines.
    pub(crate) fn end(self, mut lines: Lines) -> Written {
        self.write(&mut lines);
        drop(self.blocks);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Written {
    /// Adds bytes, unless writing has failed.
    fn write(&mut self, bytes: &[u8]) {
        self.hash.add_bytes(bytes);
        if self.result.is_ok() {
            self.result = self.file.write_all(bytes);
        }
    }
}
