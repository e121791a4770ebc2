//! Fault plans for real connections, read from a file.
//!
//! A plan has a list of rules for each kind of fault. A rule strikes either by chance, with one
//! draw per command, or by the clock. Unknown keys, and rules that could never strike, are errors
//! with a line number.

use history::Span;
use scenario::units::{Amount, Latency};
use scenario::{LoadError, Problem};
use serde::Deserialize;

/// The faults of a run of `serve`.
///
/// ```
/// use serve::FaultPlan;
///
/// let plan = FaultPlan::from_toml("f.toml", "[[delay]]\nchance = '5%'\nlasts = '1ms..9ms'\n", 1);
/// assert!(plan.is_ok());
/// let wrong = FaultPlan::from_toml("f.toml", "[[reset]]\nchance = '1%'\nchanse = '2%'\n", 1);
/// assert!(wrong.unwrap_err().to_string().starts_with("f.toml:3: unknown field `chanse`"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaultPlan {
    /// Delayed commands or replies.
    pub delay: Vec<DelayRule>,
    /// Commands that are executed without a reply.
    pub drop_reply: Vec<DropRule>,
    /// Connections that break before a command is executed.
    pub reset: Vec<ResetRule>,
    /// Servers that execute nothing for a while.
    pub stall: Vec<StallRule>,
    /// Servers that crash and restart.
    pub crash: Vec<CrashRule>,
}

/// Delays a command or its reply.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DelayRule {
    /// The probability per command.
    pub chance: Amount,
    /// The duration.
    pub lasts: Latency,
    /// What is delayed.
    #[serde(default)]
    pub what: Delayed,
    /// The servers, times and commands that the rule applies to.
    #[serde(default)]
    pub only: Only,
}

/// What is delayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delayed {
    /// The command, before it is executed.
    Command,
    /// The reply, after the command has been executed.
    #[default]
    Reply,
}

/// Executes a command, and drops its reply.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DropRule {
    /// The probability per command.
    pub chance: Amount,
    /// What happens to the connection.
    #[serde(default)]
    pub then: Then,
    /// The servers, times and commands that the rule applies to.
    #[serde(default)]
    pub only: Only,
}

/// What happens to a connection whose reply was dropped. It cannot continue: the client would take
/// the next reply for the dropped one, which cannot happen with TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It is reset. The client learns immediately that the outcome is unknown.
    #[default]
    Reset,
    /// The server sends nothing more and executes nothing more on it. The client must time out.
    Silence,
}

/// Breaks one connection before a command, which is not executed. By the clock, breaks all
/// connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResetRule {
    /// The probability per command.
    pub chance: Option<Amount>,
    /// Once, this long after the start. Breaks all connections.
    pub at: Option<Span>,
    /// Repeatedly, this long after the last time. Breaks all connections.
    pub every: Option<Latency>,
    /// The servers, times and commands that the rule applies to.
    #[serde(default)]
    pub only: Only,
}

/// Makes a server execute nothing for a while, as during a slow script.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StallRule {
    /// The probability per command.
    pub chance: Option<Amount>,
    /// Once, this long after the start.
    pub at: Option<Span>,
    /// Repeatedly, this long after the last time.
    pub every: Option<Latency>,
    /// The duration.
    pub lasts: Latency,
    /// The servers, times and commands that the rule applies to.
    #[serde(default)]
    pub only: Only,
}

/// Crashes a server. It refuses connections for a while, and restarts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CrashRule {
    /// The probability per command. The command is not executed.
    pub chance: Option<Amount>,
    /// Once, this long after the start.
    pub at: Option<Span>,
    /// Repeatedly, this long after the last time.
    pub every: Option<Latency>,
    /// How long the server is down.
    pub lasts: Latency,
    /// Which data survives.
    pub keep: Keep,
    /// The servers, times and commands that the rule applies to.
    #[serde(default)]
    pub only: Only,
}

/// The data that survives a crash. Loaded scripts never survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// `appendonly no`, `save ""`.
    Nothing,
    /// `appendfsync always`.
    Everything,
    /// `appendfsync everysec`: the data at the start of the last second.
    AllButLastSecond,
}

/// The servers, times and commands that a rule applies to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Only {
    /// The servers, of which `n0` is the first. Empty means all.
    pub nodes: Vec<String>,
    /// The names of commands. Empty means all.
    pub commands: Vec<String>,
    /// The start of the time range, inclusive, since the start of the service.
    pub from: Span,
    /// The end of the time range, exclusive.
    pub until: Option<Span>,
}

/// When a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strikes {
    /// By chance, for each command.
    ByChance(Amount),
    /// Once.
    At(Span),
    /// Repeatedly.
    Every(Latency),
}

