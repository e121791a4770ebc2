//! Finding a command by its name, in a few instructions: every command line begins with that.
//!
//! The table of commands is sorted by name, for people. For the machine there is a hash table of
//! places in it, made when the program is compiled. A name is hashed as one number, in which
//! letters have lost their case.

use super::Command;

/// Places of commands in their table.
pub(super) struct Index([u8; Index::SLOTS]);

impl Index {
    /// A power of two, and more than twice as many as there are commands.
    const SLOTS: usize = 512;
    const EMPTY: u8 = u8::MAX;

    /// Of the commands in this table.
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

    /// The command of that name, in whatever case it is written, in the table that this is of.
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

/// The name as a number that is the same whatever its case. Names that differ in other ways may
/// share theirs. No command has a name that is longer than this takes.
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

/// Where to look first.
#[inline]
const fn slot(name: u128) -> usize {
    /// The golden ratio, as Knuth has it ("Sorting and Searching", 6.4).
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let folded = (name as u64 ^ (name >> 64) as u64).wrapping_mul(FACTOR);
    (folded >> (u64::BITS - Index::SLOTS.ilog2())) as usize
}
