//! Serving other clients while a script runs. Once the script exceeds `busy-reply-threshold`, they
//! get `BUSY`, as in Redis.
//!
//! A script runs on the one thread that serves all clients. The tasks of the other connections do
//! not run, and the runtime does not poll their sockets. So this module reads the sockets without
//! waiting for readiness.

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

/// The judge of whether a script may continue.
pub(crate) struct Busy<I> {
    service: Rc<Service>,
    nodes: Vec<Rc<Node>>,
    interrupted: Rc<I>,
    /// When the other clients were last served.
    served_at: Cell<Span>,
}

/// How often the other clients are served.
const EACH: Span = Span::from_millis(10);

/// How many reads of one client are done in a row.
const READS: usize = 4;

impl<I: Fn() -> bool + 'static> Busy<I> {
    /// Installs the judge for this thread.
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
            node.accept_waiting();
            node.roster.all().iter().for_each(|member| serve(node, member, kill));
        }
        self.served_at.set(self.service.now());
        if is_killed { Verdict::Killed } else { Verdict::Continue }
    }
}

/// Answers the commands of a client, unless it is the one whose script runs.
fn serve(node: &Node, member: &Member, kill: &mut dyn FnMut() -> Result<(), ErrorReply>) {
    let Ok(mut wire) = member.wire.try_borrow_mut() else { return };
    if wire.ignores_input || member.connection.try_borrow_mut().is_err() {
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
                // The client's task will notice that the client has gone.
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
    // The client's task will notice if the socket is broken.
    let sent = wire.send(Turns::FREE_BYTES, |slices| write_at_once(&member.stream, slices));
    counters.sent.add(sent.unwrap_or(0) as u64);
    wire.account(member.connection.borrow().bytes());
    member.nudge();
}

/// Answers the command lines that have arrived. A command that must wait holds up the next ones.
fn answer(
    node: &Node,
    member: &Member,
    wire: &mut Wire,
    kill: &mut dyn FnMut() -> Result<(), ErrorReply>,
) -> ControlFlow<Option<End>> {
    // The client's task will handle invalid bytes.
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
            // No fault strikes here, but the command takes its draw from the stream.
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
