//! The binary `rumormill`.

use std::process::ExitCode;

// Simulated worlds and scripts make many small things that do not last, at which it is the faster
// one. A protocol's own binary has its own choice.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rumormill::main(rumormill::registry())
}
