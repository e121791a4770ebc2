//! The flags of commands, as `COMMAND INFO` lists them.

use std::fmt;

/// A set of flags of a command. The Redis documentation of `COMMAND` describes them.
///
/// ```
/// use redis::Flags;
///
/// let flags = Flags::WRITE.and(Flags::DENYOOM);
/// assert!(flags.contains(Flags::WRITE));
/// assert_eq!(flags.names().collect::<Vec<_>>(), ["write", "denyoom"]);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// It may change keys.
    pub const WRITE: Flags = Flags(1);
    /// It reads keys and changes none.
    pub const READONLY: Flags = Flags(1 << 1);
    /// It may take memory, and is refused if there is none left.
    pub const DENYOOM: Flags = Flags(1 << 2);
    /// It is for administrators.
    pub const ADMIN: Flags = Flags(1 << 3);
    /// Scripts may not call it.
    pub const NOSCRIPT: Flags = Flags(1 << 4);
    /// It is allowed while the server loads its data.
    pub const LOADING: Flags = Flags(1 << 5);
    /// A replica that has lost its master allows it.
    pub const STALE: Flags = Flags(1 << 6);
    /// `MONITOR` does not show it.
    pub const SKIP_MONITOR: Flags = Flags(1 << 7);
    /// `SLOWLOG` does not show it.
    pub const SKIP_SLOWLOG: Flags = Flags(1 << 8);
    /// It takes constant or logarithmic time.
    pub const FAST: Flags = Flags(1 << 9);
    /// It needs no login.
    pub const NO_AUTH: Flags = Flags(1 << 10);
    /// It may be called without a key.
    pub const NO_MANDATORY_KEYS: Flags = Flags(1 << 11);
    /// It runs even while a script keeps the server busy.
    pub const ALLOW_BUSY: Flags = Flags(1 << 12);
    /// The positions of its keys depend on its arguments.
    pub const MOVABLEKEYS: Flags = Flags(1 << 13);

    const NAMES: [&str; 14] = [
        "write",
        "readonly",
        "denyoom",
        "admin",
        "noscript",
        "loading",
        "stale",
        "skip_monitor",
        "skip_slowlog",
        "fast",
        "no_auth",
        "no_mandatory_keys",
        "allow_busy",
        "movablekeys",
    ];

    /// The union of both sets.
    #[must_use]
    pub const fn and(self, others: Flags) -> Flags {
        Flags(self.0 | others.0)
    }

    /// Whether this set contains all flags of the other one.
    #[must_use]
    pub const fn contains(self, others: Flags) -> bool {
        self.0 & others.0 == others.0
    }

    /// Their names in Redis.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = Flags::NAMES.into_iter().enumerate();
        named.filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| name)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
