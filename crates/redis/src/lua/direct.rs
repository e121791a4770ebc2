//! What most scripts do most of the time, straight on Lua's stack: `redis.call`, `string.match`,
//! and the way into a script and out of it.
//!
//! `mlua` hands a function its arguments as references, each of which it registers and releases,
//! and that costs more than the commands themselves. So closures of C's kind go ahead of the
//! functions written with `mlua`. They read texts where they lie, and leave plain results where Lua
//! looks for them. Whatever is not plain they leave to the function behind: wrong arguments,
//! errors, arrays.
//!
//! Lua leaves a function by `longjmp` when it raises an error, which it does for want of memory
//! too. So nothing here owns anything while it calls what may raise one.

#![expect(unsafe_code, reason = "there is no other way around the cost of mlua's references")]

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use mlua::ffi::{self, lua_State};
use mlua::{Function, LightUserData, Lua, Result, Table, Value};

use super::engine::Call;
use super::host::Host;
use super::number;
use crate::{Blob, Reply};

/// A reply that takes more than this goes the long way, where it is held against what it may take.
const REPLY_BYTES_MAX: usize = 64 << 10;

/// A command line of more words than this goes the long way.
const WORDS_MAX: c_int = 16;

/// `redis.call` or `redis.pcall`, ahead of the function that can do all of it, and which looks
/// first whether the command has run already, in [`Host::answered`].
pub(super) fn call_ahead_of(lua: &Lua, host: &Rc<Host>, behind: &Function) -> Result<Function> {
    let host = LightUserData(Rc::as_ptr(host).cast_mut().cast());
    // SAFETY: the closure pushed is `call` with the two upvalues that it expects. The host outlives
    // it, for the engine drops Lua first.
    unsafe { lua.exec_raw((host, behind), |state| ffi::lua_pushcclosure(state, call, 2)) }
}

/// What is to be pushed. It owns nothing, for where it is pushed Lua may leave by `longjmp`.
enum Plain {
    False,
    Number(f64),
    Bulk(*const u8, usize),
    Status(*const u8, usize),
}

/// # Safety
/// To be called by Lua alone, as the closure that [`call_ahead_of`] makes.
unsafe extern "C-unwind" fn call(state: *mut lua_State) -> c_int {
    // SAFETY: the upvalues are those of `call_ahead_of`. All that is done with the stack stays
    // within the words that it holds and the 20 places that Lua guarantees. Whatever may raise an
    // error, which is a `longjmp`, is called while nothing here owns anything. What a bulk or
    // status points to is in `Host::text`, which nothing changes before it has been copied.
    unsafe {
        let host = &*ffi::lua_touserdata(state, ffi::lua_upvalueindex(1)).cast::<Host>();
        // What panics here panics again in the function behind, where mlua carries it on.
        let plain = catch_unwind(AssertUnwindSafe(|| answer(state, host))).unwrap_or(None);
        match plain {
            Some(Plain::False) => ffi::lua_pushboolean(state, 0),
            Some(Plain::Number(number)) => ffi::lua_pushnumber(state, number),
            Some(Plain::Bulk(bytes, len)) => {
                ffi::lua_pushlstring(state, bytes.cast(), len);
            }
            Some(Plain::Status(bytes, len)) => {
                ffi::lua_createtable(state, 0, 1);
                ffi::lua_pushlstring(state, c"ok".as_ptr(), 2);
                ffi::lua_pushlstring(state, bytes.cast(), len);
                ffi::lua_rawset(state, -3);
            }
            None => return call_upvalue(state, 2),
        }
        1
    }
}

