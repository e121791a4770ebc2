//! Finds scenarios by a typed name.
//!
//! - `all` is every scenario.
//! - With a `*` the text is a pattern. The star matches any text, including slashes.
//! - Otherwise the text is a name, or the end of exactly one name: `c6p2k2` or `losing/c2p2k2`.
//! - If there is no such name, the text can be a folder in the same way, which selects all
//!   scenarios in it: `losing`.

use std::collections::BTreeSet;

use thiserror::Error;

/// What a typed name selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// One scenario, by its name.
    One(String),
    /// As many as match, which may be none.
    Many(Vec<String>),
}

/// A typed name selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// No scenario has this name.
    #[error("there is no scenario {name:?}{} (`rumormill list` shows all)", suggestion(nearest))]
    Unknown {
        /// What was typed.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    },
    /// Several are.
    #[error("{name:?} could be {}: write a little more of the name", candidates.join(", "))]
    Ambiguous {
        /// What was typed.
        name: String,
        /// What it could be.
        candidates: Vec<String>,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// The maximum length, in bytes, for which similar names are suggested.
const TYPED_MAX: usize = 200;

/// Finds what `typed` selects among `names`, in their order.
pub(crate) fn select<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    typed: &str,
) -> Result<Selection, NameError> {
    if typed == "all" {
        return Ok(Selection::Many(names.map(str::to_owned).collect()));
    }
    if typed.contains('*') {
        let matching = names.filter(|name| matches(typed, name));
        return Ok(Selection::Many(matching.map(str::to_owned).collect()));
    }
    if let Some(name) = the_one(names.clone(), typed)? {
        return Ok(Selection::One(name.to_owned()));
    }
    let folders: BTreeSet<&str> = names.clone().flat_map(folders_of).collect();
    if let Some(folder) = the_one(folders.iter().copied(), typed)? {
        let inside = names.filter(|name| folders_of(name).any(|of_name| of_name == folder));
        return Ok(Selection::Many(inside.map(str::to_owned).collect()));
    }
    Err(NameError::Unknown { name: typed.to_owned(), nearest: nearest(names, typed) })
}

/// The name that was typed, or else the only one that ends so, if there is any.
fn the_one<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    typed: &str,
) -> Result<Option<&'a str>, NameError> {
    if let Some(name) = names.clone().find(|name| *name == typed) {
        return Ok(Some(name));
    }
    let ending = format!("/{typed}");
    let candidates: Vec<&str> = names.filter(|name| name.ends_with(&ending)).collect();
    match candidates[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => {
            let candidates = candidates.into_iter().map(str::to_owned).collect();
            Err(NameError::Ambiguous { name: typed.to_owned(), candidates })
        }
    }
}

/// The folders that a name is in: of `a/b/c`, `a` and `a/b`.
fn folders_of(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(slash, _)| &name[..slash])
}

/// Whether `pattern`, in which `*` stands for any text, matches all of `name`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (between, end) = after.rsplit_once('*').unwrap_or(("", after));
    let Some(mut rest) = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(end)) else {
        return false;
    };
    // The first place where a part is leaves most room for the others.
    between.split('*').all(|part| {
        let after = rest.split_once(part).map(|(_, after)| after);
        rest = after.unwrap_or_default();
        after.is_some()
    })
}

/// The name most like what was typed, compared with as much of its end as that has parts.
fn nearest<'a>(names: impl Iterator<Item = &'a str>, typed: &str) -> Option<String> {
    if typed.len() > TYPED_MAX {
        return None;
    }
    let parts = typed.split('/').count();
    let likeness = |name: &str| {
        let start = name.rmatch_indices('/').nth(parts - 1).map_or(0, |(index, _)| index + 1);
        strsim::osa_distance(&name[start..], typed)
    };
    let best = names.map(|name| (likeness(name), name)).min()?;
    (best.0 <= typed.chars().count().div_ceil(2)).then(|| best.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = [
        "caspaxos/losing/c2p2k2",
        "caspaxos/losing/c6p2k2",
        "caspaxos/losing/c2p2k1.i",
        "caspaxos/partitioning/c2p2k2",
        "lease/raw.i",
    ];

    fn selected(typed: &str) -> Result<Vec<String>, String> {
        match select(NAMES.into_iter(), typed) {
            Ok(Selection::One(name)) => Ok(vec![name]),
            Ok(Selection::Many(names)) => Ok(names),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_unique_ending_is_a_name() {
        assert_eq!(selected("c6p2k2").unwrap(), ["caspaxos/losing/c6p2k2"]);
        assert_eq!(selected("losing/c2p2k2").unwrap(), ["caspaxos/losing/c2p2k2"]);
        assert_eq!(selected("lease/raw.i").unwrap(), ["lease/raw.i"]);
        let error = selected("c2p2k2").unwrap_err();
        assert!(
            error.contains("losing/c2p2k2") && error.contains("partitioning/c2p2k2"),
            "{error}"
        );
    }

    #[test]
    fn half_a_part_is_no_ending() {
        assert!(selected("2p2k2").is_err());
    }

    #[test]
    fn a_folder_is_all_that_is_in_it() {
        assert_eq!(selected("caspaxos").unwrap().len(), 4);
        assert_eq!(selected("caspaxos/losing").unwrap().len(), 3);
        assert_eq!(selected("partitioning").unwrap(), ["caspaxos/partitioning/c2p2k2"]);
        assert!(selected("artitioning").is_err());
    }

    #[test]
    fn a_star_crosses_slashes() {
        assert_eq!(selected("*c2p2k2").unwrap().len(), 2);
        assert_eq!(selected("caspaxos/*").unwrap().len(), 4);
        assert_eq!(selected("*/*.i").unwrap(), ["caspaxos/losing/c2p2k1.i", "lease/raw.i"]);
        assert_eq!(selected("*").unwrap().len(), 5);
        assert!(selected("queue/*").unwrap().is_empty());
        assert_eq!(selected("all").unwrap().len(), 5);
        assert_eq!(selected("c*s*/*s*/*k2").unwrap().len(), 2);
        assert!(selected("lease/raw*w.i").unwrap().is_empty(), "a letter is not used twice");
        assert!(selected(&format!("{}z", "*a".repeat(40))).unwrap().is_empty());
        assert_eq!(selected("**").unwrap().len(), 5);
    }

    #[test]
    fn a_wrong_name_suggests_the_nearest() {
        let error = selected("loosing/c2p2k2").unwrap_err();
        assert!(error.contains("did you mean caspaxos/losing/c2p2k2?"), "{error}");
        let error = selected("c6p2k3").unwrap_err();
        assert!(error.contains("did you mean caspaxos/losing/c6p2k2?"), "{error}");
        let error = selected("something else entirely").unwrap_err();
        assert!(!error.contains("did you mean"), "{error}");
    }
}
