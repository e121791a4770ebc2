//! The binary `rumormill`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rumormill::main(rumormill::registry())
}
