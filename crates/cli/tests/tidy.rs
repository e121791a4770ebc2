//! The rules of the house that neither rustfmt nor clippy knows, as a test.
//!
//! A rule is a function from the tree to complaints. A complaint says where, and what to do
//! instead. Each rule is held against the real tree here, and, where it is defined, against a tree
//! of a few lines that breaks it.

#[path = "tidy/clutter.rs"]
mod clutter;
#[path = "tidy/house.rs"]
mod house;
#[path = "tidy/plain_words.rs"]
mod plain_words;
#[path = "tidy/reading.rs"]
mod reading;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/wording.rs"]
mod wording;

use tree::{Rule, Tree};

/// These files show what they forbid.
const OURSELVES: &str = "crates/cli/tests/tidy";

#[test]
fn files_read_well() {
    hold(&[reading::columns, reading::lines, reading::whitespace]);
}

#[test]
fn words_and_names_say_something() {
    hold(&[wording::words, wording::names]);
}

#[test]
fn words_are_plain() {
    hold(&[plain_words::plain_words, plain_words::exemptions]);
}

#[test]
fn nothing_lies_about() {
    hold(&[clutter::top_level, clutter::dead_files, clutter::pending_snapshots]);
}

#[test]
fn each_scenario_has_its_recording() {
    hold(&[clutter::recordings_of_scenarios]);
}

#[test]
fn planted_bugs_say_what_they_are() {
    hold(&[clutter::headers_of_patches]);
}

#[test]
fn dependencies_point_down() {
    hold(&[house::dependencies]);
}

#[test]
fn crates_forbid_what_the_house_forbids() {
    hold(&[house::documentation, house::floats, house::lints, house::unsafety]);
}

fn hold(rules: &[Rule]) {
    let tree = Tree::of_this_repository();
    let complaints: Vec<String> = rules.iter().flat_map(|rule| rule(&tree)).collect();
    assert!(complaints.is_empty(), "{} to tidy up:\n{}\n", complaints.len(), complaints.join("\n"));
}
