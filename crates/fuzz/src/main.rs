//! Makes inputs up, without libFuzzer: see `bin/fuzz --quick`.
//!
//! Each target runs in a process of its own, which leaves the number of its input in a file. So
//! when the process ends by a signal, or does not end, that input is known too.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the command line")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "time is real here")]

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Parser;
use fuzz::{Mutations, TARGETS, Target};

/// A process that takes so much longer than it should hangs.
const HANGS_AFTER: Duration = Duration::from_secs(60);

/// Fuzz targets without libFuzzer
#[derive(Parser)]
enum Arguments {
    /// The targets
    List,
    /// Try inputs that are made up, in all targets or in some
    Quick {
        /// For so long in all
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Other seeds make up other inputs
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where inputs are left that show something
        #[arg(long, default_value = "target/fuzz")]
        folder: PathBuf,
        targets: Vec<String>,
    },
    /// Try these inputs
    Run { target: String, files: Vec<PathBuf> },
    /// Write a target's first inputs into a folder, for libFuzzer
    Corpus { target: String, folder: PathBuf },
    /// Part of quick: try inputs of one target
    #[command(hide = true)]
    Try { target: String, seconds: u64, seed: u64, progress: PathBuf },
}

fn main() -> ExitCode {
    match execute(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything held.
fn execute(arguments: Arguments) -> io::Result<bool> {
    match arguments {
        Arguments::List => {
            TARGETS.iter().for_each(|target| println!("{:12} {}", target.name, target.about));
        }
        Arguments::Quick { seconds, seed, folder, targets } => {
            return quick(seconds, seed, &folder, &targets);
        }
        Arguments::Run { target, files } => {
            let target = target_of(&target)?;
            for file in files {
                target.run(&fs::read(&file)?);
                println!("{}: holds", file.display());
            }
        }
        Arguments::Corpus { target, folder } => {
            fs::create_dir_all(&folder)?;
            for (number, seed) in target_of(&target)?.seeds().iter().enumerate() {
                fs::write(folder.join(format!("seed-{number:04}")), seed)?;
            }
        }
        Arguments::Try { target, seconds, seed, progress } => {
            try_inputs(target_of(&target)?, seconds, seed, &progress)?;
        }
    }
    Ok(true)
}

fn target_of(name: &str) -> io::Result<&'static Target> {
    fuzz::target(name).ok_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        io::Error::other(format!("there is no target {name:?}, but {}", names.join(", ")))
    })
}

fn quick(seconds: u64, seed: u64, folder: &Path, names: &[String]) -> io::Result<bool> {
    let targets = match names {
        [] => TARGETS.iter().collect(),
        names => names.iter().map(|name| target_of(name)).collect::<io::Result<Vec<_>>>()?,
    };
    fs::create_dir_all(folder)?;
    let each = (seconds / targets.len() as u64).max(1);
    let mut all_hold = true;
    for target in targets {
        all_hold &= try_target(target, each, seed, folder)?;
    }
    Ok(all_hold)
}

/// Runs a target in a process of its own.
fn try_target(target: &Target, seconds: u64, seed: u64, folder: &Path) -> io::Result<bool> {
    let name = target.name;
    let progress = folder.join(format!("{name}.progress"));
    fs::write(&progress, 0_u64.to_le_bytes())?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["try", name, &seconds.to_string(), &seed.to_string()])
        .arg(&progress)
        .spawn()?;
    let end = Instant::now() + Duration::from_secs(seconds) + HANGS_AFTER;
    let what = loop {
        match child.try_wait()? {
            Some(status) if status.success() => break None,
            Some(status) => break Some(status.to_string()),
            None if Instant::now() > end => {
                child.kill()?;
                child.wait()?;
                break Some("it does not end".to_owned());
            }
            None => sleep(Duration::from_millis(20)),
        }
    };
    let number = fs::read(&progress)?.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    fs::remove_file(&progress)?;
    let Some(what) = what else { return Ok(true) };
    let file = folder.join(format!("{name}-{seed}-{number}"));
    fs::write(&file, Mutations::of(target, seed).input(number))?;
    println!("{name}: FAILED at input {number} of seed {seed}: {what}");
    println!("reproduce with: bin/fuzz --run {name} {}", file.display());
    Ok(false)
}

fn try_inputs(target: &Target, seconds: u64, seed: u64, progress: &Path) -> io::Result<()> {
    let mut progress = File::options().write(true).open(progress)?;
    let mutations = Mutations::of(target, seed);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut number: u64 = 0;
    while Instant::now() < end {
        progress.rewind()?;
        progress.write_all(&number.to_le_bytes())?;
        target.run(&mutations.input(number));
        number += 1;
    }
    println!("{}: {number} inputs in {seconds} seconds", target.name);
    Ok(())
}
