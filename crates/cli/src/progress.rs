//! The progress of many runs: a bar on a terminal, and otherwise a line now and then.

use std::io::{self, IsTerminal};
use std::time::Duration;
#[expect(clippy::disallowed_types, reason = "progress is about real time")]
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::eprintln_quietly;

/// The progress of runs, on stderr, and only if they take a while.
#[expect(clippy::disallowed_types, reason = "progress is about real time")]
pub(crate) struct Progress {
    bar: ProgressBar,
    runs: usize,
    done: usize,
    unexpected: usize,
    last_line: Instant,
    lines: bool,
}

/// How far something is whose end is not known. On stderr.
#[expect(clippy::disallowed_types, reason = "progress is about real time")]
pub(crate) struct Counter {
    bar: ProgressBar,
    last: Instant,
    lines: bool,
}

/// On a terminal, the text changes this often.
const SHOWN_EVERY: Duration = Duration::from_millis(100);

#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it is about real time")]
impl Counter {
    pub(crate) fn new() -> Counter {
        let lines = !io::stderr().is_terminal();
        let bar = if lines { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        Counter { bar, last: Instant::now(), lines }
    }

    /// Shows how far it is, if that was not shown just now.
    pub(crate) fn show(&mut self, text: impl FnOnce() -> String) {
        let every = if self.lines { LINE_EVERY } else { SHOWN_EVERY };
        if self.last.elapsed() < every {
            return;
        }
        self.last = Instant::now();
        match self.lines {
            true => eprintln_quietly(&text()),
            false => self.bar.set_message(text()),
        }
        self.bar.tick();
    }

    /// Nothing more to show.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// The time between two lines without a terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it is about real time")]
impl Progress {
    pub(crate) fn new(runs: usize) -> Progress {
        let terminal = io::stderr().is_terminal();
        let bar = if terminal && runs > 1 {
            ProgressBar::with_draw_target(Some(runs as u64), ProgressDrawTarget::stderr_with_hz(10))
        } else {
            ProgressBar::hidden()
        };
        let style = "{bar:30} {pos}/{len} runs, {per_sec}, {eta} to go {msg}";
        bar.set_style(ProgressStyle::with_template(style).expect("a template of our own"));
        Progress { bar, runs, done: 0, unexpected: 0, last_line: Instant::now(), lines: !terminal }
    }

    /// Counts a finished run.
    pub(crate) fn step(&mut self, as_expected: bool) {
        self.done += 1;
        self.unexpected += usize::from(!as_expected);
        self.bar.inc(1);
        if !as_expected {
            self.bar.set_message(format!("({} not as expected)", self.unexpected));
        }
        if self.lines && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let (done, runs, unexpected) = (self.done, self.runs, self.unexpected);
            eprintln_quietly(&format!("{done} of {runs} runs, {unexpected} not as expected"));
        }
    }

    /// Ends the progress.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
