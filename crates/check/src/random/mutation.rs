//! One change to a history that was legal.

use history::{Action, Completion, Entry, Invoke, Observation, OpId, Return, Step, Value, Version};

use super::Source;
use crate::exhaustive;

/// A change in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// A reply names the version before or after.
    ShiftVersion,
    /// Two operations get each other's replies.
    SwapAnswers,
    /// An operation sees what another operation saw, or that version or an older one with any
    /// value.
    OtherAnswer,
    /// A write that took effect is reported as failed.
    Deny,
    /// An operation that failed, or has an unknown outcome, is reported as successful.
    Claim,
    /// A step happens earlier or later.
    Move,
    /// A write is removed.
    Drop,
}

/// The number of changes that are tried before one is kept that leaves the history possible.
const TRIES: u32 = 5;

impl Mutation {
    /// All mutations.
    pub const ALL: [Mutation; 7] = [
        Mutation::ShiftVersion,
        Mutation::SwapAnswers,
        Mutation::OtherAnswer,
        Mutation::Deny,
        Mutation::Claim,
        Mutation::Move,
        Mutation::Drop,
    ];

    /// Returns a history with one random change, and the change. Many changes leave the history
    /// possible. Such a change is mostly undone, and another one is tried.
    pub(super) fn any(history: &[Entry], source: &mut Source) -> Option<(Mutation, Vec<Entry>)> {
        let mut latest = None;
        for _ in 0..TRIES {
            let mutation = *source.pick(&Mutation::ALL)?;
            let mut changed = history.to_vec();
            if mutation.apply(&mut changed, source).is_none() || changed == *history {
                continue;
            }
            let possible = exhaustive::is_linearizable(&changed);
            latest = Some((mutation, changed));
            if possible == Ok(false) {
                break;
            }
        }
        latest
    }

    fn apply(self, history: &mut Vec<Entry>, source: &mut Source) -> Option<()> {
        match self {
            Mutation::ShiftVersion => shift_version(history, source),
            Mutation::SwapAnswers => swap_answers(history, source),
            Mutation::OtherAnswer => other_answer(history, source),
            Mutation::Deny => deny(history, source),
            Mutation::Claim => claim(history, source),
            Mutation::Move => move_step(history, source),
            Mutation::Drop => drop_write(history, source),
        }
    }
}

/// The steps at which operations of a kind return.
fn returns(history: &[Entry], picked: impl Fn(&Action, Completion) -> bool) -> Vec<usize> {
    let is_picked = |(_, entry): &(usize, &Entry)| match entry.step {
        Step::Return(Return { op, completion }) => {
            invocation(history, op).is_some_and(|invoke| picked(&invoke.action, completion))
        }
        Step::Invoke(_) | Step::Gone(_) => false,
    };
    let steps = history.iter().enumerate().filter(is_picked);
    steps.map(|(step, _)| step).collect()
}

fn invocation(history: &[Entry], op: OpId) -> Option<Invoke> {
    history.iter().find_map(|entry| match entry.step {
        Step::Invoke(invoke) if invoke.op == op => Some(invoke),
        _ => None,
    })
}

fn invocation_of_return(history: &[Entry], step: usize) -> Option<Invoke> {
    match history[step].step {
        Step::Return(returned) => invocation(history, returned.op),
        Step::Invoke(_) | Step::Gone(_) => None,
    }
}

fn completion(history: &mut [Entry], step: usize) -> Option<&mut Completion> {
    match &mut history.get_mut(step)?.step {
        Step::Return(returned) => Some(&mut returned.completion),
        Step::Invoke(_) | Step::Gone(_) => None,
    }
}

fn observation(completion: &mut Completion) -> Option<&mut Observation> {
    match completion {
        Completion::Ok(seen) | Completion::Refused(seen) => Some(seen),
        Completion::Failed | Completion::Unknown => None,
    }
}

fn is_answer(completion: Completion) -> bool {
    matches!(completion, Completion::Ok(_) | Completion::Refused(_))
}

fn is_sight(action: &Action, completion: Completion) -> bool {
    matches!((action, completion), (Action::Read, Completion::Ok(_)) | (_, Completion::Refused(_)))
}

/// Compare-and-sets are excluded: a reply with another version is nonsense at first sight.
fn is_blind_write(action: &Action, completion: Completion) -> bool {
    matches!((action, completion), (Action::Write { .. }, Completion::Ok(_)))
}

fn shift_version(history: &mut [Entry], source: &mut Source) -> Option<()> {
    let steps = returns(history, |action, completion| {
        is_sight(action, completion) || is_blind_write(action, completion)
    });
    let step = *source.pick(&steps)?;
    let is_write = invocation_of_return(history, step)?.action.written().is_some();
    let seen = observation(completion(history, step)?)?;
    match seen.version {
        Version(0) => return None,
        version if source.percent(50) => seen.version = version.next(),
        Version(1) if !is_write => *seen = Observation::EMPTY,
        Version(version) => seen.version = Version(version - 1),
    }
    Some(())
}

