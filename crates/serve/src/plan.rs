//! What goes wrong with real connections, as a file says it.
//!
//! A plan is a list of rules for each kind of fault. A rule strikes by chance, once for each
//! command, or by the clock. Keys that nobody knows, and rules that could never strike, are refused
//! with the line they stand in.

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
    /// Commands or replies that take their time.
    pub delay: Vec<DelayRule>,
    /// Commands that are executed and not answered.
    pub drop_reply: Vec<DropRule>,
    /// Connections that break before a command is executed.
    pub reset: Vec<ResetRule>,
    /// Servers that do nothing for a while.
    pub stall: Vec<StallRule>,
    /// Servers that end, and start again.
    pub crash: Vec<CrashRule>,
}

/// A command, or its reply, is held back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DelayRule {
    /// How often, per command.
    pub chance: Amount,
    /// For how long.
    pub lasts: Latency,
    /// What is held back.
    #[serde(default)]
    pub what: Delayed,
    /// Where, when, and which commands.
    #[serde(default)]
    pub only: Only,
}

/// What is held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delayed {
    /// The command, before it is executed.
    Command,
    /// The reply, after the command has been executed.
    #[default]
    Reply,
}

/// A command is executed, and its reply is lost.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DropRule {
    /// How often, per command.
    pub chance: Amount,
    /// What becomes of the connection.
    #[serde(default)]
    pub then: Then,
    /// Where, when, and which commands.
    #[serde(default)]
    pub only: Only,
}

/// What becomes of a connection on which a reply was lost. It cannot just go on: the next reply
/// would be taken for the one that was lost, which TCP never lets happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It is reset: the client learns at once that it does not know.
    #[default]
    Reset,
    /// Nothing comes any more, and nothing that is sent is executed: the client has to time out.
    Silence,
}

/// A connection breaks: before a command, which is not executed, or all at a time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResetRule {
    /// How often, per command.
    pub chance: Option<Amount>,
    /// Once, this long after the start: all connections.
    pub at: Option<Span>,
    /// Again and again, this long after the last time: all connections.
    pub every: Option<Latency>,
    /// Where, when, and which commands.
    #[serde(default)]
    pub only: Only,
}

/// A server executes nothing for a while, as during a slow script.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StallRule {
    /// How often, per command.
    pub chance: Option<Amount>,
    /// Once, this long after the start.
    pub at: Option<Span>,
    /// Again and again, this long after the last time.
    pub every: Option<Latency>,
    /// For how long.
    pub lasts: Latency,
    /// Where, when, and which commands.
    #[serde(default)]
    pub only: Only,
}

/// A server ends without warning, refuses connections for a while, and starts again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CrashRule {
    /// How often, per command. The command is not executed.
    pub chance: Option<Amount>,
    /// Once, this long after the start.
    pub at: Option<Span>,
    /// Again and again, this long after the last time.
    pub every: Option<Latency>,
    /// How long it is down.
    pub lasts: Latency,
    /// What of its data is there again.
    pub keep: Keep,
    /// Where, when, and which commands.
    #[serde(default)]
    pub only: Only,
}

/// What of its data a server still has after a crash. Loaded scripts never survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// `appendonly no`, `save ""`.
    Nothing,
    /// `appendfsync always`.
    Everything,
    /// `appendfsync everysec`: what was there when a second last began.
    AllButLastSecond,
}

/// To what a rule is confined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Only {
    /// To these servers: `n0` is the first.
    pub nodes: Vec<String>,
    /// To commands of these names.
    pub commands: Vec<String>,
    /// To what happens this long after the start, or later.
    pub from: Span,
    /// To what happens earlier than this.
    pub until: Option<Span>,
}

/// When a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strikes {
    /// By chance, for each command.
    ByChance(Amount),
    /// Once.
    At(Span),
    /// Again and again.
    Every(Latency),
}

impl FaultPlan {
    /// Reads a plan for so many servers from the text of the file `origin`.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
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
        let message = "what strikes by the clock does not ask for commands";
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

/// What the server with this number is called.
pub(crate) fn node_name(number: u16) -> String {
    format!("n{number}")
}

impl Only {
    /// Whether a rule has to do with the server of that name.
    pub(crate) fn includes_node(&self, name: &str) -> bool {
        self.nodes.is_empty() || self.nodes.iter().any(|node| node == name)
    }

    /// Whether a rule has to do with a command, this long after the start.
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
        (None, None, Some(_)) => Err("every needs a time that is not 0"),
        _ => Err("say when: one of chance = \"1%\", at = \"10s\", every = \"5s..10s\""),
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
