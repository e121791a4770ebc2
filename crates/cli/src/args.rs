//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use history::Span;
use scenario::Edit;
use scenario::Override;

use crate::command::read_text;
use crate::failure::{CODES, Failure};
use crate::output::Rows;
use crate::size::Size;

/// Deterministic simulation and consistency testing for protocols built on Redis.
#[derive(Debug, Parser)]
#[command(name = "rumormill", version, max_term_width = 100)]
#[command(after_long_help = CODES, after_help = CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the scenarios
    #[command(after_help = "\
Examples:
  rumormill list
  rumormill list 'caspaxos/losing/*' --format json")]
    List {
        /// Names, endings of names, or patterns
        #[arg(default_value = "all")]
        names: Vec<String>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show a scenario with all its defaults
    #[command(after_help = "\
Examples:
  rumormill show c6p2k2
  rumormill show losing/c2p2k2 --set caspaxos.clients=3")]
    Show {
        /// A name, the end of a name, or a TOML file
        name: String,
        #[command(flatten)]
        changes: Changes,
    },
    /// Run scenarios
    #[command(after_help = "\
Examples:
  rumormill run all --seed seed1
  rumormill run losing/c2p2k2 --seeds 0..1000
  rumormill run membership crash                  (all that is in these folders)
  rumormill run 'caspaxos/*' --seeds 0..200 --intensity 50 --format jsonl
  rumormill run losing/c2p2k1.i --seed 7          (shows how the violation came about)
  rumormill run losing/c2p2k2 --seed 7 --edit 'fate p1->a0 #17 = drop'
  rumormill run my-scenario.toml --set caspaxos.clients=5")]
    Run {
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        seeds: Seeds,
        #[command(flatten)]
        edits: Edits,
        /// How many runs at a time; all cores if not given
        #[arg(long, value_name = "N")]
        jobs: Option<NonZeroUsize>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Run scenarios and write their event logs
    #[command(after_help = "\
Examples:
  rumormill record losing/c2p2k2 --seed 7 -o incident.jsonl
  rumormill record all --seed seed1 --intensity 5")]
    Record {
        #[command(flatten)]
        what: What,
        /// Any text
        #[arg(long, default_value = "seed1", value_name = "SEED")]
        seed: String,
        #[command(flatten)]
        edits: Edits,
        /// Where to, - is stdout; target/rumormill/NAME.jsonl if not given
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Replay event logs, and stop at the first event that differs
    #[command(after_help = "\
Examples:
  rumormill replay incident.jsonl
  rumormill replay recordings/caspaxos/*/*.jsonl --redraw")]
    Replay {
        /// Event logs
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Draw the answers of chance from the seed, instead of taking them from the log
        #[arg(long)]
        redraw: bool,
    },
    /// Check event logs without running anything
    #[command(after_help = "\
Example:
  rumormill check target/rumormill/caspaxos/losing/c2p2k2.jsonl")]
    Check {
        /// Event logs; an interrupted recording (.partial) works too
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show the differences between two event logs
    #[command(after_help = "\
Example:
  rumormill diff before.jsonl after.jsonl")]
    Diff {
        /// An event log
        left: PathBuf,
        /// Another
        right: PathBuf,
    },
    /// Try every order of events of a small scenario, within bounds
    #[command(after_help = "\
States are visited nearest first, so what is found has a shortest path. Messages arrive in every
order. Faults happen only as often as the options allow. The scenario's own nemesis acts as in a
run. Values that a seed would draw are those of the file. docs/exploring.md says how time is
abstracted.

Examples:
  rumormill explore small/race --set caspaxos.acceptors=1 --timeouts 1 --losses 1
  rumormill explore small/race --set caspaxos.acceptors=1 --set redis.durability=no --timeouts 1 \
--crashes 1 -o lost-write.jsonl
  rumormill explore small/race --timeouts 1 --states 100000 --format json")]
    Explore {
        /// A name, the end of a name, or a TOML file
        name: String,
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        bounds: Bounds,
        /// Record the run that shows what is found here, - is stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Find the seed with the shortest log that shows what a scenario expects
    #[command(after_help = "\
Example:
  rumormill reduce losing/c2p2k1.i --seeds 0..2000 -o shortest.jsonl")]
    Reduce {
        /// A name, the end of a name, or a TOML file
        name: String,
        #[command(flatten)]
        changes: Changes,
        /// Seeds to try: from A up to, but not including, B
        #[arg(long, default_value = "0..500", value_name = "A..B", value_parser = seed_range)]
        seeds: Range<u64>,
        /// How many runs at a time; all cores if not given
        #[arg(long, value_name = "N")]
        jobs: Option<NonZeroUsize>,
        /// Record the run of that seed here, - is stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Record all committed recordings again, and print what changed
    #[command(after_help = "\
Each recording is made again with its own seed and intensity, by the scenario as it is now. A
scenario that has none yet gets one.

Example:\n  rumormill bless recordings")]
    Bless {
        /// The folder of the recordings
        #[arg(default_value = "recordings")]
        folder: PathBuf,
        /// Only print what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the page of all scenarios, and measure how soon hazards are caught
    #[command(after_help = "\
Figures that are not measured anew are kept from the page that there is.

Examples:
  rumormill catalogue docs/scenarios.md
  rumormill catalogue docs/scenarios.md --check
  rumormill catalogue docs/scenarios.md --measure 0..1000 --only 'caspaxos/*'")]
    Catalogue {
        /// The page
        file: PathBuf,
        /// Write nothing; fail if the page is not up to date
        #[arg(long, conflicts_with = "measure")]
        check: bool,
        /// Run hazards with these seeds: from A up to, but not including, B
        #[arg(long, value_name = "A..B", value_parser = seed_range)]
        measure: Option<Range<u64>>,
        /// Measure these: names, endings of names, or patterns
        #[arg(long = "only", default_value = "all", value_name = "NAME|PATTERN")]
        names: Vec<String>,
        /// How many runs at a time; all cores if not given
        #[arg(long, value_name = "N")]
        jobs: Option<NonZeroUsize>,
    },
    /// Serve Redis in memory over TCP, with faults if wanted
    #[command(after_help = "\
The addresses stand in one line on stdout once clients can connect. It ends with Ctrl-C.

Examples:
  rumormill serve                                 (then: redis-cli -p 6379)
  rumormill serve --port 0 --nodes 5 --metrics 10s
  rumormill serve --faults faults.toml --seed 7 --fault-log faults.jsonl

A fault plan:
  [[drop-reply]]
  chance = \"1%\"
  only.commands = [\"SET\"]

  [[crash]]
  every = \"20s..40s\"
  lasts = \"500ms\"
  keep = \"all-but-last-second\"

docs/serve.md tells all about it.")]
    Serve(Serve),
    /// Put a cache in front of a real Redis
    #[command(after_help = "\
GET is answered from the cache; every other command is passed on, and the keys that it writes are
thrown out of the cache. The address stands in the last line on stdout once clients can connect. It
ends with Ctrl-C.

Example:
  rumormill proxy --listen 127.0.0.1:8001 --upstream 127.0.0.1:6379 --capacity 1024 --ttl 300s

docs/proxy.md tells all about it.")]
    Proxy(Proxy),
}

/// What to proxy.
#[derive(Clone, Debug, Group)]
pub(crate) struct Proxy {
    /// The address for clients; port 0 takes any free port. There is no password
    #[arg(long, default_value = "127.0.0.1:8001", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Allow an address that other machines can reach
    #[arg(long)]
    pub(crate) unprotected: bool,
    /// The Redis server behind it
    #[arg(long, default_value = "127.0.0.1:6379")]
    #[arg(value_name = "HOST:PORT", value_parser = host_port)]
    pub(crate) upstream: String,
    /// The maximum number of cached keys
    #[arg(long, default_value_t = 1024, value_name = "N")]
    pub(crate) capacity: usize,
    /// The maximum memory of cached keys
    #[arg(long, default_value = "64MiB", value_name = "SIZE")]
    pub(crate) memory: Size,
    /// The time to live of a cached key
    #[arg(long, default_value = "300s", value_name = "DURATION")]
    pub(crate) ttl: Span,
    /// The time between two sweeps of expired keys
    #[arg(long, default_value = "100ms", value_name = "DURATION")]
    pub(crate) period: Span,
    /// How long the server may take to connect, and be silent while replies are due
    #[arg(long, default_value = "5s", value_name = "DURATION")]
    pub(crate) timeout: Span,
    /// The maximum number of connected clients
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) maxclients: usize,
    /// Serve metrics for Prometheus here, at /metrics
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<SocketAddr>,
    /// How much is logged on stderr
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    pub(crate) log: LogLevel,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Nothing
    Off,
    /// Errors of the proxy
    Error,
    /// Errors of the server, or of clients
    Warn,
    /// Changes of state
    #[default]
    Info,
    /// Connections too
    Debug,
}

/// What to serve.
#[derive(Clone, Debug, Group)]
pub(crate) struct Serve {
    /// The port of the first server; the others have the next ports. 0 takes any free ports
    #[arg(long, default_value_t = 6379, value_name = "PORT")]
    pub(crate) port: u16,
    /// The number of servers, each with its own data
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) nodes: u16,
    /// The address to listen on. There is no password: every client that can reach it can use it
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub(crate) bind: IpAddr,
    /// Allow an address that other machines can reach
    #[arg(long)]
    pub(crate) unprotected: bool,
    /// The maximum number of connected clients of a server
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) maxclients: usize,
    /// How long a script may run before the server ends it
    #[arg(long, default_value = "5s", value_name = "DURATION")]
    pub(crate) script_time: Span,
    /// Report the activity on stderr, once per interval
    #[arg(long, value_name = "DURATION")]
    pub(crate) metrics: Option<Span>,
    /// The faults, as a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// The seed of the faults: any text
    #[arg(long, default_value = "seed1", value_name = "SEED")]
    pub(crate) seed: String,
    /// Write down each fault, one JSON object a line
    #[arg(long, requires = "faults", value_name = "FILE")]
    pub(crate) fault_log: Option<PathBuf>,
}

/// What to run.
#[derive(Debug, Group)]
pub(crate) struct What {
    /// Names, folders, endings of either, patterns (* crosses slashes), "all", or TOML files
    #[arg(required = true, value_name = "NAME|PATTERN|FILE")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// The changes to the scenario.
#[derive(Clone, Debug, Group)]
pub(crate) struct Changes {
    /// The amount of work, instead of the scenario's: for most systems, writes per client
    #[arg(long, value_name = "N")]
    pub(crate) intensity: Option<u64>,
    /// Set a value of the scenario file, such as caspaxos.clients=3; can be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Override>,
}

impl Changes {
    /// All of them.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let intensity = self.intensity.map(|intensity| Override {
            path: "intensity".to_owned(),
            value: intensity.to_string(),
        });
        intensity.into_iter().chain(self.set.iter().cloned()).collect()
    }

    /// The flags as text.
    pub(crate) fn typed(&self) -> String {
        let intensity = self.intensity.map(|n| format!(" --intensity {n}")).unwrap_or_default();
        self.set
            .iter()
            .fold(intensity, |typed, set| format!("{typed} --set '{}={}'", set.path, set.value))
    }
}

/// The answers of chance that differ from those of the seed.
#[derive(Clone, Debug, Default, Group)]
pub(crate) struct Edits {
    /// Give one question of chance another answer, such as 'fate p1->a0 #17 = drop'; can be given
    /// several times. docs/event-log.md describes the syntax
    #[arg(long = "edit", value_name = "EDIT")]
    edits: Vec<Edit>,
    /// A file of edits, one a line; lines that begin with # are comments
    #[arg(long = "edits", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Edits {
    /// All of them, those of the file first.
    pub(crate) fn read(self) -> Result<Vec<Edit>, Failure> {
        let mut all = Vec::new();
        if let Some(path) = &self.file {
            for (number, line) in (1..).zip(read_text(path, "file of edits")?.lines()) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let edit = line
                    .parse()
                    .map_err(|why| Failure::Usage(format!("{}:{number}: {why}", path.display())))?;
                all.push(edit);
            }
        }
        all.extend(self.edits);
        Ok(all)
    }
}

/// The edits as flags.
pub(crate) fn typed(edits: &[Edit]) -> String {
    edits.iter().map(|edit| format!(" --edit '{edit}'")).collect()
}

/// How far to explore.
#[derive(Clone, Copy, Debug, Group)]
pub(crate) struct Bounds {
    /// How many messages may be lost on a path
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) losses: u64,
    /// How many messages may be duplicated on a path
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) duplicates: u64,
    /// How many times a node may crash on a path
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) crashes: u64,
    /// How many times time may pass on a path, so that timers run out; no bound if not given
    #[arg(long, value_name = "N")]
    pub(crate) timeouts: Option<u64>,
    /// How many steps a path may have; no bound if not given
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<usize>,
    /// How many states to visit
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    pub(crate) states: u64,
    /// A question of chance with more possible answers than this is answered with 0 only
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub(crate) answers: u64,
}

/// Which seeds to run.
#[derive(Clone, Debug, Group)]
pub(crate) struct Seeds {
    /// Any text
    #[arg(long, default_value = "seed1", value_name = "SEED")]
    seed: String,
    /// Many seeds: from A up to, but not including, B
    #[arg(long, conflicts_with = "seed", value_name = "A..B", value_parser = seed_range)]
    seeds: Option<Range<u64>>,
}

impl Seeds {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let len = self.seeds.as_ref().map_or(1, |range| range.end - range.start);
        usize::try_from(len).unwrap_or(usize::MAX)
    }

    /// The flags as text.
    pub(crate) fn typed(&self) -> String {
        match &self.seeds {
            Some(range) => format!("--seeds {}..{}", range.start, range.end),
            None => format!("--seed {}", self.seed),
        }
    }

    /// The seed at a place.
    pub(crate) fn get(&self, place: usize) -> String {
        match &self.seeds {
            Some(range) => (range.start + place as u64).to_string(),
            None => self.seed.clone(),
        }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Human,
    /// One array, in order
    Json,
    /// One object a line, as runs end, and one at the end with the number of lines
    Jsonl,
}

impl Format {
    /// The rows of results for programs. `None` if the results are for people.
    pub(crate) fn rows(self) -> Option<Rows> {
        match self {
            Format::Human => None,
            Format::Json => Some(Rows::ARRAY),
            Format::Jsonl => Some(Rows::LINES),
        }
    }
}

/// A host, whose name may be resolved later, and a port.
fn host_port(text: &str) -> Result<String, String> {
    let is_one = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if is_one { Ok(text.to_owned()) } else { Err("this is HOST:PORT, as in localhost:6379".into()) }
}

fn seed_range(text: &str) -> Result<Range<u64>, String> {
    let range =
        text.split_once("..").and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?));
    let range: Range<u64> = range.ok_or("a range of seeds is two numbers, as 0..200")?;
    if range.is_empty() {
        let (first, end) = (range.start, range.end);
        return Err(format!("there is no seed from {first} up to, but not including, {end}"));
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_defined() {
        Args::command().debug_assert();
    }

    #[test]
    fn ranges_of_seeds_are_half_open() {
        assert_eq!(seed_range("0..3"), Ok(0..3));
        for text in ["", "3", "3..3", "3..2", "a..b", "0..", "..3", "-1..3", "0..=3"] {
            assert!(seed_range(text).is_err(), "{text:?} was accepted");
        }
    }
}
