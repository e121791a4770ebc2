//! Faults that strike by the clock.

use std::rc::Rc;

use history::Span;
use scenario::units::Latency;
use sim::{Choices as _, Seeded, StreamId};
use tokio::time::sleep;

use crate::fate::{Fault, Struck};
use crate::fault_log::Victim;
use crate::node::{Node, Order, duration};
use crate::plan::{FaultPlan, Only, Strikes};

/// A rule that strikes one server by the clock.
pub(crate) struct ScheduledFault {
    node: Rc<Node>,
    only: Only,
    strikes: Strikes,
    fault: Fault,
    lasts: Latency,
    choices: Seeded,
    pauses: StreamId,
    lengths: StreamId,
}

impl ScheduledFault {
    /// The rules of the plan that strike this server by the clock.
    pub(crate) fn of_node(plan: &FaultPlan, node: &Rc<Node>) -> Vec<ScheduledFault> {
        let at_once = Latency::default();
        let resets = plan.reset.iter().enumerate().map(|(number, rule)| {
            (format!("reset-{number}"), rule.strikes(), Fault::Reset, at_once, &rule.only)
        });
        let stalls = plan.stall.iter().enumerate().map(|(number, rule)| {
            (format!("stall-{number}"), rule.strikes(), Fault::Stall, rule.lasts, &rule.only)
        });
        let crashes = plan.crash.iter().enumerate().map(|(number, rule)| {
            let fault = Fault::Crash(rule.keep);
            (format!("crash-{number}"), rule.strikes(), fault, rule.lasts, &rule.only)
        });
        let all = resets.chain(stalls).chain(crashes);
        all.filter_map(|(name, strikes, fault, lasts, only)| {
            let strikes = strikes.ok()?;
            let by_clock = !matches!(strikes, Strikes::ByChance(_));
            (by_clock && only.includes_node(&node.name)).then(|| {
                let mut choices = Seeded::new(&node.service.options.seed);
                ScheduledFault {
                    node: Rc::clone(node),
                    only: only.clone(),
                    strikes,
                    fault,
                    lasts,
                    pauses: choices.stream(&format!("{name}-every"), &node.name),
                    lengths: choices.stream(&format!("{name}-lasts"), &node.name),
                    choices,
                }
            })
        })
        .collect()
    }

    /// Waits for each scheduled time, and strikes.
    pub(crate) async fn keep(mut self) {
        loop {
            let pause = match self.strikes {
                Strikes::At(at) => at,
                Strikes::Every(every) => every.0.draw(&mut self.choices, self.pauses),
                Strikes::ByChance(_) => return,
            };
            sleep(duration(pause)).await;
            let lasts = self.lasts.0.draw(&mut self.choices, self.lengths);
            if self.only.includes_time(self.node.service.now()) {
                self.strike(lasts);
            }
            if matches!(self.strikes, Strikes::At(_)) {
                return;
            }
        }
    }

    fn strike(&self, lasts: Span) {
        // A server that is down cannot stall, reset connections, or crash.
        let strikes = !self.node.is_down()
            && match self.fault {
                Fault::Crash(keep) => self.node.crash(keep, lasts),
                Fault::Stall => {
                    self.node.stall(lasts);
                    true
                }
                _ => {
                    self.node.order(Order::ResetAll);
                    true
                }
            };
        if strikes {
            let victim = Victim { node: &self.node.name, command: None };
            self.node.service.struck(&victim, Struck { fault: self.fault, lasts });
        }
    }
}
