//! A call: a client's operation at a proposer, from the question to the answer, or to the end of
//! the client's patience.
//!
//! A client that is not answered knows nothing. The proposer may have crashed after it had the
//! change accepted, or the answer was lost; and of a question that is reported lost, another copy
//! may have arrived. So all of these are unknown outcomes.

use history::{Action, Completion, Key, NodeId, OpId, Span};
use sim::{Context, Input, TimerId, Waiting};

use crate::{Answer, Message, Protocol, Timer};

/// An operation that its client waits for.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Call {
    op: OpId,
    key: Key,
    action: Action,
    proposer: NodeId,
    timer: TimerId,
}

impl Call {
    /// Begins an operation.
    pub(crate) fn begin(
        cx: &mut Context<'_, Protocol>,
        proposer: NodeId,
        patience: Span,
        key: Key,
        action: impl FnOnce(OpId) -> Action,
    ) -> Call {
        let invoke = cx.invoke(key, action);
        let (op, action) = (invoke.op, invoke.action);
        cx.send(proposer, Message::Change { ticket: op.ordinal, key, action });
        let timer = cx.set_timer(patience, Timer::LosePatience);
        Call { op, key, action, proposer, timer }
    }

    /// What was asked.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// Whom the client waits for.
    pub(crate) fn waits_for(&self) -> Waiting {
        let what = match self.action {
            Action::Read => "what a read finds",
            _ => "what becomes of a write",
        };
        Waiting { on: self.proposer, what: what.to_owned(), key: Some(self.key) }
    }

    /// Ends the operation, if this is what ends it, and tells how.
    pub(crate) fn end(
        &self,
        cx: &mut Context<'_, Protocol>,
        input: &Input<Protocol>,
    ) -> Option<Completion> {
        let of_this = |ticket: u32| ticket == self.op.ordinal;
        let completion = match *input {
            Input::Message { message: Message::Changed { ticket, answer }, .. }
                if of_this(ticket) =>
            {
                completion(answer)
            }
            Input::Undelivered { message: Message::Change { ticket, .. }, .. }
                if of_this(ticket) =>
            {
                Completion::Unknown
            }
            Input::ConnectionLost { peer, .. } if peer == self.proposer => Completion::Unknown,
            Input::Timer(Timer::LosePatience) => Completion::Unknown,
            _ => return None,
        };
        cx.cancel_timer(self.timer);
        cx.complete(self.op, completion);
        Some(completion)
    }
}

/// How an operation ended, by the proposer's answer.
fn completion(answer: Answer) -> Completion {
    match answer {
        Answer::Ok(state) => Completion::Ok(state),
        Answer::Refused(state) => Completion::Refused(state),
        Answer::Busy | Answer::NotPrepared => Completion::Failed,
        Answer::Unknown => Completion::Unknown,
    }
}