/// Runs the command on the stack, if that can be done here. `None` if the function behind must go
/// on from there.
unsafe fn answer(state: *mut lua_State, host: &Host) -> Option<Plain> {
    // SAFETY: only places that are on the stack are read, and a text stays there until the end.
    unsafe {
        host.answered.take();
        let count = ffi::lua_gettop(state);
        if !(1..=WORDS_MAX).contains(&count) || host.resp.get() != 2 {
            return None;
        }
        let mut line = host.line.take();
        line.clear();
        let mut bytes = 0;
        for place in 1..=count {
            let word = match ffi::lua_type(state, place) {
                ffi::LUA_TSTRING => text(state, place),
                ffi::LUA_TNUMBER => {
                    Blob::from(number::general(ffi::lua_tonumber(state, place), 17))
                }
                _ => return None,
            };
            bytes += word.len();
            line.push(word);
        }
        host.budget.spend_bytes(bytes).ok()?;
        let answered = host.call(&line);
        host.line.replace(line);
        let mut text = host.text.borrow_mut();
        Some(match answered {
            Ok(Reply::Nil) => Plain::False,
            Ok(Reply::Integer(integer)) => Plain::Number(number::from_integer(integer)),
            Ok(Reply::Bulk(bytes)) => {
                *text = bytes;
                Plain::Bulk(text.as_ptr(), text.len())
            }
            Ok(Reply::Status(status)) => {
                *text = status;
                Plain::Status(text.as_ptr(), text.len())
            }
            Ok(Reply::Array(_) | Reply::Error(_)) | Err(_) => {
                host.answered.replace(Some(answered));
                return None;
            }
        })
    }
}

/// `string.match` where that takes little, in C: ahead of the function that counts what it does.
/// `cheap[pattern][length]` is what it costs at most to match that pattern with a text so long.
pub(super) fn match_ahead_of(
    lua: &Lua,
    host: &Rc<Host>,
    behind: &Function,
    cheap: &Table,
    in_c: &Function,
) -> Result<Function> {
    let host = LightUserData(Rc::as_ptr(host).cast_mut().cast());
    // SAFETY: as in `call_ahead_of`.
    unsafe {
        lua.exec_raw((host, behind, cheap, in_c), |state| {
            ffi::lua_pushcclosure(state, match_, 4);
        })
    }
}

/// # Safety
/// To be called by Lua alone, as the closure that [`match_ahead_of`] makes.
unsafe extern "C-unwind" fn match_(state: *mut lua_State) -> c_int {
    // SAFETY: the upvalues are those of `match_ahead_of`; the stack has 20 places to spare; nothing
    // here owns anything.
    unsafe {
        let is_text = |place| ffi::lua_type(state, place) == ffi::LUA_TSTRING;
        if ffi::lua_gettop(state) == 2 && is_text(1) && is_text(2) {
            ffi::lua_pushvalue(state, 2);
            ffi::lua_gettable(state, ffi::lua_upvalueindex(3));
            if ffi::lua_type(state, 3) == ffi::LUA_TTABLE {
                let len = ffi::lua_objlen(state, 1);
                ffi::lua_rawgeti(state, 3, c_int::try_from(len).unwrap_or(c_int::MAX).into());
                let cost = ffi::lua_tonumber(state, 4);
                let host = &*ffi::lua_touserdata(state, ffi::lua_upvalueindex(1)).cast::<Host>();
                if cost > 0.0 && host.budget.spend(cost as u64).is_ok() {
                    ffi::lua_settop(state, 2);
                    return call_upvalue(state, 4);
                }
            }
            ffi::lua_settop(state, 2);
        }
        call_upvalue(state, 2)
    }
}

/// Returns what that function returns, given all that is on the stack.
///
/// # Safety
/// The running closure has so many upvalues; the caller owns nothing.
unsafe fn call_upvalue(state: *mut lua_State, number: c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        ffi::lua_pushvalue(state, ffi::lua_upvalueindex(number));
        ffi::lua_insert(state, 1);
        ffi::lua_call(state, ffi::lua_gettop(state) - 1, ffi::LUA_MULTRET);
        ffi::lua_gettop(state)
    }
}

/// What a script came to.
pub(super) enum Outcome {
    Reply(Reply),
    /// Something less plain, or an error: what `run` of `prelude.lua` returned.
    Results(Option<bool>, Value),
}

