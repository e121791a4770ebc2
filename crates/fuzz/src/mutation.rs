//! Inputs that are made up without looking at what they reach.

use crate::Target;
use crate::seeds;

/// Inputs are cut to this length, in bytes.
const LEN_MAX: usize = 1 << 17;

const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "7",
    "255",
    "65536",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
];

/// Changes of a target's seeds. An input depends on nothing but the target, the seed and the
/// input's number.
#[derive(Clone, Debug)]
pub struct Mutations {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    seed: u64,
}

impl Mutations {
    /// Those of a target.
    #[must_use]
    pub fn of(target: &Target, seed: u64) -> Mutations {
        Mutations { seeds: target.seeds(), words: seeds::words(), seed }
    }

    /// The input of that number. The first are the seeds themselves.
    #[must_use]
    pub fn input(&self, number: u64) -> Vec<u8> {
        let plain = usize::try_from(number).ok().and_then(|number| self.seeds.get(number));
        if let Some(seed) = plain {
            return seed.clone();
        }
        let mut chance = Chance(self.seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let mut input = match self.seeds.is_empty() {
            true => Vec::new(),
            false => self.seeds[chance.below(self.seeds.len())].clone(),
        };
        if let Some(first) = input.first_mut() {
            *first = if chance.below(2) == 0 { chance.byte() } else { *first };
        }
        for _ in 0..=chance.below(6) {
            self.change(&mut input, &mut chance);
        }
        input.truncate(LEN_MAX);
        input
    }

    fn change(&self, input: &mut Vec<u8>, chance: &mut Chance) {
        let at = chance.below(input.len() + 1);
        let end = (at + 1 + chance.below(40)).min(input.len());
        match chance.below(9) {
            0 if at < input.len() => input[at] ^= 1 << chance.below(8),
            1 if at < input.len() => input[at] = chance.byte(),
            2 if at < end => drop(input.drain(at..end)),
            3 => input.truncate(at.max(1)),
            4 | 5 => insert(input, at, &self.words[chance.below(self.words.len())]),
            6 => {
                // Another seed's part.
                let other = &self.seeds[chance.below(self.seeds.len())];
                let start = chance.below(other.len() + 1);
                let end = (start + chance.below(400)).min(other.len());
                insert(input, at, &other[start..end]);
            }
            7 => change_number(input, at, NUMBERS[chance.below(NUMBERS.len())]),
            _ => {
                // The same again, some times.
                let part = input[at..end.max(at)].to_vec();
                for _ in 0..=chance.below(8) {
                    insert(input, at, &part);
                }
            }
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    input.splice(at..at, part.iter().copied());
}

/// Puts a number in place of the next one.
fn change_number(input: &mut Vec<u8>, at: usize, number: &str) {
    let Some(start) = input[at..].iter().position(u8::is_ascii_digit) else { return };
    let start = at + start;
    let len = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    input.splice(start..start + len, number.bytes());
}

/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators").
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        let scaled = (u128::from(self.next()) * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_depends_on_its_number_and_the_seed() {
        let target = crate::target("replies").unwrap();
        let [one, same, other] = [1, 1, 2].map(|seed| Mutations::of(target, seed));
        let inputs = |mutations: &Mutations| -> Vec<_> {
            (0..500).map(|number| mutations.input(number)).collect()
        };
        assert_eq!(inputs(&one), inputs(&same));
        assert_ne!(inputs(&one), inputs(&other));
        let mut different = inputs(&one);
        different.sort();
        different.dedup();
        assert!(different.len() > 450, "{} of 500", different.len());
    }

    #[test]
    fn numbers_are_replaced_as_a_whole() {
        let mut input = b"SETRANGE k 12345 x".to_vec();
        change_number(&mut input, 3, "-1");
        assert_eq!(input, b"SETRANGE k -1 x");
        change_number(&mut input, 14, "7");
        assert_eq!(input, b"SETRANGE k -1 x");
    }
}
