//! The faults that the seed determines for each command.
//!
//! The m-th command of the n-th connection of a server has the same faults under the same seed.
//! Other connections and timing do not change them. Each rule has two streams for each connection:
//! whether it strikes, and for how long. Each command takes one draw from both, even if the rule
//! does not apply to it.

use std::rc::Rc;

use history::Span;
use scenario::units::{Amount, Latency};
use sim::{Choices as _, Seeded, StreamId};

use crate::plan::{Delayed, FaultPlan, Keep, Only, Strikes, Then};

/// The faults of the commands of one connection, in order.
pub(crate) struct Fates {
    choices: Seeded,
    rules: Rc<[ChanceRule]>,
    streams: Vec<Streams>,
    /// The number of commands so far.
    pub(crate) commands: u64,
}

/// A rule that strikes by chance.
pub(crate) struct ChanceRule {
    name: String,
    chance: Amount,
    lasts: Option<Latency>,
    only: Only,
    fault: Fault,
}

struct Streams {
    strikes: StreamId,
    lasts: StreamId,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Delay(Delayed),
    DropReply(Then),
    Reset,
    Stall,
    Crash(Keep),
}

/// A fault that strikes, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Struck {
    pub(crate) fault: Fault,
    pub(crate) lasts: Span,
}

impl ChanceRule {
    /// The rules of the plan that strike the server `node` by chance, in the order in which they
    /// apply to a command.
    pub(crate) fn of_node(plan: &FaultPlan, node: &str) -> Rc<[ChanceRule]> {
        let mut rules = Vec::new();
        let mut add = |kind: &str, number, strikes, lasts, only: &Only, fault| {
            if let Ok(Strikes::ByChance(chance)) = strikes
                && only.includes_node(node)
            {
                let name = format!("{kind}-{number}");
                rules.push(ChanceRule { name, chance, lasts, only: only.clone(), fault });
            }
        };
        for (number, rule) in plan.delay.iter().enumerate() {
            let (strikes, fault) = (Ok(Strikes::ByChance(rule.chance)), Fault::Delay(rule.what));
            add("delay", number, strikes, Some(rule.lasts), &rule.only, fault);
        }
        for (number, rule) in plan.stall.iter().enumerate() {
            add("stall", number, rule.strikes(), Some(rule.lasts), &rule.only, Fault::Stall);
        }
        for (number, rule) in plan.crash.iter().enumerate() {
            let fault = Fault::Crash(rule.keep);
            add("crash", number, rule.strikes(), Some(rule.lasts), &rule.only, fault);
        }
        for (number, rule) in plan.reset.iter().enumerate() {
            add("reset", number, rule.strikes(), None, &rule.only, Fault::Reset);
        }
        for (number, rule) in plan.drop_reply.iter().enumerate() {
            let strikes = Ok(Strikes::ByChance(rule.chance));
            add("drop-reply", number, strikes, None, &rule.only, Fault::DropReply(rule.then));
        }
        rules.into()
    }
}

impl Fates {
    /// The faults of a connection with this name, such as `n0/17`.
    pub(crate) fn new(seed: &str, rules: &Rc<[ChanceRule]>, connection: &str) -> Fates {
        let mut choices = Seeded::new(seed);
        let stream = |rule: &ChanceRule| Streams {
            strikes: choices.stream(&rule.name, connection),
            lasts: choices.stream(&format!("{}-lasts", rule.name), connection),
        };
        let streams = rules.iter().map(stream).collect();
        Fates { choices, rules: Rc::clone(rules), streams, commands: 0 }
    }

    /// The faults of the next command, in order. `now` is the time since the start.
    pub(crate) fn next(&mut self, command: &[u8], now: Span) -> Vec<Struck> {
        self.commands += 1;
        let mut met = Vec::new();
        for (rule, streams) in self.rules.iter().zip(&self.streams) {
            let strikes = rule.chance.0.strikes(&mut self.choices, streams.strikes);
            let lasts = rule.lasts.map(|lasts| lasts.0.draw(&mut self.choices, streams.lasts));
            if strikes && rule.only.includes(command, now) {
                met.push(Struck { fault: rule.fault, lasts: lasts.unwrap_or_default() });
            }
        }
        met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "
[[delay]]
chance = '30%'
lasts = '1ms..9ms'

[[reset]]
chance = '10%'
only.commands = ['SET']

[[crash]]
every = '10s'
lasts = '1s'
keep = 'nothing'
";

    fn fates(plan: &str, seed: &str, connection: &str) -> Vec<Vec<Struck>> {
        let plan = FaultPlan::from_toml("plan", plan, 1).expect("it is right");
        let mut fates = Fates::new(seed, &ChanceRule::of_node(&plan, "n0"), connection);
        (0..200).map(|_| fates.next(b"set", Span::ZERO)).collect()
    }

    #[test]
    fn the_same_seed_and_connection_meet_the_same_fate() {
        let once = fates(PLAN, "1", "n0/0");
        assert_eq!(once, fates(PLAN, "1", "n0/0"));
        assert_ne!(once, fates(PLAN, "2", "n0/0"));
        assert_ne!(once, fates(PLAN, "1", "n0/1"));
    }

    #[test]
    fn a_fault_that_is_taken_out_leaves_the_others_as_they_were() {
        let all = fates(PLAN, "1", "n0/0");
        let alone = fates(&PLAN.replace("10%", "0%"), "1", "n0/0");
        let delays = |fates: &[Vec<Struck>]| -> Vec<Vec<Struck>> {
            let is_delay = |struck: &&Struck| matches!(struck.fault, Fault::Delay(_));
            fates.iter().map(|met| met.iter().filter(is_delay).copied().collect()).collect()
        };
        assert_eq!(delays(&all), alone);
        assert!(all.iter().flatten().any(|struck| struck.fault == Fault::Reset));
    }

    #[test]
    fn a_command_that_a_rule_is_not_about_takes_its_answer_all_the_same() {
        let plan = FaultPlan::from_toml("plan", PLAN, 1).expect("it is right");
        let mut fates = Fates::new("1", &ChanceRule::of_node(&plan, "n0"), "n0/0");
        let all = self::fates(PLAN, "1", "n0/0");
        for (number, expected) in all.iter().enumerate() {
            let command = if number % 2 == 0 { &b"SET"[..] } else { b"GET" };
            let met = fates.next(command, Span::ZERO);
            if number % 2 == 0 {
                assert_eq!(&met, expected);
            } else {
                assert!(met.iter().all(|struck| struck.fault != Fault::Reset));
            }
        }
    }
}
