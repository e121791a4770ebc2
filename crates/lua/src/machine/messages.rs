//! Errors of the machine and of functions written in Rust, with the place where they were raised.

use blob::Blob;

use super::Lua;
use crate::compiler::chunk_id;
use crate::coroutine::Frame;
use crate::error::{Error, Result};
use crate::value::Value;

/// A position in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of its chunk, as it was given: `@user_script`.
    pub source: Blob,
    /// The name of its chunk as messages show it: `user_script`.
    pub short_source: Blob,
    /// The line that it is in.
    pub line: u32,
}

/// An active call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// A call of a Lua function, which is at this place.
    Lua(Place),
    /// A call of a function written in Rust.
    Rust,
    /// A call that a tail call replaced.
    TailCall,
}

impl Lua {
    /// An error with this message, prefixed with the place in the caller of the running function.
    /// `luaL_error` does the same.
    pub fn throw(&mut self, message: impl AsRef<[u8]>) -> Error {
        self.throw_at(1, message)
    }

    /// As [`Lua::throw`], but with the place at this level: level 0 is the running function.
    pub fn throw_at(&mut self, level: usize, message: impl AsRef<[u8]>) -> Error {
        let place = self.place(level);
        self.throw_from(place, message.as_ref())
    }

    /// An error with this message and no place.
    pub fn throw_raw(&mut self, message: impl Into<Blob>) -> Error {
        match self.string(message) {
            Ok(message) => Error::Thrown(message.into()),
            Err(ended) => ended,
        }
    }

    /// An error of the machine. The place of the running function precedes it, if that is a Lua
    /// function.
    pub(crate) fn runtime_error(&mut self, message: impl AsRef<[u8]>) -> Error {
        let place = self.place(0);
        self.throw_from(place, message.as_ref())
    }

    fn throw_from(&mut self, place: Option<Place>, message: &[u8]) -> Error {
        let Some(place) = place else {
            return self.throw_raw(Blob::copy_from_slice(message));
        };
        let line = format!(":{}: ", place.line);
        self.throw_raw([&*place.short_source, line.as_bytes(), message].concat())
    }

    /// The place of the function at this level; level 0 is the running function. `None` if there is
    /// no such level, or the function is written in Rust.
    #[must_use]
    pub fn place(&self, level: usize) -> Option<Place> {
        let frame = self.frame(level)?;
        let prototype = frame.prototype.as_ref()?;
        let line = prototype.lines.get(frame.pc.saturating_sub(1)).copied().unwrap_or(0);
        Some(Place {
            short_source: chunk_id(&prototype.source),
            source: prototype.source.clone(),
            line,
        })
    }

    /// The call at this level; level 0 is the running function. `None` if there is no such level.
    #[must_use]
    pub fn level(&self, level: usize) -> Option<Level> {
        if level >= self.levels() {
            return None;
        }
        Some(match self.place(level) {
            Some(place) => Level::Lua(place),
            None if self.frame(level).is_some() => Level::Rust,
            None => Level::TailCall,
        })
    }

    /// The number of active calls in the running coroutine. Calls that a tail call replaced are
    /// included.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.work((self.flow.frames.len() / 8) as u64);
        self.flow.frames.iter().map(|frame| 1 + frame.tail_calls as usize).sum()
    }

    /// The call at this level. A call that a tail call replaced is a level without a call.
    pub(super) fn frame(&self, level: usize) -> Option<&Frame> {
        self.work((level.min(self.flow.frames.len()) / 8) as u64);
        let mut left = level;
        for frame in self.flow.frames.iter().rev() {
            if left == 0 {
                return Some(frame);
            }
            left -= 1;
            let gone = frame.tail_calls as usize;
            if left < gone {
                return None;
            }
            left -= gone;
        }
        None
    }

    /// `attempt to index field 'x' (a nil value)`
    ///
    /// `register` holds the value, if it is in one.
    pub(super) fn operation_error(
        &mut self,
        value: Value,
        operation: &str,
        register: Option<u32>,
    ) -> Error {
        // Finding the name takes a walk through the code up to here.
        let gone_through = self.flow.frames.last().map_or(0, |frame| frame.pc);
        if let Err(ended) = self.spend(gone_through as u64) {
            return ended;
        }
        let type_name = value.type_name();
        let named = register.and_then(|register| self.register_name(register));
        let message = match named {
            Some((kind, name)) => [
                format!("attempt to {operation} {kind} '").as_bytes(),
                &name,
                format!("' (a {type_name} value)").as_bytes(),
            ]
            .concat(),
            None => format!("attempt to {operation} a {type_name} value").into_bytes(),
        };
        self.runtime_error(message)
    }

    /// Enters one more level of recursion in Rust. Fails if the thread's stack might overflow.
    pub(super) fn enter(&mut self) -> Result<()> {
        /// `LUAI_MAXCCALLS`
        const DEPTH_MAX: u32 = 200;
        /// How many more levels error handlers get.
        const RESERVE: u32 = 25;
        if self.depth >= DEPTH_MAX + RESERVE {
            return Err(self.throw_raw("error in error handling"));
        }
        if self.depth == DEPTH_MAX {
            self.depth += 1;
            let error = self.runtime_error("C stack overflow");
            self.depth -= 1;
            return Err(error);
        }
        self.depth += 1;
        Ok(())
    }
}
