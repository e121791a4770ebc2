//! The engine: a Lua machine and its compiled scripts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lua::{Chunk, End, Error, Lua, TableRef, Value};

use super::convert::Fields;
use super::host::Host;
use super::sandbox::{self, Names};
use super::{interrupt, shebang};
use crate::{Blob, Database, ErrorReply, Reply, Sha1, UnixTime};

/// The budget of a script in units. An instruction costs one unit.
const UNITS: u64 = 20_000_000;

/// The memory limit of a script in bytes.
const MEMORY: usize = 64 << 20;

/// The longest script in bytes.
const TEXT_MAX: usize = 512 << 10;

/// The most compiled scripts, and the most bytes of their texts. A new engine replaces a full one.
const COMPILED_MAX: usize = 500;
const COMPILED_BYTES_MAX: usize = 4 << 20;

/// Whether a script may run write commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Access {
    #[default]
    ReadWrite,
    ReadOnly,
}

/// A script to run.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) sha: &'a Sha1,
    pub(crate) text: &'a Blob,
    pub(crate) keys: &'a [Blob],
    pub(crate) arguments: &'a [Blob],
    pub(crate) access: Access,
}

/// Lua, ready to run scripts.
pub(super) struct Engine {
    pub(super) lua: Lua,
    host: Rc<Host>,
    fields: Fields,
    names: Names,
    /// The budget of a script in units.
    pub(super) units: u64,
    pub(super) compiled: BTreeMap<Sha1, Chunk>,
    /// The total size of their texts in bytes.
    compiled_bytes: usize,
}

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Checks that a script compiles.
///
/// # Errors
/// The error that `SCRIPT LOAD` gives.
pub(crate) fn compile(sha: &Sha1, text: &Blob) -> Result<(), ErrorReply> {
    with_engine(|engine| engine.chunk(sha, text).map(|_| ()))
}

/// Runs a script at the time `now` of the server's wall clock.
///
/// # Errors
/// The error that ended the script. Its earlier writes stay.
pub(crate) fn run(
    database: &mut Database,
    now: UnixTime,
    call: &Call<'_>,
) -> Result<Reply, ErrorReply> {
    with_engine(|engine| engine.run(database, now, call))
}

/// Calls `work` with this thread's engine. An engine that panics is not used again.
fn with_engine<T>(
    work: impl FnOnce(&mut Engine) -> Result<T, ErrorReply>,
) -> Result<T, ErrorReply> {
    ENGINE.with(|place| {
        let mut engine = match place.take() {
            Some(engine) => engine,
            None => Engine::new()?,
        };
        let outcome = work(&mut engine);
        place.replace(Some(engine));
        outcome
    })
}

impl Engine {
    pub(super) fn new() -> Result<Engine, ErrorReply> {
        let mut lua = Lua::new(MEMORY);
        let host = Rc::new(Host::default());
        let built = sandbox::build(&mut lua, &host);
        let (fields, names) = built.map_err(|error| ErrorReply::new(&refusal(error)))?;
        lua.stop_when(interrupt::must_stop);
        Ok(Engine {
            lua,
            host,
            fields,
            names,
            units: UNITS,
            compiled: BTreeMap::new(),
            compiled_bytes: 0,
        })
    }

    /// Compiles a script, unless it is compiled already.
    fn chunk(&mut self, sha: &Sha1, text: &Blob) -> Result<Chunk, ErrorReply> {
        if let Some(chunk) = self.compiled.get(sha) {
            return Ok(chunk.clone());
        }
        if text.len() > TEXT_MAX {
            return Err(ErrorReply::from_static("ERR script is too long"));
        }
        let body = shebang::body(text)?;
        if self.compiled.len() == COMPILED_MAX
            || self.compiled_bytes + text.len() > COMPILED_BYTES_MAX
        {
            *self = Engine { units: self.units, ..Engine::new()? };
        }
        let chunk = self.lua.compile(&body, "@user_script").map_err(|message| {
            let start = b"ERR Error compiling script (new function): ";
            ErrorReply::new(&[start, &*message].concat())
        })?;
        self.compiled_bytes += text.len();
        self.compiled.insert(*sha, chunk.clone());
        Ok(chunk)
    }

