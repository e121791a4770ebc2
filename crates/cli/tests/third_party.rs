//! THIRD-PARTY.md names the crates that Cargo.lock names, with their licences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const PAGE: &str = "THIRD-PARTY.md";
const REWRITE: &str = "RUMORMILL_BLESS=1 cargo test -p rumormill-cli --test third_party";

const HEAD: &str = "\
# Third-party crates

What others wrote, by `Cargo.lock`: every crate that is built into the program, that builds it, or
that only its tests use, on any platform. The text of a licence is in the crate's package, which
cargo puts below `~/.cargo/registry`. A test compares this page with `Cargo.lock`. This writes it
anew:

```text
";

/// A crate's name and version.
type Package = (String, String);

/// What a crate is for. The first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Program,
    Build,
    Tests,
}

impl Use {
    const fn name(self) -> &'static str {
        match self {
            Use::Program => "the program",
            Use::Build => "building",
            Use::Tests => "tests",
        }
    }
}

/// What `cargo metadata` says of a crate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    license: String,
    used_for: Use,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The crates of a `Cargo.lock` that come from a registry.
fn locked(lock: &str) -> BTreeSet<Package> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        line.and_then(|line| line.strip_suffix('"')).map(str::to_owned)
    };
    let foreign = lock.split("[[package]]").filter(|block| value(block, "source").is_some());
    foreign.filter_map(|block| Some((value(block, "name")?, value(block, "version")?))).collect()
}

/// The crates that a page lists, and the rest of their rows.
fn listed(page: &str) -> BTreeMap<Package, String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| {
        let (name, rest) = row.split_once("` | ")?;
        let (version, rest) = rest.split_once(" | ")?;
        Some(((name.to_owned(), version.to_owned()), rest.to_owned()))
    });
    cells.collect()
}

/// What cargo says of all crates, or why it says nothing.
fn metadata(arguments: &[&str]) -> Result<Value, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn facts(metadata: &Value) -> BTreeMap<Package, Facts> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let uses = uses(metadata);
    let packages = array(&metadata["packages"]);
    let foreign = packages.iter().filter(|package| package["source"].is_string());
    let facts = foreign.map(|package| {
        let used_for = uses.get(&text(package, "id")).copied().unwrap_or(Use::Tests);
        let license = text(package, "license");
        ((text(package, "name"), text(package, "version")), Facts { license, used_for })
    });
    facts.collect()
}

/// What each package is for, by its id: what the program's own crate reaches by ordinary
/// dependencies is built into it, and what these and itself need to be built is for that.
fn uses(metadata: &Value) -> BTreeMap<String, Use> {
    let nodes = metadata["resolve"]["nodes"].as_array().cloned().unwrap_or_default();
    let nodes: BTreeMap<&str, &Value> =
        nodes.iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let is_program = |id: &&str| id.contains("#rumormill-cli@");
    let start = nodes.keys().copied().find(is_program).expect("cargo knows this crate");
    let mut uses = BTreeMap::new();
    let mut open = vec![(start, Use::Program)];
    while let Some((id, used_for)) = open.pop() {
        if uses.get(id).is_some_and(|known| *known <= used_for) {
            continue;
        }
        uses.insert(id.to_owned(), used_for);
        for dependency in nodes[id]["deps"].as_array().into_iter().flatten() {
            let Some(id) = dependency["pkg"].as_str() else { continue };
            for kind in dependency["dep_kinds"].as_array().into_iter().flatten() {
                match kind["kind"].as_str() {
                    None => open.push((id, used_for)),
                    Some("build") => open.push((id, Use::Build)),
                    Some(_) => {}
                }
            }
        }
    }
    uses
}

fn page(facts: &BTreeMap<Package, Facts>) -> String {
    let mut page = format!("{HEAD}{REWRITE}\n```\n\n| crate | version | licence | for |\n");
    page += "|---|---|---|---|\n";
    for ((name, version), facts) in facts {
        let row = row(facts);
        writeln!(page, "| `{name}` | {version} | {row}").expect("a string can be written to");
    }
    page
}

fn row(Facts { license, used_for }: &Facts) -> String {
    format!("{license} | {} |", used_for.name())
}

#[expect(clippy::print_stderr, reason = "what is left out is said")]
#[test]
fn the_page_of_third_party_crates_is_up_to_date() {
    let path = root().join(PAGE);
    if std::env::var_os("RUMORMILL_BLESS").is_some() {
        let metadata = metadata(&[]).expect("cargo can load all crates");
        fs::write(&path, page(&facts(&metadata))).expect("the page can be written");
    }
    let page = fs::read_to_string(&path).expect("the page is there");
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is there");
    let listed = listed(&page);
    let names: BTreeSet<Package> = listed.keys().cloned().collect();
    assert_eq!(names, locked(&lock), "{PAGE} and Cargo.lock differ: run {REWRITE}");
    // Crates of other platforms need not be on this machine; then cargo knows no licences.
    match metadata(&["--offline"]) {
        Ok(metadata) => {
            for (package, facts) in facts(&metadata) {
                assert_eq!(listed.get(&package), Some(&row(&facts)), "{package:?}: run {REWRITE}");
            }
        }
        Err(why) => eprintln!("the licences are not compared: {why}"),
    }
}

#[test]
fn packages_of_a_lock_file_are_those_with_a_source() {
    let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
        source = \"registry+x\"\ndependencies = [\n \"b\",\n]\n\n\
        [[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n";
    assert_eq!(locked(lock), BTreeSet::from([("a".to_owned(), "1.0.0".to_owned())]));
}

#[test]
fn what_a_page_lists_is_read_back() {
    let package = ("a".to_owned(), "1.0.0".to_owned());
    let facts = Facts { license: "MIT".to_owned(), used_for: Use::Build };
    let page = page(&BTreeMap::from([(package.clone(), facts.clone())]));
    assert_eq!(listed(&page), BTreeMap::from([(package, row(&facts))]));
    assert_eq!(row(&facts), "MIT | building |");
}
