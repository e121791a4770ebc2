//! Reads an untrusted log, one line at a time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use history::{Digest, Fingerprint};
use serde_json::Value;
use sim::{Event, Protocol};

use crate::{FORMAT, Footer, Header, LogError};

/// The maximum length of a line, in bytes.
const LINE_MAX: u64 = 16 << 20;

/// What is wrong with a log that was copied as a text of another system.
const LINE_ENDS_CHANGED: &str =
    "a program has changed its line ends, which are single LF: copy it as a binary file";

/// No event begins like this.
const FOOTER_START: &[u8] = br#"{"events":"#;

/// Reads the events of a log in order.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    file: BufReader<File>,
    line: Vec<u8>,
    /// The number of lines read.
    lines: u64,
    /// The number of bytes in those lines.
    bytes: u64,
    digest: Digest,
    header: Header,
    footer: Option<Footer>,
}

impl LogReader {
    /// Opens a log and reads its header.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a log that this version can read.
    pub fn open(path: &Path) -> Result<LogReader, LogError> {
        let (file, line, first) = open(path)?;
        let format = first["format"].as_u64().unwrap_or_default();
        if format != u64::from(FORMAT) {
            return Err(LogError::OtherFormat { path: path.to_owned(), format });
        }
        let header = serde_json::from_value(first).map_err(|error| {
            let why = format!("its header is not one: {error}");
            LogError::Corrupt { path: path.to_owned(), line: 1, why }
        })?;
        let mut digest = Digest::new();
        digest.add_bytes(&line);
        let (path, bytes) = (path.to_owned(), line.len() as u64);
        Ok(LogReader { path, file, line, lines: 1, bytes, digest, header, footer: None })
    }

    /// Creates a second reader that continues from the same line.
    ///
    /// # Errors
    /// If the file cannot be opened again, or has become shorter.
    pub fn fork(&self) -> Result<LogReader, LogError> {
        let read = |source| LogError::Read { path: self.path.clone(), source };
        let mut file = File::open(&self.path).map_err(read)?;
        file.seek(SeekFrom::Start(self.bytes)).map_err(read)?;
        Ok(LogReader {
            path: self.path.clone(),
            file: BufReader::with_capacity(1 << 16, file),
            line: Vec::new(),
            lines: self.lines,
            bytes: self.bytes,
            digest: self.digest.clone(),
            header: self.header.clone(),
            footer: self.footer.clone(),
        })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The footer, once all events have been read.
    #[must_use]
    pub fn footer(&self) -> Option<&Footer> {
        self.footer.as_ref()
    }

    /// How many events have been read.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.lines - 1 - u64::from(self.footer.is_some())
    }

    /// Returns the next event. Returns `None` at the footer, after checking the footer.
    ///
    /// # Errors
    /// If the log is damaged or incomplete.
    pub fn next_event<P: Protocol>(&mut self) -> Result<Option<Event<P>>, LogError> {
        if !self.read_line()? {
            return Ok(None);
        }
        let mut unknown = None;
        let mut json = serde_json::Deserializer::from_slice(&self.line);
        let event = serde_ignored::deserialize(&mut json, |path| {
            unknown.get_or_insert_with(|| path.to_string());
        });
        match event.and_then(|event: Event<P>| json.end().map(|()| event)) {
            Ok(event) => match unknown {
                None => Ok(Some(Event { seq: self.lines - 2, ..event })),
                Some(path) => Err(self.corrupt(format!("an event has no field {path:?}"))),
            },
            Err(error) => Err(self.corrupt(format!("this is no event: {error}"))),
        }
    }

    /// Returns the next event as its line in the file. Returns `None` at the footer.
    ///
    /// # Errors
    /// If the log is damaged or incomplete.
    pub fn next_line(&mut self) -> Result<Option<&str>, LogError> {
        if !self.read_line()? {
            return Ok(None);
        }
        match std::str::from_utf8(self.line.trim_ascii_end()) {
            Ok(_) => Ok(std::str::from_utf8(self.line.trim_ascii_end()).ok()),
            Err(_) => Err(self.corrupt("this line is not UTF-8".to_owned())),
        }
    }

