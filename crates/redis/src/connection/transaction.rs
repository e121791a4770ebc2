//! The queue between `MULTI` and `EXEC`.

use crate::command::Flags;
use crate::{Blob, ErrorReply, Reply};

/// The most bytes that a connection may queue: Redis's default `client-query-buffer-limit`, which
/// also counts queued commands. Redis closes the connection; here the transaction is broken.
const BYTES_MAX: usize = 1 << 30;

/// The size of a word without its bytes.
const WORD_BYTES: usize = size_of::<Blob>();

/// The size of a line without its words, including the shape of its reply.
const LINE_BYTES: usize = size_of::<Vec<Blob>>() + 2 * size_of::<Blob>();

/// The command lines queued for `EXEC`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Transaction {
    pub(crate) lines: Vec<Vec<Blob>>,
    /// Whether a line was refused, so that `EXEC` will be refused.
    pub(crate) is_broken: bool,
    bytes: usize,
    /// The union of the flags of all queued commands.
    pub(crate) flags: Flags,
}

impl Transaction {
    /// The memory that the lines take, in bytes.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a line that has been checked. A broken transaction drops it.
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