impl FaultPlan {
    /// Reads a plan for `nodes` servers from the text of the file `origin`.
    ///
    /// # Errors
    /// A message with the line, if the plan is invalid.
    pub fn from_toml(origin: &str, text: &str, nodes: u16) -> Result<FaultPlan, LoadError> {
        scenario::read_toml(origin, text, |plan: &FaultPlan| plan.check(nodes))
    }

    fn check(&self, nodes: u16) -> Result<(), Problem> {
        fn numbered<'a, R: 'a>(
            kind: &'static str,
            rules: &'a [R],
            parts: impl Fn(&'a R) -> (Result<Strikes, &'static str>, &'a Only),
        ) -> impl Iterator<Item = (String, Result<Strikes, &'static str>, &'a Only)> {
            let part = move |(number, rule)| {
                let (strikes, only) = parts(rule);
                (format!("{kind}.{number}"), strikes, only)
            };
            rules.iter().enumerate().map(part)
        }
        let by_chance = |chance| Ok(Strikes::ByChance(chance));
        numbered("delay", &self.delay, |rule| (by_chance(rule.chance), &rule.only))
            .chain(numbered("drop-reply", &self.drop_reply, |rule| {
                (by_chance(rule.chance), &rule.only)
            }))
            .chain(numbered("reset", &self.reset, |rule| (rule.strikes(), &rule.only)))
            .chain(numbered("stall", &self.stall, |rule| (rule.strikes(), &rule.only)))
            .chain(numbered("crash", &self.crash, |rule| (rule.strikes(), &rule.only)))
            .try_for_each(|(path, strikes, only)| check_rule(&path, strikes, only, nodes))
    }
}

fn check_rule(
    path: &str,
    strikes: Result<Strikes, &'static str>,
    only: &Only,
    nodes: u16,
) -> Result<(), Problem> {
    let strikes = strikes.map_err(|message| Problem::new(path, message))?;
    if !matches!(strikes, Strikes::ByChance(_)) && !only.commands.is_empty() {
        let message = "a rule that strikes by the clock cannot name commands";
        return Err(Problem::new(format!("{path}.only.commands"), message));
    }
    if only.until.is_some_and(|until| until <= only.from) {
        let message = "until is later than from";
        return Err(Problem::new(format!("{path}.only.until"), message));
    }
    let known: Vec<String> = (0..nodes).map(node_name).collect();
    match only.nodes.iter().find(|name| !known.contains(name)) {
        Some(name) => {
            let message = format!("there is no server {name:?}; there are: {}", known.join(", "));
            Err(Problem::new(format!("{path}.only.nodes"), message))
        }
        None => Ok(()),
    }
}

/// The name of the server with this number.
pub(crate) fn node_name(number: u16) -> String {
    format!("n{number}")
}

impl Only {
    /// Whether the rule applies to the server with this name.
    pub(crate) fn includes_node(&self, name: &str) -> bool {
        self.nodes.is_empty() || self.nodes.iter().any(|node| node == name)
    }

    /// Whether the rule applies to a command, this long after the start.
    pub(crate) fn includes(&self, command: &[u8], now: Span) -> bool {
        let named = |name: &String| name.as_bytes().eq_ignore_ascii_case(command);
        self.includes_time(now) && (self.commands.is_empty() || self.commands.iter().any(named))
    }

    pub(crate) fn includes_time(&self, now: Span) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

impl ResetRule {
    pub(crate) fn strikes(&self) -> Result<Strikes, &'static str> {
        strikes(self.chance, self.at, self.every)
    }
}

impl StallRule {
    pub(crate) fn strikes(&self) -> Result<Strikes, &'static str> {
        strikes(self.chance, self.at, self.every)
    }
}

impl CrashRule {
    pub(crate) fn strikes(&self) -> Result<Strikes, &'static str> {
        strikes(self.chance, self.at, self.every)
    }
}

fn strikes(
    chance: Option<Amount>,
    at: Option<Span>,
    every: Option<Latency>,
) -> Result<Strikes, &'static str> {
    match (chance, at, every) {
        (Some(chance), None, None) => Ok(Strikes::ByChance(chance)),
        (None, Some(at), None) => Ok(Strikes::At(at)),
        (None, None, Some(every)) if every.0.min > Span::ZERO => Ok(Strikes::Every(every)),
        (None, None, Some(_)) => Err("every must not be 0"),
        _ => Err("set exactly one of chance = \"1%\", at = \"10s\", every = \"5s..10s\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_in_the_documentation_is_one() {
        let text = include_str!("../../../docs/serve.md");
        let plan = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
        let plan = FaultPlan::from_toml("docs/serve.md", plan.expect("it has one"), 2);
        let plan = plan.expect("it is right");
        assert_eq!(plan.drop_reply[0].then, Then::Reset);
        assert_eq!(plan.delay[0].what, Delayed::Command);
        assert_eq!(plan.stall[0].only.nodes, ["n1"]);
        assert_eq!(plan.crash[0].keep, Keep::AllButLastSecond);
    }
}