fn swap_answers(history: &mut [Entry], source: &mut Source) -> Option<()> {
    let sights = returns(history, is_sight);
    let writes = returns(history, is_blind_write);
    let steps = if source.percent(50) { sights } else { writes };
    let (one, other) = (*source.pick(&steps)?, *source.pick(&steps)?);
    let first = *observation(completion(history, one)?)?;
    let second = *observation(completion(history, other)?)?;
    let action = invocation_of_return(history, one)?.action;
    let is_write = is_blind_write(&action, *completion(history, one)?);
    for (step, new) in [(one, second), (other, first)] {
        let seen = observation(completion(history, step)?)?;
        // A write whose reply has another write's value is nonsense at first sight.
        *seen = Observation {
            version: new.version,
            value: if is_write { seen.value } else { new.value },
        };
    }
    Some(())
}

fn other_answer(history: &mut [Entry], source: &mut Source) -> Option<()> {
    let step = *source.pick(&returns(history, is_sight))?;
    let answers = returns(history, |_, completion| is_answer(completion));
    let mut other = *observation(completion(history, *source.pick(&answers)?)?)?;
    if source.percent(40) {
        let writes: Vec<Value> =
            history.iter().filter_map(written).map(|(_, value)| value).collect();
        other.value = *source.pick(&writes)?;
        other.version = Version(1 + source.below(other.version.0));
    }
    *observation(completion(history, step)?)? = other;
    Some(())
}

fn deny(history: &mut [Entry], source: &mut Source) -> Option<()> {
    let steps = returns(history, |action, completion| {
        *action != Action::Read && matches!(completion, Completion::Ok(_))
    });
    let step = *source.pick(&steps)?;
    let answers = returns(history, |_, completion| is_answer(completion));
    let other = *observation(completion(history, *source.pick(&answers)?)?)?;
    let is_swap = invocation_of_return(history, step)?.action.expected().is_some();
    *completion(history, step)? = match is_swap && source.percent(50) {
        true => Completion::Refused(other),
        false => Completion::Failed,
    };
    Some(())
}

fn claim(history: &mut [Entry], source: &mut Source) -> Option<()> {
    let step = *source.pick(&returns(history, |_, completion| !is_answer(completion)))?;
    let answers = returns(history, |_, completion| is_answer(completion));
    let other = *observation(completion(history, *source.pick(&answers)?)?)?;
    let made = |version, value| Completion::Ok(Observation { version, value });
    *completion(history, step)? = match invocation_of_return(history, step)?.action {
        Action::Read => Completion::Ok(other),
        Action::Write { value } => made(other.version.next(), value),
        Action::Cas { expected, value } => made(expected.version.next(), value),
        Action::Delete { .. } => Completion::Ok(Observation::EMPTY),
    };
    Some(())
}

/// The times do not move: a moved step gets the time of its new place.
fn move_step(history: &mut [Entry], source: &mut Source) -> Option<()> {
    let times: Vec<_> = history.iter().map(|entry| entry.at).collect();
    let mut step = source.below(history.len() as u64) as usize;
    let (earlier, distance) = (source.percent(50), 1 + source.below(6));
    for _ in 0..distance {
        let next = if earlier { step.checked_sub(1)? } else { step + 1 };
        let (first, second) = (step.min(next), step.max(next));
        if second == history.len() || !may_swap(&history[first], &history[second]) {
            break;
        }
        history.swap(first, second);
        step = next;
    }
    history.iter_mut().zip(times).for_each(|(entry, at)| entry.at = at);
    Some(())
}

/// Whether two neighbours may be swapped. An operation must not end before it begins, and the
/// operations of a client must begin in order. An operation may begin before the previous one of
/// its client ends.
fn may_swap(first: &Entry, second: &Entry) -> bool {
    match (first.step, second.step) {
        (Step::Invoke(first), Step::Invoke(second)) => first.op.client != second.op.client,
        (Step::Invoke(first), Step::Return(second)) => first.op != second.op,
        (Step::Return(_), Step::Invoke(_) | Step::Return(_)) => true,
        (Step::Gone(_), _) | (_, Step::Gone(_)) => false,
    }
}

fn drop_write(history: &mut Vec<Entry>, source: &mut Source) -> Option<()> {
    let writes: Vec<OpId> = history.iter().filter_map(written).map(|(op, _)| op).collect();
    let dropped = *source.pick(&writes)?;
    history.retain(|entry| match entry.step {
        Step::Invoke(invoke) => invoke.op != dropped,
        Step::Return(returned) => returned.op != dropped,
        Step::Gone(_) => true,
    });
    Some(())
}

fn written(entry: &Entry) -> Option<(OpId, Value)> {
    match entry.step {
        Step::Invoke(invoke) => Some((invoke.op, invoke.action.written()?)),
        Step::Return(_) | Step::Gone(_) => None,
    }
}
