//! Recordings: whatever is in the file, it is checked or refused, and reading it again says the
//! same.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use history::Digest;
use scenario::Registry;
use tempfile::TempDir;

/// One place for all inputs of a process.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().expect("there is room for a file")).path()
}

pub(crate) fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(rumormill::registry)
}

/// The first byte says what becomes of the last line, the footer, whose hash hardly ever fits what
/// was changed before: it stays, it is given the right hash, or it is left out.
pub(crate) fn recordings(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let text = match first % 4 {
        0 => bytes.to_vec(),
        1 | 2 => with_right_hash(bytes).unwrap_or_else(|| bytes.to_vec()),
        _ => split_footer(bytes).map_or(bytes, |(before, _)| before).to_vec(),
    };
    let path = folder().join("input.jsonl");
    fs::write(&path, &text).expect("there is room for a file");
    let checked = registry().recheck(&path).map(|checked| checked.ran.outcome);
    let again = registry().recheck(&path).map(|checked| checked.ran.outcome);
    match (checked, again) {
        (Ok(one), Ok(other)) => assert_eq!(format!("{one:?}"), format!("{other:?}")),
        (Err(one), Err(other)) => {
            assert_eq!(one.to_string(), other.to_string());
            assert!(!one.to_string().is_empty());
        }
        (one, other) => panic!("first {one:?}, then {other:?}"),
    }
    let valid = folder().join("valid.jsonl");
    if !valid.exists() {
        let seeds = crate::seeds::recordings();
        fs::write(&valid, &seeds[0][1..]).expect("there is room for a file");
    }
    let _ = trace::diff(&valid, &path);
    let _ = trace::verify(&path);
}

/// What stands before the last line, and that line.
fn split_footer(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.trim_ascii_end().iter().rposition(|byte| *byte == b'\n')?;
    Some(text.split_at(end + 1))
}

fn with_right_hash(text: &[u8]) -> Option<Vec<u8>> {
    const KEY: &[u8] = b"\"hash\":\"";
    let (before, footer) = split_footer(text)?;
    let start = footer.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let mut digest = Digest::new();
    digest.add_bytes(before);
    let hash = digest.fingerprint().to_string();
    let end = start + hash.len();
    let (start, end) = (footer.get(..start)?, footer.get(end..)?);
    Some([before, start, hash.as_bytes(), end].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_hash_is_that_of_the_recording_itself() {
        for seed in crate::seeds::recordings() {
            assert_eq!(with_right_hash(&seed[1..]).as_deref(), Some(&seed[1..]));
        }
    }
}
