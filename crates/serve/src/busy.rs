//! What happens while a script runs, and nothing else can: the clock is looked at, and past
//! `busy-reply-threshold` the other clients of the server are told that it is busy, as Redis does.
//!
//! A script runs to its end on the one thread that serves everybody, so the tasks of the other
//! connections stand still, and so does what tells them that something has come. Hence sockets are
//! read here without asking whether they can be.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

use history::Span;
use redis::{ErrorReply, RunningScript, Verdict};
use tcp::door::{read_at_once, write_at_once};

use crate::connection::is_from_browser;
use crate::node::{Node, unix_time};
use crate::roster::Member;
use crate::service::Service;
use crate::turns::Turns;
use crate::wire::{End, Wire};

/// The one who is asked whether a script may go on.
pub(crate) struct Busy<I> {
    service: Rc<Service>,
    nodes: Vec<Rc<Node>>,
    interrupted: Rc<I>,
    /// When the other clients were served last.
    served_at: Cell<Span>,
}

/// How often the other clients are served.
const EACH: Span = Span::from_millis(10);

/// So many reads of one client in one go.
const READS: usize = 4;

impl<I: Fn() -> bool + 'static> Busy<I> {
    /// From now on it is asked.
    pub(crate) fn watch(service: &Rc<Service>, nodes: &[Rc<Node>], interrupted: &Rc<I>) {
        let busy = Busy {
            service: Rc::clone(service),
            nodes: nodes.to_vec(),
            interrupted: Rc::clone(interrupted),
            served_at: Cell::default(),
        };
        redis::end_scripts_when(move |script| busy.judge(script));
    }

    fn judge(&self, script: RunningScript) -> Verdict {
        if (self.interrupted)() {
            return Verdict::Interrupted;
        }
        let now = self.service.now();
        let taken = now - self.service.called_at.get();
        if taken > self.service.options.script_time {
            return Verdict::TooLong;
        }
        if taken.as_millis() < script.busy_after_ms || now < self.served_at.get() + EACH {
            return Verdict::Continue;
        }
        let mut is_killed = false;
        let kill = &mut || {
            if script.has_written {
                return Err(ErrorReply::unkillable());
            }
            is_killed = true;
            Ok(())
        };
        if let Some(node) = self.nodes.get(self.service.called_on.get()) {
            node.let_in_at_once();
            node.roster.all().iter().for_each(|member| serve(node, member, kill));
        }
        self.served_at.set(self.service.now());
        if is_killed { Verdict::Killed } else { Verdict::Continue }
    }
}

/// Answers what one of the others has sent, unless it is the one whose script runs.
fn serve(node: &Node, member: &Member, kill: &mut dyn FnMut() -> Result<(), ErrorReply>) {
    let Ok(mut wire) = member.wire.try_borrow_mut() else { return };
    if wire.is_stuck || member.connection.try_borrow_mut().is_err() {
        return;
    }
    let counters = &node.service.counters;
    let mut has_come = false;
    for _ in 0..READS {
        if wire.end.is_some() || wire.is_holding() {
            break;
        }
        if !wire.has_input() {
            let buffers = &node.service.buffers;
            match wire.read(buffers, |buffer| read_at_once(&member.stream, buffer)) {
                Ok(len @ 1..) => counters.received.add(len as u64),
                // That it has gone its task will find out.
                Ok(0) | Err(_) => break,
            }
        }
        has_come = true;
        if let ControlFlow::Break(end) = answer(node, member, &mut wire, kill) {
            wire.end = end;
        }
    }
    if !has_come {
        return;
    }
    // Neither can fail for good without its task finding out.
    let sent = wire.send(Turns::FREE_BYTES, |slices| write_at_once(&member.stream, slices));
    counters.sent.add(sent.unwrap_or(0) as u64);
    wire.account(member.connection.borrow().bytes());
    member.nudge();
}

/// Answers the command lines that have come. A command that has to wait holds up those after it.
fn answer(
    node: &Node,
    member: &Member,
    wire: &mut Wire,
    kill: &mut dyn FnMut() -> Result<(), ErrorReply>,
) -> ControlFlow<Option<End>> {
    // What makes no sense makes no more when its task looks at it.
    while let Ok(Some(line)) = wire.next_line(&node.service.buffers) {
        if is_from_browser(&line[0]) {
            return ControlFlow::Break(Some(End::Dropped));
        }
        let mut connection = member.connection.borrow_mut();
        let now = unix_time();
        let Some(reply) = connection.call_while_busy(kill, now, &line) else {
            wire.hold(line);
            return ControlFlow::Break(None);
        };
        node.counters.commands.add(1);
        member.calls(now, redis::command_name(&line));
        if let Some(fates) = &mut wire.fates {
            // None strikes, but the next one is that of the next command.
            fates.next(&line[0], node.service.now());
        }
        if let Some(answer) = wire.answer(&connection, &line, reply)
            && let Err(end) = wire.add(answer, node.unread_max())
        {
            return ControlFlow::Break(Some(end));
        }
        if connection.is_closing() {
            return ControlFlow::Break(Some(End::AfterReplies));
        }
    }
    ControlFlow::Continue(())
}
