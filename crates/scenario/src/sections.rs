//! The sections of a system in a scenario file: its own, and those that it shares with other
//! systems.
//!
//! In a file they stand side by side. The system reads them as one configuration, in which each
//! shared section is a field.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::{Problem, System};

/// The sections of a system by their names.
pub(crate) type Sections = BTreeMap<String, Value>;

/// The sections of a configuration.
pub(crate) fn split<S: System>(config: &S::Config) -> Sections {
    let mut own = serde_json::to_value(config).expect("a configuration is JSON");
    let mut sections = Sections::new();
    for name in S::SHARED_SECTIONS {
        let fields = own.as_object_mut().expect("a configuration is an object");
        let section = fields.remove(*name).expect("a shared section is a field");
        sections.insert((*name).to_owned(), section);
    }
    sections.insert(S::NAME.to_owned(), own);
    sections
}

/// The configuration that sections make.
pub(crate) fn join<S: System>(sections: &Sections) -> Result<S::Config, Problem> {
    let mut sections = sections.clone();
    let mut own = sections.remove(S::NAME).unwrap_or_default();
    if let Some(fields) = own.as_object_mut() {
        fields.extend(sections);
    }
    serde_json::from_value(own).map_err(|why| Problem::new(S::NAME, why))
}

/// Takes the sections of a system out of a scenario file, as one table.
pub(crate) fn take<'a>(
    table: &mut Spanned<DeTable<'a>>,
    system: &'static str,
    shared: &'static [&'static str],
) -> Result<Spanned<DeTable<'a>>, Problem> {
    let whole = table.span();
    let table = table.get_mut();
    let mut own = match table.remove(system).map(|section| (section.span(), section.into_inner())) {
        None => Spanned::new(whole, DeTable::default()),
        Some((span, DeValue::Table(section))) => Spanned::new(span, section),
        Some(_) => {
            let message = format!("this is a section, written [{system}]");
            return Err(Problem::new(system, message));
        }
    };
    for name in shared {
        if own.get_ref().contains_key(*name) {
            let message = format!("this is a section of its own, written [{name}]");
            return Err(Problem::new(format!("{system}.{name}"), message));
        }
        if let Some(section) = table.remove(*name) {
            let key = Spanned::new(section.span(), DeString::Borrowed(name));
            own.get_mut().insert(key, section);
        }
    }
    Ok(own)
}

/// The path in a scenario file of what `path` is in a configuration.
pub(crate) fn path_in_file<S: System>(path: &str) -> String {
    let first = path.split('.').next().unwrap_or_default();
    match S::SHARED_SECTIONS.contains(&first) {
        true => path.to_owned(),
        false => format!("{}.{path}", S::NAME),
    }
}
