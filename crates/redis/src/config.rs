//! The parameters that `CONFIG` reads and sets: those that have an effect here, and those that
//! tools ask for.

use serde::{Deserialize, Serialize};

use crate::{Blob, Database};

/// The configuration of a server. The default is that of Redis without a configuration file, except
/// that nothing is saved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The size of the data in bytes above which keys are evicted. 0 means no limit.
    pub maxmemory: u64,
    /// Which keys are evicted.
    pub maxmemory_policy: EvictionPolicy,
    /// The most connections at a time.
    pub maxclients: u32,
    /// Whether writes are logged to the append-only file.
    pub appendonly: bool,
    /// When the append-only file is synced.
    pub appendfsync: Fsync,
    /// After how many milliseconds a running script makes other clients get `BUSY`. They may kill
    /// it from then on.
    pub busy_reply_threshold_ms: u64,
    /// When snapshots are taken, in Redis's notation. Empty means never.
    pub save: Blob,
}

/// Which keys are evicted when there is no memory left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvictionPolicy {
    /// No keys are evicted. Commands that may take memory are refused.
    #[default]
    #[serde(rename = "noeviction")]
    NoEviction,
    /// The least recently used key.
    #[serde(rename = "allkeys-lru")]
    AllKeysLru,
    /// The least recently used key that has an expiry.
    VolatileLru,
    /// The key that expires first.
    VolatileTtl,
}

/// When a log of writes is synced to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fsync {
    /// Before the reply to a write.
    Always,
    /// Once a second.
    #[default]
    EverySecond,
    /// When the operating system decides.
    Never,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            maxmemory: 0,
            maxmemory_policy: EvictionPolicy::default(),
            maxclients: 10_000,
            appendonly: false,
            appendfsync: Fsync::default(),
            busy_reply_threshold_ms: 5_000,
            save: Blob::default(),
        }
    }
}

/// One of the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    AppendFsync,
    AppendOnly,
    BusyReplyThreshold,
    Databases,
    MaxClients,
    MaxMemory,
    MaxMemoryPolicy,
    Save,
}

impl Parameter {
    /// All parameters, sorted by name. Some have two names.
    pub(crate) const ALL: [(&str, Parameter); 9] = [
        ("appendfsync", Parameter::AppendFsync),
        ("appendonly", Parameter::AppendOnly),
        ("busy-reply-threshold", Parameter::BusyReplyThreshold),
        ("databases", Parameter::Databases),
        ("lua-time-limit", Parameter::BusyReplyThreshold),
        ("maxclients", Parameter::MaxClients),
        ("maxmemory", Parameter::MaxMemory),
        ("maxmemory-policy", Parameter::MaxMemoryPolicy),
        ("save", Parameter::Save),
    ];
}

impl EvictionPolicy {
    const NAMES: [(&str, EvictionPolicy); 4] = [
        ("volatile-lru", EvictionPolicy::VolatileLru),
        ("volatile-ttl", EvictionPolicy::VolatileTtl),
        ("allkeys-lru", EvictionPolicy::AllKeysLru),
        ("noeviction", EvictionPolicy::NoEviction),
    ];

    /// Its name in Redis.
    pub(crate) fn name(self) -> &'static str {
        name_of(&EvictionPolicy::NAMES, self)
    }
}

impl Fsync {
    const NAMES: [(&str, Fsync); 3] =
        [("everysec", Fsync::EverySecond), ("always", Fsync::Always), ("no", Fsync::Never)];
}

const BOOLEANS: [(&str, bool); 2] = [("yes", true), ("no", false)];

impl Config {
    /// The value that `CONFIG GET` returns.
    pub(crate) fn get(&self, parameter: Parameter) -> Blob {
        match parameter {
            Parameter::AppendFsync => Blob::from(name_of(&Fsync::NAMES, self.appendfsync)),
            Parameter::AppendOnly => Blob::from(name_of(&BOOLEANS, self.appendonly)),
            Parameter::BusyReplyThreshold => {
                Blob::format(format_args!("{}", self.busy_reply_threshold_ms))
            }
            Parameter::Databases => Blob::format(format_args!("{}", Database::COUNT)),
            Parameter::MaxClients => Blob::format(format_args!("{}", self.maxclients)),
            Parameter::MaxMemory => Blob::format(format_args!("{}", self.maxmemory)),
            Parameter::MaxMemoryPolicy => Blob::from(self.maxmemory_policy.name()),
            Parameter::Save => self.save.clone(),
        }
    }

    /// Sets a parameter to the argument of `CONFIG SET`.
    ///
    /// # Errors
    /// Redis's message, if the value is not allowed.
    pub(crate) fn set(&mut self, parameter: Parameter, text: &Blob) -> Result<(), String> {
        match parameter {
            Parameter::AppendFsync => self.appendfsync = one_of(&Fsync::NAMES, text)?,
            Parameter::AppendOnly => {
                let found = one_of(&BOOLEANS, text);
                self.appendonly = found.map_err(|_| "argument must be 'yes' or 'no'".to_owned())?;
            }
            Parameter::BusyReplyThreshold => self.busy_reply_threshold_ms = time_ms(text)?,
            Parameter::Databases => return Err("can't set immutable config".to_owned()),
            Parameter::MaxClients => self.maxclients = count(text)?,
            Parameter::MaxMemory => {
                let bytes = memory(text);
                self.maxmemory = bytes.ok_or("argument must be a memory value".to_owned())?;
            }
            Parameter::MaxMemoryPolicy => {
                self.maxmemory_policy = one_of(&EvictionPolicy::NAMES, text)?;
            }
            Parameter::Save => {
                if !is_schedule(text) {
                    return Err("Invalid save parameters".to_owned());
                }
                self.save = text.clone();
            }
        }
        Ok(())
    }
}

fn name_of<T: Copy + PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, other)| *other == value).map_or("", |(name, _)| name)
}

fn one_of<T: Copy>(names: &[(&'static str, T)], text: &[u8]) -> Result<T, String> {
    let found = names.iter().find(|(name, _)| text.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        format!("argument(s) must be one of the following: {}", names.join(", "))
    })
}

fn number(text: &[u8]) -> Result<i64, String> {
    crate::integer::parse(text)
        .map_err(|_| "argument couldn't be parsed into an integer".to_owned())
}

fn time_ms(text: &[u8]) -> Result<u64, String> {
    let ms = u64::try_from(number(text)?);
    ms.map_err(|_| format!("argument must be between 0 and {} inclusive", i64::MAX))
}

fn count(text: &[u8]) -> Result<u32, String> {
    let number = number(text)?;
    u32::try_from(number)
        .ok()
        .filter(|number| (1..=u32::MAX).contains(number))
        .ok_or_else(|| format!("argument must be between 1 and {} inclusive", u32::MAX))
}

/// Parses a number of bytes with an optional unit: `k` is 1,000, `kb` is 1,024. No digits mean 0.
fn memory(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match &unit.to_ascii_lowercase()[..] {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let number = std::str::from_utf8(number).ok()?;
    let number = if number.is_empty() { Some(0) } else { number.parse::<u64>().ok() };
    number?.checked_mul(unit)
}

/// Whether the text is empty, or pairs of seconds and numbers of changes.
fn is_schedule(text: &[u8]) -> bool {
    let numbers: Vec<bool> = text
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .map(|word| crate::integer::parse(word).is_ok_and(|number| number >= 0))
        .collect();
    numbers.len().is_multiple_of(2) && numbers.iter().all(|is_number| *is_number)
}
