//! The protocol's behaviour in scripts. Each script shows one behaviour, which is its name.
//!
//! The scripts are in `tests/scripts`: those of `proposer` are about a proposer alone, whose
//! acceptors are played by the script; those of `acceptor` about an acceptor alone; those of
//! `cluster` about all of them, with a network that does what the script says. What stands below a
//! `---` is what came of the lines above it. `UPDATE_GOLDENFILES=1 cargo test` writes it anew.

mod acceptor;
mod actor;
mod cluster;
mod proposer;
mod words;

use std::path::Path;

use test_each_file::test_each_path;

test_each_path! {
    in "./crates/caspaxos/tests/scripts/proposer" as proposer_alone => tell::<proposer::Stage>
}
test_each_path! {
    in "./crates/caspaxos/tests/scripts/acceptor" as acceptor_alone => tell::<acceptor::Stage>
}
test_each_path! {
    in "./crates/caspaxos/tests/scripts/cluster" as in_a_cluster => tell::<cluster::Stage>
}

fn tell<Stage: goldenscript::Runner + Default>(path: &Path) {
    goldenscript::run(&mut Stage::default(), path).expect("the script runs");
}