/// Runs a compiled script by `run` of `prelude.lua`, with its keys and arguments and a full budget.
pub(super) fn run(
    lua: &Lua,
    host: &Host,
    [run, main]: [&Function; 2],
    call: &Call<'_>,
) -> Result<Outcome> {
    let mut reply = None;
    // SAFETY: the closure owns nothing, and leaves on the stack what is to be returned. It stays
    // within the 20 places that Lua guarantees.
    let (ok, value) = unsafe {
        lua.exec_raw((run, main), |state| {
            push_list(state, call.keys);
            push_list(state, call.arguments);
            // Instructions are counted from 0, and memory from here.
            let hook = ffi::lua_gethook(state);
            ffi::lua_sethook(
                state,
                hook,
                ffi::lua_gethookmask(state),
                ffi::lua_gethookcount(state),
            );
            host.budget.refill(lua);
            ffi::lua_call(state, 3, 2);
            if ffi::lua_toboolean(state, 1) != 0 {
                reply = plain(state);
            }
            if reply.is_some() {
                ffi::lua_settop(state, 0);
            }
        })?
    };
    Ok(reply.map_or(Outcome::Results(ok, value), Outcome::Reply))
}

/// # Safety
/// There are three places left on the stack; the caller owns nothing.
unsafe fn push_list(state: *mut lua_State, words: &[Blob]) {
    let count = c_int::try_from(words.len()).unwrap_or(c_int::MAX);
    // SAFETY: the caller's.
    unsafe {
        ffi::lua_createtable(state, count, 0);
        for (word, number) in words.iter().zip(1..) {
            ffi::lua_pushlstring(state, word.as_ptr().cast(), word.len());
            ffi::lua_rawseti(state, -2, number);
        }
    }
}

/// The reply that the second value on the stack, which is the last, makes if it is plain: an array
/// is if it has no other fields, and is not nested.
///
/// # Safety
/// There is such a value, and there are two places left on the stack.
unsafe fn plain(state: *mut lua_State) -> Option<Reply> {
    // SAFETY: the caller's. `lua_next` raises no error, for it is given the keys that it gave.
    unsafe {
        if ffi::lua_type(state, 2) != ffi::LUA_TTABLE {
            return scalar(state, 2);
        }
        let (mut replies, mut bytes) = (Vec::new(), 0);
        ffi::lua_pushnil(state);
        while ffi::lua_next(state, 2) != 0 {
            let is_next = ffi::lua_type(state, 3) == ffi::LUA_TNUMBER
                && ffi::lua_tonumber(state, 3) == number::from_unsigned(replies.len() as u64 + 1);
            let is_text = ffi::lua_type(state, 4) == ffi::LUA_TSTRING;
            bytes += Reply::ELEMENT_BYTES;
            bytes += if is_text { ffi::lua_objlen(state, 4) } else { 0 };
            let is_next = is_next && bytes <= REPLY_BYTES_MAX;
            let reply = if is_next { scalar(state, 4) } else { None };
            ffi::lua_settop(state, if reply.is_some() { 3 } else { 2 });
            replies.push(reply?);
        }
        (ffi::lua_getmetatable(state, 2) == 0).then_some(Reply::Array(replies))
    }
}

/// # Safety
/// There is such a value on the stack.
unsafe fn scalar(state: *mut lua_State, place: c_int) -> Option<Reply> {
    // SAFETY: the caller's; what is read is of the type that was looked at.
    unsafe {
        Some(match ffi::lua_type(state, place) {
            ffi::LUA_TSTRING => Reply::Bulk(text(state, place)),
            ffi::LUA_TNUMBER => Reply::Integer(number::truncate(ffi::lua_tonumber(state, place))),
            ffi::LUA_TBOOLEAN if ffi::lua_toboolean(state, place) != 0 => Reply::Integer(1),
            ffi::LUA_TBOOLEAN | ffi::LUA_TNIL => Reply::Nil,
            _ => return None,
        })
    }
}

/// # Safety
/// There is a text at that place of the stack.
unsafe fn text(state: *mut lua_State, place: c_int) -> Blob {
    let mut len = 0;
    // SAFETY: the caller's; the bytes are copied before anything else can be done with the stack.
    unsafe {
        let bytes = ffi::lua_tolstring(state, place, &raw mut len);
        Blob::copy_from_slice(std::slice::from_raw_parts(bytes.cast(), len))
    }
}
