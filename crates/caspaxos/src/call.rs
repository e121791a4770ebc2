//! A call: a client's operation at a proposer, from the request to the reply, or to the client's
//! timeout.
//!
//! Without a reply the outcome is unknown. The proposer may have crashed after the change was
//! accepted, or the reply was lost. Even if a request is reported lost, a duplicate may have
//! arrived.

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
        timeout: Span,
        key: Key,
        action: impl FnOnce(OpId) -> Action,
    ) -> Call {
        let invoke = cx.invoke(key, action);
        let (op, action) = (invoke.op, invoke.action);
        cx.send(proposer, Message::Change { ticket: op.ordinal, key, action });
        let timer = cx.set_timer(timeout, Timer::CallTimeout);
        Call { op, key, action, proposer, timer }
    }

    /// The action.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// The node for which the client waits.
    pub(crate) fn waits_for(&self) -> Waiting {
        let what = match self.action {
            Action::Read => "what a read finds",
            _ => "what becomes of a write",
        };
        Waiting { on: self.proposer, what: what.to_owned(), key: Some(self.key) }
    }

    /// Ends the operation if this input ends it, and returns the outcome.
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
            Input::Timer(Timer::CallTimeout) => Completion::Unknown,
            _ => return None,
        };
        cx.cancel_timer(self.timer);
        cx.complete(self.op, completion);
        Some(completion)
    }
}

/// The outcome of an operation by the proposer's reply.
fn completion(answer: Answer) -> Completion {
    match answer {
        Answer::Ok(state) => Completion::Ok(state),
        Answer::Refused(state) => Completion::Refused(state),
        Answer::Busy | Answer::NotPrepared => Completion::Failed,
        Answer::Unknown => Completion::Unknown,
    }
}
