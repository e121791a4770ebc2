//! The libraries that scripts have: the basic functions, `string`, `table`, `math`, `coroutine`.

use crate::error::Result;
use crate::machine::Lua;

/// Puts all libraries among the global variables.
pub(crate) fn open(lua: &mut Lua) -> Result<()> {
    let _ = lua;
    Ok(())
}
