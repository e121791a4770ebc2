//! The checker of the outcomes that a scenario allows.

use std::hash::Hasher;

use history::Completion;
use sim::{Event, Kind, Observer, Process, Protocol};

use crate::{Checker, End, Ending, Finding, Operations};

/// The checker named `outcomes`.
#[derive(Clone, Debug)]
pub(crate) struct Endings {
    allowed: Vec<Ending>,
    counted: Operations,
    /// The run is over.
    is_over: bool,
}

impl Endings {
    pub(crate) const NAME: &'static str = "outcomes";

    pub(crate) fn new(allowed: &[Ending]) -> Endings {
        Endings { allowed: allowed.to_vec(), counted: Operations::default(), is_over: false }
    }
}

impl Operations {
    /// Counts an operation.
    pub(crate) fn add<S>(&mut self, completion: &Completion<S>) {
        *match completion {
            Completion::Ok(_) => &mut self.ok,
            Completion::Refused(_) => &mut self.refused,
            Completion::Failed => &mut self.failed,
            Completion::Unknown => &mut self.unknown,
        } += 1;
    }
}

impl<P: Protocol> Observer<P> for Endings {
    #[inline]
    fn event(&mut self, event: &Event<P>) {
        if let Kind::Return(ended) = &event.kind {
            self.counted.add(&ended.completion);
        }
    }
}

impl<P: Process> Checker<P> for Endings {
    fn name(&self) -> &'static str {
        Endings::NAME
    }

    /// The finding has a count, so it is reported at the end.
    fn finding(&self) -> Option<Finding> {
        if !self.is_over {
            return None;
        }
        let all = [Ending::Ok, Ending::Refused, Ending::Failed, Ending::Unknown];
        let (count, ending) = all.into_iter().find_map(|ending| {
            let count = self.counted.of(ending);
            (count > 0 && !self.allowed.contains(&ending)).then_some((count, ending))
        })?;
        let summary = format!("{count} operations ended as {ending:?}, which none may here");
        Some(Finding::invariant(summary, Vec::new()))
    }

    fn at_end(&mut self, _: &End<'_, P>) {
        self.is_over = true;
    }

    /// It knows the history only.
    fn identify(&self, _: &mut dyn Hasher) -> bool {
        true
    }
}
