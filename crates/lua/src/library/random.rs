//! The generator of `math.random`: `drand48`, which gives the same numbers on every machine. Redis
//! replaces C's generator by this one for the same reason. Each run starts with the seed 0, as in
//! Redis before 7.0.

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const INCREMENT: u64 = 0xB;
const MASK: u64 = (1 << 48) - 1;

/// The 48 bits of its state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random(u64);

impl Default for Random {
    fn default() -> Random {
        Random::new(0)
    }
}

impl Random {
    /// A generator that starts from `seed`.
    pub(crate) fn new(seed: i32) -> Random {
        Random(u64::from(seed.cast_unsigned()) << 16 | 0x330E)
    }

    /// The next number of 31 bits.
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & MASK;
        (self.0 >> 17) as u32
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn fraction(&mut self) -> f64 {
        f64::from(self.next() % i32::MAX.unsigned_abs()) / f64::from(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_what_redis_gives_after_randomseed_0() {
        let mut random = Random::default();
        let drawn = [random.next(), random.next(), random.next()];
        assert_eq!(drawn, [366_850_414, 1_610_402_240, 206_956_554]);
    }
}
