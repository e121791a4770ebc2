//! The queue between `MULTI` and `EXEC`.

use crate::command::Flags;
use crate::{Blob, ErrorReply, Reply};

/// The most bytes that a connection may queue: Redis's default `client-query-buffer-limit`, which
/// counts them too. Redis cuts the connection; here the transaction is broken.
const BYTES_MAX: usize = 1 << 30;

/// What a word takes besides its bytes.
const WORD_BYTES: usize = size_of::<Blob>();

/// What a line takes besides its words, the shape of its reply included.
const LINE_BYTES: usize = size_of::<Vec<Blob>>() + 2 * size_of::<Blob>();

/// Command lines that wait for `EXEC`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Transaction {
    pub(crate) lines: Vec<Vec<Blob>>,
    /// Whether a line was refused, so that `EXEC` will be.
    pub(crate) is_broken: bool,
    bytes: usize,
    /// Those of all commands together.
    pub(crate) flags: Flags,
}

impl Transaction {
    /// What the lines take in memory.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a line that can be run. Nothing is kept for a broken transaction.
    pub(crate) fn queue(&mut self, line: &[Blob], flags: Flags) -> Result<Reply, ErrorReply> {
        self.bytes += LINE_BYTES;
        self.bytes += line.iter().map(|word| word.len() + WORD_BYTES).sum::<usize>();
        if self.bytes > BYTES_MAX {
            self.is_broken = true;
            return Err(ErrorReply::from_static("ERR transaction too large"));
        }
        self.flags = self.flags.and(flags);
        if !self.is_broken {
            self.lines.push(line.to_vec());
        }
        Ok(Reply::Status(Blob::from_static("QUEUED")))
    }
}
