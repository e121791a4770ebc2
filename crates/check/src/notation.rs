//! Histories as text, one step a line, for people to read and write.
//!
//! A line has a time, a client, and what the client did:
//!
//! ```text
//! 200ms c1 read                  c1 invokes a read of key1
//! 201ms c2 write                 c2 invokes an unconditional write of a value of its own
//! 202ms c3 cas v1=c2#0           c3 invokes a compare-and-set; `cas empty` for an empty register
//! 203ms c4 read on key2          ... of another key
//! 210ms c1 saw v1=c2#0           the read ends: version 1, with the value that c2#0 wrote
//! 204ms c5 delete v1=c2#0        c5 invokes a deletion of what it saw
//! 211ms c2 made v1               the write took effect and made version 1
//! 212ms c3 refused v2=c4#1       the compare-and-set found something else
//! 212ms c5 deleted               the deletion took effect: the register is empty
//! 213ms c4 failed                the operation had no effect
//! 214ms c5 unknown               the outcome is unknown
//! 215ms c6 gone                  the client is gone, with its open operations
//! ```
//!
//! Clients and keys get their ids in the order in which they appear. Operations are counted from 0
//! for each client. `c1#4 read` names the operation, and `c1#4 saw empty` says which of several
//! open operations ends. A value that is not the operation's own is written out: `write 77`,
//! `made v1=77`. Empty lines and text after `//` are ignored.

mod reader;
mod writer;

use history::{Entry, Names};
use thiserror::Error;

/// A line that is no step of a history.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// Reads a history, and gives ids to the clients and keys in it.
///
/// ```
/// # use history::{NodeId, OpId, Value};
/// let (history, names) = check::notation::parse("5ms alice write")?;
/// assert_eq!(names.nodes, ["alice"]);
/// let op = OpId { client: NodeId(0), ordinal: 0 };
/// assert_eq!(history.len(), 1);
/// assert_eq!(names.value(Value::of(op)), "alice#0");
/// # Ok::<(), check::notation::ParseError>(())
/// ```
///
/// # Errors
/// If a line is not in the notation, or ends an operation that is not open. The checkers decide
/// whether the history is well-formed.
pub fn parse(text: &str) -> Result<(Vec<Entry>, Names), ParseError> {
    reader::read(text)
}

/// Writes a history, one step a line.
///
/// ```
/// # use check::notation;
/// let (history, names) = notation::parse("5ms c1 write\n 7ms c1 made v1")?;
/// assert_eq!(notation::write(&history, &names), "5ms c1#0 write\n7ms c1#0 made v1\n");
/// # Ok::<(), notation::ParseError>(())
/// ```
#[must_use]
pub fn write(history: &[Entry], names: &Names) -> String {
    writer::write(history, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_reads_back_as_it_was_written() {
        let text = "0s c1#0 read\n\
                    1ms c2#0 write 77 on stock\n\
                    1ms c2#0 made v1\n\
                    2ms c3#4 cas empty\n\
                    3ms c1#0 saw empty\n\
                    4ms c3#4 refused v1=c1#7\n\
                    5ms c3#5 cas v1=c1#7 78\n\
                    6ms c3#5 made v2\n\
                    6ms c3#6 write\n\
                    7ms c3#6 made v3=nothing\n\
                    8ms c1#1 read\n\
                    9ms c1#1 failed\n\
                    9ms c2#1 read on stock\n\
                    9ms c2#1 unknown\n\
                    10ms c2 gone\n\
                    11ms c3#7 delete v3=c3#6\n\
                    12ms c3#7 deleted\n";
        let (history, names) = parse(text).expect("this is the notation");
        assert_eq!(write(&history, &names), text);
    }

    #[test]
    fn what_goes_without_saying_may_be_left_out() {
        let short = "1ms a write // it begins\n\n 2ms a made v1 // it ends";
        let long = "1ms a#0 write a#0 on key1\n2ms a#0 made v1=a#0";
        assert_eq!(parse(short), parse(long));
    }

    #[test]
    fn a_step_without_a_key_is_about_the_first_key() {
        let (history, names) = parse("1ms a read on stock\n2ms b read\n3ms c read on stock")
            .expect("this is the notation");
        assert_eq!(names.keys, ["key1", "stock"]);
        let keys = history.iter().map(|entry| match entry.step {
            history::Step::Invoke(invoke) => invoke.key.0,
            _ => panic!("{entry:?}"),
        });
        assert_eq!(keys.collect::<Vec<u32>>(), [1, 0, 1]);
        for line in ["1ms a read", "1ms a read on key1"] {
            assert_eq!(parse(line).expect("this is the notation").1.keys, ["key1"]);
        }
    }

    #[test]
    fn what_is_no_step_is_refused() {
        for (line, problem) in [
            ("1ms c1", "a line needs a time, a client and what the client did"),
            ("1 c1 read", "\"1\" is not a length of time"),
            ("1ms c1 read v1=c1#0", "read does not go with [\"v1=c1#0\"]"),
            ("1ms c1 saw empty", "c1 has no open operation"),
            ("1ms c1#0 saw v1", "\"v1\" lacks its value"),
            ("1ms c1#0 saw 1=c1#0", "\"1\" is no version"),
            ("1ms c1#0 saw v1=c1", "\"c1\" is no value"),
            ("1ms c1#x read", "\"c1#x\" is no operation"),
            ("1ms c1#0 jumps", "jumps with [] is nothing that can happen"),
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.line, 1);
            assert!(error.problem.starts_with(problem), "{error}");
        }
    }
}
