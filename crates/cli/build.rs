//! Embeds the scenario files, so that the binary needs no other files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder =
        Path::new(&variable("CARGO_MANIFEST_DIR")).join("../../scenarios").canonicalize()?;
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let mut source = String::from("&[\n");
    for file in files {
        let inner = file.strip_prefix(&folder).expect("it was found there").with_extension("");
        let name = inner.to_str().expect("scenario names are UTF-8").replace('\\', "/");
        let origin = format!("scenarios/{name}.toml");
        writeln!(source, "    ({name:?}, {origin:?}, include_str!({file:?})),")
            .expect("to a String");
    }
    source.push_str("]\n");
    fs::write(Path::new(&variable("OUT_DIR")).join("scenarios.rs"), source)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts by variables")]
fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it")
}
