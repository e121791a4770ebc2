//! The table `math`.

use super::random::Random;
use super::{Function, check_int, define_all};
use crate::error::Result;
use crate::machine::{Args, Lua};
use crate::value::TableRef;

/// A function from a number to a number.
type OfOne = fn(f64) -> f64;
type OfTwo = fn(f64, f64) -> f64;

const RADIANS_PER_DEGREE: f64 = std::f64::consts::PI / 180.0;

pub(super) fn open(lua: &mut Lua, table: TableRef) -> Result<()> {
    let of_one: [(&str, OfOne); 18] = [
        ("abs", f64::abs),
        ("acos", f64::acos),
        ("asin", f64::asin),
        ("atan", f64::atan),
        ("ceil", f64::ceil),
        ("cos", f64::cos),
        ("cosh", f64::cosh),
        ("deg", |degrees| degrees / RADIANS_PER_DEGREE),
        ("exp", f64::exp),
        ("floor", f64::floor),
        ("log", f64::ln),
        ("log10", f64::log10),
        ("rad", |radians| radians * RADIANS_PER_DEGREE),
        ("sin", f64::sin),
        ("sinh", f64::sinh),
        ("sqrt", f64::sqrt),
        ("tan", f64::tan),
        ("tanh", f64::tanh),
    ];
    for (name, function) in of_one {
        lua.define(table, name, move |lua, args| {
            let number = lua.check_number(args, 1)?;
            lua.push(function(number).into())
        })?;
    }
    let of_two: [(&str, OfTwo); 4] = [
        ("atan2", f64::atan2),
        ("fmod", |number, divisor| number % divisor),
        ("mod", |number, divisor| number % divisor),
        ("pow", f64::powf),
    ];
    for (name, function) in of_two {
        lua.define(table, name, move |lua, args| {
            let (one, other) = (lua.check_number(args, 1)?, lua.check_number(args, 2)?);
            lua.push(function(one, other).into())
        })?;
    }
    let functions: [(&str, Function); 7] = [
        ("frexp", frexp),
        ("ldexp", ldexp),
        ("max", max),
        ("min", min),
        ("modf", modf),
        ("random", random),
        ("randomseed", randomseed),
    ];
    define_all(lua, table, &functions)?;
    lua.set_field(table, "pi", std::f64::consts::PI.into())?;
    lua.set_field(table, "huge", f64::INFINITY.into())
}

/// `math.frexp(x)`
fn frexp(lua: &mut Lua, args: Args) -> Result<usize> {
    let number = lua.check_number(args, 1)?;
    let (fraction, exponent) = split(number);
    lua.push_all(&[fraction.into(), f64::from(exponent).into()])
}

/// `math.ldexp(m, e)`
fn ldexp(lua: &mut Lua, args: Args) -> Result<usize> {
    let number = lua.check_number(args, 1)?;
    let exponent = check_int(lua, args, 2)?;
    lua.push(scale(number, exponent).into())
}

/// `math.max(x, ...)`
fn max(lua: &mut Lua, args: Args) -> Result<usize> {
    best(lua, args, |number, best| number > best)
}

/// `math.min(x, ...)`
fn min(lua: &mut Lua, args: Args) -> Result<usize> {
    best(lua, args, |number, best| number < best)
}

fn best(lua: &mut Lua, args: Args, is_better: fn(f64, f64) -> bool) -> Result<usize> {
    let mut best = lua.check_number(args, 1)?;
    for index in 2..=args.len() {
        lua.spend(1)?;
        let number = lua.check_number(args, index)?;
        if is_better(number, best) {
            best = number;
        }
    }
    lua.push(best.into())
}

/// `math.modf(x)`
fn modf(lua: &mut Lua, args: Args) -> Result<usize> {
    let number = lua.check_number(args, 1)?;
    let whole = number.trunc();
    let fraction = if number.is_infinite() { 0.0 } else { number - whole };
    lua.push_all(&[whole.into(), fraction.copysign(number).into()])
}

