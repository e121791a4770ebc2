//! Finds a command by its name in a few instructions.
//!
//! The table of commands is sorted by name, for readers. Lookups use a hash table of places in it,
//! which is made at compile time. The name is hashed as one number that ignores case.

use super::Command;

/// A hash table of places in a table of commands.
pub(super) struct Index([u8; Index::SLOTS]);

impl Index {
    /// A power of two, and more than twice as many as there are commands.
    const SLOTS: usize = 512;
    const EMPTY: u8 = u8::MAX;

    /// The index of a table.
    pub(super) const fn of(commands: &[Command]) -> Index {
        assert!(commands.len() < Index::EMPTY as usize && commands.len() < Index::SLOTS / 2);
        let mut slots = [Index::EMPTY; Index::SLOTS];
        let mut place = 0;
        while place < commands.len() {
            let Some(name) = number(commands[place].name.as_bytes()) else {
                panic!("a command has a longer name than that");
            };
            let mut slot = slot(name);
            while slots[slot] != Index::EMPTY {
                slot = (slot + 1) % Index::SLOTS;
            }
            #[expect(clippy::cast_possible_truncation, reason = "it is less than the empty place")]
            {
                slots[slot] = place as u8;
            }
            place += 1;
        }
        Index(slots)
    }

    /// The command with this name, ignoring case. `commands` must be the table of this index.
    #[inline]
    pub(super) fn find(
        &self,
        commands: &'static [Command],
        name: &[u8],
    ) -> Option<&'static Command> {
        let mut slot = slot(number(name)?);
        loop {
            let command = commands.get(usize::from(self.0[slot]))?;
            if command.name.as_bytes().eq_ignore_ascii_case(name) {
                return Some(command);
            }
            slot = (slot + 1) % Index::SLOTS;
        }
    }
}

/// The name as a number that ignores case. Other names may share the number. Every command's name
/// is short enough.
#[inline]
const fn number(name: &[u8]) -> Option<u128> {
    const CASE: u128 = u128::from_le_bytes([b'a' ^ b'A'; 16]);
    let mut bytes = [0; 16];
    match bytes.split_at_mut_checked(name.len()) {
        Some((start, _)) => start.copy_from_slice(name),
        None => return None,
    }
    Some(u128::from_le_bytes(bytes) | CASE)
}

/// The first slot to look at.
#[inline]
const fn slot(name: u128) -> usize {
    /// The golden ratio, as in Knuth, "Sorting and Searching", section 6.4.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let folded = (name as u64 ^ (name >> 64) as u64).wrapping_mul(FACTOR);
    (folded >> (u64::BITS - Index::SLOTS.ilog2())) as usize
}
