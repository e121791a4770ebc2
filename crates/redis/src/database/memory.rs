//! The memory limit. See [`eviction`](crate::eviction).

use crate::command::Flags;
use crate::config::{Config, EvictionPolicy};
use crate::{Database, ErrorReply, Keyspace};

/// How much a command may add to the data that stores what it makes of other data. Redis looks only
/// whether there was memory before the command, which can take many times as much as there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// No limit, if not given.
    left: Option<u64>,
}

impl Room {
    /// So much may be added without a look whether there is memory for it.
    pub(crate) const UNSEEN_BYTES: u64 = 1 << 20;

    /// Takes so many bytes off it.
    ///
    /// # Errors
    /// "OOM" if there are not as many.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), ErrorReply> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(bytes as u64).ok_or(ErrorReply::out_of_memory())?;
        }
        Ok(())
    }
}

impl Database {
    /// How much the command that runs now may add to the data.
    pub(crate) fn room(&self) -> Room {
        Room { left: self.memory_left().map(|left| left.max(Room::UNSEEN_BYTES)) }
    }

    /// What the server is configured to do.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Configures the server, as `CONFIG SET` does.
    pub fn configure(&mut self, config: Config) {
        let is_limited = config.maxmemory > 0;
        self.config = config;
        self.change_each(|keyspace| keyspace.keep_ledger(is_limited));
    }

    /// The number of keys evicted so far.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The estimated size of all data in bytes.
    pub(crate) fn used_memory(&self) -> u64 {
        let used: usize = self.keyspaces().into_iter().map(|(_, keyspace)| keyspace.bytes()).sum();
        used as u64
    }

    /// Whether the data exceeds the memory limit.
    #[inline]
    pub(crate) fn lacks_memory(&self) -> bool {
        self.config.maxmemory > 0 && self.used_memory() > self.config.maxmemory
    }

    /// The bytes left before evictions begin, if there is a limit.
    pub(crate) fn memory_left(&self) -> Option<u64> {
        let limit = Some(self.config.maxmemory).filter(|limit| *limit > 0)?;
        Some(limit.saturating_sub(self.used_memory()))
    }

    /// Evicts keys until the data is within the limit. Fails if a command with these flags needs
    /// memory and there is none.
    ///
    /// # Errors
    /// "OOM" if the command may take memory and there is none left.
    #[inline]
    pub(crate) fn make_room(&mut self, flags: Flags) -> Result<(), ErrorReply> {
        while self.lacks_memory() {
            if !self.evict() {
                return match flags.contains(Flags::DENYOOM) {
                    true => Err(ErrorReply::out_of_memory()),
                    false => Ok(()),
                };
            }
        }
        Ok(())
    }

    /// Evicts one key, if the policy finds one.
    fn evict(&mut self) -> bool {
        let policy = self.config.maxmemory_policy;
        let candidate = |(number, keyspace): (u8, &Keyspace)| {
            let ledger = keyspace.ledger()?;
            let (rank, key) = match policy {
                EvictionPolicy::NoEviction => None,
                EvictionPolicy::AllKeysLru => ledger.least_recently_used(),
                EvictionPolicy::VolatileLru => ledger.least_recently_used_volatile(),
                EvictionPolicy::VolatileTtl => ledger.first_to_expire(),
            }?;
            Some((rank, number, key.clone()))
        };
        let Some((_, number, key)) = self.keyspaces().into_iter().filter_map(candidate).min()
        else {
            return false;
        };
        let selected = self.selected();
        self.select(number);
        self.keyspace.evict(&key);
        self.select(selected);
        self.evicted += 1;
        true
    }
}
