//! On what, when and how it was measured.

use std::process::Command;

use anyhow::{Context, Result};

/// The lines that stand above each table.
pub(crate) fn header() -> Result<String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    Ok(format!(
        "machine  {}, {} cores\ndate     {}\ncommand  bin/bench {}\n\n",
        processor(),
        std::thread::available_parallelism()?,
        date()?,
        arguments.join(" "),
    ))
}

fn processor() -> String {
    let table = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = table.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        (field.trim() == "model name").then(|| value.trim().to_owned())
    });
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn date() -> Result<String> {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    let text = String::from_utf8(output.context("cannot ask `date` for the date")?.stdout)?;
    Ok(text.trim().to_owned())
}