/// `math.random([m [, n]])`
fn random(lua: &mut Lua, args: Args) -> Result<usize> {
    let fraction = lua.random_mut().fraction();
    let number = match args.len() {
        0 => fraction,
        1 => {
            let high = check_int(lua, args, 1)?;
            if high < 1 {
                return Err(lua.arg_error(args, 1, "interval is empty"));
            }
            (fraction * f64::from(high)).floor() + 1.0
        }
        2 => {
            let (low, high) = (check_int(lua, args, 1)?, check_int(lua, args, 2)?);
            if low > high {
                return Err(lua.arg_error(args, 2, "interval is empty"));
            }
            let width = f64::from(high.wrapping_sub(low).wrapping_add(1));
            (fraction * width).floor() + f64::from(low)
        }
        _ => return Err(lua.throw("wrong number of arguments")),
    };
    lua.push(number.into())
}

/// `math.randomseed(seed)`
fn randomseed(lua: &mut Lua, args: Args) -> Result<usize> {
    let seed = check_int(lua, args, 1)?;
    *lua.random_mut() = Random::new(seed);
    Ok(0)
}

/// Splits a number into a fraction from 0.5 to 1 and an exponent of two: C's `frexp`.
fn split(number: f64) -> (f64, i32) {
    if number == 0.0 || !number.is_finite() {
        return (number, 0);
    }
    // A subnormal number is scaled up first.
    let (number, offset) =
        if number.is_subnormal() { (number * (1_u64 << 54) as f64, -54) } else { (number, 0) };
    let bits = number.to_bits();
    let exponent = (bits >> 52 & 0x7FF) as i32 - 1_022;
    let fraction = f64::from_bits(bits & !(0x7FF << 52) | 1_022 << 52);
    (fraction, exponent + offset)
}

/// The number times a power of two: C's `ldexp`. A subnormal result is rounded only once.
fn scale(number: f64, exponent: i32) -> f64 {
    let power = |exponent: i32| f64::from_bits(((1_023 + exponent) as u64) << 52);
    let (mut number, mut exponent) = (number, exponent);
    for _ in 0..2 {
        if exponent > 1_023 {
            number *= power(1_023);
            exponent -= 1_023;
        } else if exponent < -1_022 {
            // The last step scales by the 53 binary digits that remain, so only it rounds.
            number *= power(-1_022 + 53);
            exponent += 1_022 - 53;
        }
    }
    number * power(exponent.clamp(-1_022, 1_023))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_split_as_frexp_does() {
        let cases = [
            (0.0, 0.0, 0),
            (1.0, 0.5, 1),
            (-3.0, -0.75, 2),
            (5e-324, 0.5, -1_073),
            (f64::MAX, 1.0 - f64::EPSILON / 2.0, 1_024),
            (f64::INFINITY, f64::INFINITY, 0),
        ];
        for (number, fraction, exponent) in cases {
            assert_eq!(split(number), (fraction, exponent), "{number}");
            assert_eq!(scale(fraction, exponent), number, "{number}");
        }
    }

    #[test]
    fn what_is_too_large_or_too_small_for_ldexp_is_infinite_or_zero() {
        let cases = [
            (1.0, 2_000, f64::INFINITY),
            (1.0, i32::MAX, f64::INFINITY),
            (-1.0, -2_000, -0.0),
            (1.0, i32::MIN, 0.0),
            (5e-324, 2_097, f64::powi(2.0, 1_023)),
            (f64::MAX, -2_097, 1e-323),
            (1.5, -1_074, 1e-323),
            // Halfway between two numbers. Rounding twice would give the upper one.
            (1.0 + f64::EPSILON, -1_075, 5e-324),
            (0.75, -1_074, 5e-324),
        ];
        for (number, exponent, expected) in cases {
            let scaled = scale(number, exponent);
            assert_eq!(scaled.to_bits(), f64::to_bits(expected), "{number} {exponent}");
        }
    }
}
