//! Errors that the machine and functions written in Rust raise, with the place at which they did.

use blob::Blob;

use super::Lua;
use crate::compiler::chunk_id;
use crate::coroutine::Frame;
use crate::error::{Error, Result};
use crate::value::Value;

/// Where a function is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of its chunk, as it was given: `@user_script`.
    pub source: Blob,
    /// The same as messages show it: `user_script`.
    pub short_source: Blob,
    /// The line that it is in.
    pub line: u32,
}

/// What a call is that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// One of a function of Lua, which is there.
    Lua(Place),
    /// One of a function written in Rust.
    Rust,
    /// One that another call took the place of.
    TailCall,
}

impl Lua {
    /// An error with that message, after the place of the function that called the running one, as
    /// `luaL_error` raises it.
    pub fn throw(&mut self, message: impl AsRef<[u8]>) -> Error {
        self.throw_at(1, message)
    }

    /// As [`Lua::throw`], with the place of the function that many levels up: 0 is the running one.
    pub fn throw_at(&mut self, level: usize, message: impl AsRef<[u8]>) -> Error {
        let place = self.place(level);
        self.throw_from(place, message.as_ref())
    }

    /// An error with just that message.
    pub fn throw_raw(&mut self, message: impl Into<Blob>) -> Error {
        match self.string(message) {
            Ok(message) => Error::Thrown(message.into()),
            Err(ended) => ended,
        }
    }

    /// An error of the machine: after the place of the running function, if that is one of Lua.
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

    /// Where the function is that many levels up, 0 being the running one. `None` if there is none,
    /// or it is written in Rust.
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

    /// What the call is that many levels up, 0 being the running function. `None` if there is none.
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

    /// How many calls are under way in the running coroutine. A tail call counts as the call that
    /// it took the place of too.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.work((self.flow.frames.len() / 8) as u64);
        self.flow.frames.iter().map(|frame| 1 + frame.tail_calls as usize).sum()
    }

    /// The call that many levels up. A tail call that is gone is a level without a call.
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
    /// `register` is where the value is, if it is in one.
    pub(super) fn operation_error(
        &mut self,
        value: Value,
        operation: &str,
        register: Option<u32>,
    ) -> Error {
        // The name is found by going through the code up to here.
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

    /// Fails if so many calls are under way in Rust that its stack might not suffice for more.
    pub(super) fn enter(&mut self) -> Result<()> {
        /// `LUAI_MAXCCALLS`
        const DEPTH_MAX: u32 = 200;
        /// So many more are left to those who handle the error.
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
