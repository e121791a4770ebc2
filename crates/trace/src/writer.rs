//! Hashes and writes a recording on a thread of its own, so that the run does not wait for the
//! file.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use history::Digest;

use crate::file::Sink;
use crate::json::Lines;

/// The number of bytes in a block. Waking the thread can take as long as a hundred events.
const BLOCK: usize = 1 << 18;
/// The maximum number of waiting blocks. A run that is further ahead waits for the thread.
const BLOCKS: usize = 4;

/// Takes blocks of lines, and writes them in order.
#[derive(Debug)]
pub(crate) struct Writer {
    blocks: SyncSender<Lines>,
    /// Written blocks, which are used again.
    used: Receiver<Lines>,
    failed: Arc<AtomicBool>,
    thread: JoinHandle<Written>,
}

/// The bytes written so far.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) file: Sink,
    pub(crate) hash: Digest,
    /// Whether all writes succeeded.
    pub(crate) result: io::Result<()>,
}

impl Writer {
    /// Starts the thread for a file.
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
                // After the run the receiver is gone, and the block is dropped.
                let _ = give_back.send(lines);
            }
            written
        };
        let thread = Builder::new().name("recorder".to_owned()).spawn(write)?;
        Ok(Writer { blocks, used, failed, thread })
    }

    /// Creates an empty block.
    pub(crate) fn block() -> Lines {
        Lines::new(BLOCK + BLOCK / 4)
    }

    /// Passes the lines to the thread once they fill a block.
    #[inline(always)]
    pub(crate) fn pass_on(&self, lines: &mut Lines) {
        if lines.as_bytes().len() >= BLOCK {
            self.write(lines);
        }
    }

    #[cold]
    fn write(&self, lines: &mut Lines) {
        let empty = self.used.try_recv().unwrap_or_else(|_| Writer::block());
        // If the thread is gone it has panicked, and `end` reports that.
        let _ = self.blocks.send(std::mem::replace(lines, empty));
    }

    /// Whether writing has failed.
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