    /// Reads a line that should be an event. Returns false at the footer.
    fn read_line(&mut self) -> Result<bool, LogError> {
        if self.footer.is_some() {
            return Ok(false);
        }
        let read = |source| LogError::Read { path: self.path.clone(), source };
        match next_line(&mut self.file, &mut self.line).map_err(read)? {
            Line::Whole => self.lines += 1,
            Line::BreaksOff => {
                return Err(LogError::Unfinished { path: self.path.clone(), line: self.lines + 1 });
            }
            Line::TooLong => {
                self.lines += 1;
                return Err(self.corrupt(format!("this line is longer than {LINE_MAX} bytes")));
            }
        }
        self.bytes += self.line.len() as u64;
        if self.line.first() != Some(&b'{') {
            return Err(self.corrupt("this line is no object".to_owned()));
        }
        if self.line.starts_with(FOOTER_START) {
            self.read_footer()?;
            return Ok(false);
        }
        self.digest.add_bytes(&self.line);
        Ok(true)
    }

    fn read_footer(&mut self) -> Result<(), LogError> {
        let footer: Footer = serde_json::from_slice(&self.line)
            .map_err(|error| self.corrupt(format!("its footer is not one: {error}")))?;
        let events = self.lines - 2;
        if footer.events != events {
            let counted = footer.events;
            return Err(self.corrupt(format!("its footer counts {counted} events of {events}")));
        }
        if footer.hash != self.hash() {
            return Err(self.corrupt("it is not what was written: its hash differs".to_owned()));
        }
        let mut rest = [0];
        let read = |source| LogError::Read { path: self.path.clone(), source };
        if self.file.read(&mut rest).map_err(read)? > 0 {
            self.lines += 1;
            return Err(self.corrupt("it goes on after its footer".to_owned()));
        }
        self.footer = Some(footer);
        Ok(())
    }

    fn hash(&self) -> Fingerprint {
        self.digest.fingerprint()
    }

    /// An error at the line that was read last.
    fn corrupt(&self, why: String) -> LogError {
        LogError::Corrupt { path: self.path.clone(), line: self.lines, why }
    }
}

/// Returns the first line of a log of any version. It has the seed and the scenario.
///
/// # Errors
/// If the file cannot be read, or its first line is not a header.
pub fn first_line(path: &Path) -> Result<Value, LogError> {
    Ok(open(path)?.2)
}

/// Opens a file. Returns its first line, and the line as JSON with a format.
fn open(path: &Path) -> Result<(BufReader<File>, Vec<u8>, Value), LogError> {
    let read = |source| LogError::Read { path: path.to_owned(), source };
    let foreign = |why: &str| LogError::Foreign { path: path.to_owned(), why: why.to_owned() };
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(read)?);
    let mut line = Vec::new();
    match next_line(&mut file, &mut line).map_err(read)? {
        Line::Whole => {}
        Line::BreaksOff if line.contains(&b'\r') => return Err(foreign(LINE_ENDS_CHANGED)),
        Line::BreaksOff => return Err(foreign("its first line is no header")),
        Line::TooLong => {
            let why = format!("its first line is longer than {LINE_MAX} bytes");
            return Err(foreign(&why));
        }
    }
    let first: Value =
        serde_json::from_slice(&line).map_err(|_| foreign("its first line is not JSON"))?;
    if first.get("format").and_then(Value::as_u64).is_none() {
        return Err(foreign("its first line names no format"));
    }
    if line.ends_with(b"\r\n") {
        let (path, why) = (path.to_owned(), LINE_ENDS_CHANGED.to_owned());
        return Err(LogError::Corrupt { path, line: 1, why });
    }
    Ok((file, line, first))
}

/// Reads a whole log, and returns its header and footer if it is undamaged.
///
/// # Errors
/// If it cannot be read, is not a log, is damaged, or is incomplete.
pub fn verify(path: &Path) -> Result<(Header, Footer), LogError> {
    let mut log = LogReader::open(path)?;
    while log.read_line()? {}
    let footer = log.footer.expect("the events end with the footer");
    Ok((log.header, footer))
}

/// The result of reading a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Whole,
    /// The file ends before the line does.
    BreaksOff,
    /// The line is longer than [`LINE_MAX`].
    TooLong,
}

/// Reads a line with its end into `line`.
fn next_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Line> {
    line.clear();
    let read = file.take(LINE_MAX).read_until(b'\n', line)? as u64;
    Ok(match line.last() {
        Some(b'\n') => Line::Whole,
        _ if read == LINE_MAX => Line::TooLong,
        _ => Line::BreaksOff,
    })
}