    pub(super) fn run(
        &mut self,
        database: &mut Database,
        now: UnixTime,
        call: &Call<'_>,
    ) -> Result<Reply, ErrorReply> {
        let chunk = self.chunk(call.sha, call.text)?;
        let (access, lacks_memory) =
            shebang::permit(call.text, call.access, database.lacks_memory())?;
        self.host.begin();
        self.exchange(database, |running| {
            (running.now, running.access, running.lacks_memory) = (now, access, lacks_memory);
        });
        let outcome = self.reply(&chunk, call);
        self.exchange(database, |_| ());
        let reply = outcome.map_err(|message| ErrorReply::new(&message))?;
        let room = database.replies.take(reply.size());
        room.map_err(|error| ErrorReply::new(&in_script(call, error.text(), None)))?;
        Ok(reply)
    }

    /// Swaps `database` with the one that the host holds.
    fn exchange(&self, database: &mut Database, set: impl FnOnce(&mut super::host::Running)) {
        let mut running = self.host.running.borrow_mut();
        std::mem::swap(&mut running.database, database);
        set(&mut running);
    }

    /// Runs a script. Returns its reply, or the text of its error.
    fn reply(&mut self, chunk: &Chunk, call: &Call<'_>) -> Result<Reply, Blob> {
        let Engine { lua, fields, units, .. } = self;
        let fields = *fields;
        lua.begin(*units);
        let returned = self.call(chunk, call);
        let lua = &mut self.lua;
        let reply = match returned {
            Ok(Ok(value)) => fields.reply(lua, value),
            Ok(Err(raised)) => return Err(self.failure(call, raised)),
            Err(error) => Err(error),
        };
        reply.map_err(|error| in_script(call, &refusal(error), None))
    }

    /// Calls a script. Returns its first result, or the error that ended it, as Redis's handler
    /// converts it.
    fn call(&mut self, chunk: &Chunk, call: &Call<'_>) -> lua::Result<Result<Value, Value>> {
        let Engine { lua, fields, names, .. } = self;
        let fields = *fields;
        let globals = lua.globals();
        for (name, words) in [(names.keys, call.keys), (names.argv, call.arguments)] {
            let table = list(lua, words)?;
            lua.raw_set(globals, name.into(), table.into())?;
            // The collector does not look into `globals`, which is permanent, so the table must
            // also be on the stack.
            lua.push(table.into())?;
        }
        let main = lua.instantiate(chunk)?;
        let handle = |lua: &mut Lua, error| sandbox::handle(lua, fields, error);
        let outcome = lua.handled_call(main.into(), &[], handle)?;
        Ok(outcome.map(|count| {
            for _ in 1..count {
                lua.pop();
            }
            if count == 0 { Value::Nil } else { lua.pop() }
        }))
    }

    /// The text of an error that the script did not catch.
    fn failure(&mut self, call: &Call<'_>, raised: Value) -> Blob {
        match raised {
            Value::Table(error) => {
                let (message, place) = sandbox::describe(&self.lua, self.fields, error);
                in_script(call, &message, place.as_ref())
            }
            other => {
                let message = self.lua.to_bytes(other).unwrap_or_default();
                let start = format!("ERR Error running script {}, ", call.sha);
                Blob::from([start.as_bytes(), &*message].concat())
            }
        }
    }
}

fn list(lua: &mut Lua, words: &[Blob]) -> lua::Result<TableRef> {
    let table = lua.new_table(words.len(), 0)?;
    for (index, word) in words.iter().enumerate() {
        let word = lua.string(word.clone())?;
        lua.set_element(table, index + 1, word.into())?;
    }
    Ok(table)
}

/// The text of an error, with the script's name and the place.
fn in_script(call: &Call<'_>, message: &[u8], place: Option<&Blob>) -> Blob {
    let name = format!(" script: {}", call.sha);
    let place = place.map_or_else(Vec::new, |place| [b", on ", &**place, b"."].concat());
    Blob::from([message, name.as_bytes(), &place].concat())
}

/// The error text for a script that was ended.
fn refusal(error: Error) -> Blob {
    match error {
        Error::Ended(End::Stopped) => Blob::from(format!("ERR {}", interrupt::stop())),
        Error::Ended(end) => Blob::from(format!("ERR {end}")),
        // A protected call never returns these.
        Error::Thrown(_) | Error::Yielded(_) => Blob::from_static("ERR Script failed"),
    }
}
