//! C's `strtod`, which Redis reads scores with. It accepts leading blanks, `infinity` and
//! hexadecimal digits.

/// The result of `strtod`.
pub(crate) struct Read {
    /// 0 if there was no number.
    pub(crate) number: f64,
    /// The length of the number in bytes, leading blanks included. 0 if there was no number.
    pub(crate) len: usize,
    /// Whether the number is too large for a double, or so close to 0 that it became 0.
    pub(crate) is_out_of_range: bool,
}

/// Reads the longest number at the start of a text.
pub(crate) fn strtod(text: &[u8]) -> Read {
    let blanks = text.iter().take_while(|byte| is_space(**byte)).count();
    let signed = &text[blanks..];
    let (negative, unsigned) = match signed {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, signed),
    };
    let Some(found) =
        word(unsigned).or_else(|| hexadecimal(unsigned)).or_else(|| decimal(unsigned))
    else {
        return Read { number: 0.0, len: 0, is_out_of_range: false };
    };
    let number = if negative { found.number.copysign(-1.0) } else { found.number };
    Read { number, len: text.len() - unsigned.len() + found.len, ..found }
}

/// C's `isspace`.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn word(text: &[u8]) -> Option<Read> {
    let starts_with = |word: &[u8]| {
        text.split_at_checked(word.len()).is_some_and(|(start, _)| start.eq_ignore_ascii_case(word))
    };
    let (number, len) = if starts_with(b"infinity") {
        (f64::INFINITY, 8)
    } else if starts_with(b"inf") {
        (f64::INFINITY, 3)
    } else if starts_with(b"nan") {
        (f64::NAN, 3)
    } else {
        return None;
    };
    Some(Read { number, len, is_out_of_range: false })
}

fn decimal(text: &[u8]) -> Option<Read> {
    let mut len = mantissa_len(text, u8::is_ascii_digit)?;
    let is_zero = text[..len].iter().all(|byte| matches!(byte, b'0' | b'.'));
    len += exponent_len(&text[len..], b'e');
    let number: f64 = std::str::from_utf8(&text[..len]).ok()?.parse().ok()?;
    let is_out_of_range = number.is_infinite() || (number == 0.0 && !is_zero);
    Some(Read { number, len, is_out_of_range })
}

fn hexadecimal(text: &[u8]) -> Option<Read> {
    let [b'0', b'x' | b'X', digits @ ..] = text else {
        return None;
    };
    let len = mantissa_len(digits, u8::is_ascii_hexdigit)?;
    let (mut bits, mut exponent): (u64, i64) = (0, 0);
    let mut in_fraction = false;
    for byte in &digits[..len] {
        let Some(digit) = char::from(*byte).to_digit(16) else {
            in_fraction = true;
            continue;
        };
        // Digits that do not fit set the lowest bit, for rounding.
        if bits < 1 << 59 {
            bits = bits << 4 | u64::from(digit);
            exponent -= if in_fraction { 4 } else { 0 };
        } else {
            bits |= u64::from(digit != 0);
            exponent += if in_fraction { 0 } else { 4 };
        }
    }
    let power_len = exponent_len(&digits[len..], b'p');
    let power = std::str::from_utf8(&digits[len..len + power_len]).ok()?;
    let power = power.get(1..).map_or(0, saturating_number);
    let number = rounded(bits, exponent.saturating_add(power));
    let is_out_of_range = number.is_infinite() || (number == 0.0 && bits != 0);
    Some(Read { number, len: 2 + len + power_len, is_out_of_range })
}

/// The length of the leading digits, with at most one point. `None` if there are no digits.
fn mantissa_len(text: &[u8], is_digit: fn(&u8) -> bool) -> Option<usize> {
    let count = |text: &[u8]| text.iter().take_while(|byte| is_digit(byte)).count();
    let whole = count(text);
    let fraction = match &text[whole..] {
        [b'.', rest @ ..] => Some(count(rest)),
        _ => None,
    };
    match (whole, fraction) {
        (0, None | Some(0)) => None,
        (whole, fraction) => Some(whole + fraction.map_or(0, |fraction| 1 + fraction)),
    }
}

/// The length of an exponent that begins with `letter`. 0 if it has no digits.
fn exponent_len(text: &[u8], letter: u8) -> usize {
    let [first, rest @ ..] = text else {
        return 0;
    };
    let sign = usize::from(matches!(rest, [b'+' | b'-', ..]));
    let digits = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if first.eq_ignore_ascii_case(&letter) && digits > 0 { 1 + sign + digits } else { 0 }
}

/// A decimal number, clamped to `-2^40..=2^40`.
fn saturating_number(text: &str) -> i64 {
    const FAR: i64 = 1 << 40;
    let nearest = if text.starts_with('-') { -FAR } else { FAR };
    text.parse().map_or(nearest, |number: i64| number.clamp(-FAR, FAR))
}

/// The double nearest to `bits * 2^exponent`. Halves are rounded to even.
fn rounded(bits: u64, exponent: i64) -> f64 {
    /// The exponent of the lowest bit of the smallest double.
    const LEAST: i64 = -1074;
    const PRECISION: i64 = 53;
    let width = i64::from(u64::BITS - bits.leading_zeros());
    let least = (exponent + width - PRECISION).max(LEAST);
    let dropped = u32::try_from(least - exponent).unwrap_or(0);
    let significand = if dropped == 0 {
        // At most 53 bits: shift them up to their place in the double.
        bits.checked_shl(u32::try_from(exponent - least).unwrap_or(0)).unwrap_or(0)
    } else {
        let kept = bits.checked_shr(dropped).unwrap_or(0);
        let half = 1_u64.checked_shl(dropped - 1).unwrap_or(0);
        let rest = bits & half.wrapping_mul(2).wrapping_sub(1);
        let up = half != 0 && (rest > half || (rest == half && kept & 1 == 1));
        kept + u64::from(up)
    };
    if significand == 0 {
        return 0.0;
    }
    // The leading bit is not stored; it adds one to the exponent. A carry does the same.
    let Some(above) = u64::try_from(least - LEAST).ok().filter(|above| *above < 2046) else {
        return f64::INFINITY;
    };
    f64::from_bits((above << (PRECISION - 1)) + significand)
}
