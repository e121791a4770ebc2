//! A `rumormill` that runs beside the test.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// It ends with this value.
pub(crate) struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(args: &[&str]) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rumormill"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built for this test");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Process { child, stdout }
    }

    /// The next line that it says on stdout, without how it begins.
    pub(crate) fn told(&mut self, start: &str) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it says where it listens");
        let rest = line.trim_end().strip_prefix(start);
        rest.unwrap_or_else(|| panic!("{line:?}")).to_owned()
    }

    /// How much memory it has, in bytes; `None` where the system does not say.
    pub(crate) fn memory(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    /// The most that it has ever had.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib << 10)
    }

    /// The later lines of stderr. They are ignored once the receiver is dropped.
    pub(crate) fn stderr(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("it is piped, and taken once")
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_none()
    }

    /// Sends it a signal, waits for its end, and returns what it had said on stderr.
    #[expect(clippy::disallowed_methods, reason = "a real process takes real time")]
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-s", signal, &pid]).status().expect("there is a kill");
        for _ in 0..2_000 {
            if !self.is_running() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!self.is_running(), "it does not end");
        let mut said = String::new();
        self.stderr().read_to_string(&mut said).expect("it is text");
        (self.child.wait().expect("it is ours"), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
