//! Numbers written as text.

/// Parses a number as Lua's `tonumber` and its lexer do. It may be decimal, hexadecimal, or C's
/// `inf` or `nan`, with spaces around it. A zero byte ends the text.
pub fn parse(text: &[u8]) -> Option<f64> {
    let text = &text[..memchr::memchr(0, text).unwrap_or(text.len())];
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_space(byte))?;
    let end = text.iter().rposition(|byte| !is_space(byte))? + 1;
    let text = &text[start..end];
    let (is_negative, magnitude) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let magnitude = match magnitude {
        [b'0', b'x' | b'X', rest @ ..] => hexadecimal(rest)?,
        [b'0'..=b'9' | b'.', ..] => decimal(magnitude)?,
        _ => word(magnitude)?,
    };
    Some(if is_negative { -magnitude } else { magnitude })
}

/// Rust reads decimal numbers as C does, if there is at least one digit.
fn decimal(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn word(text: &[u8]) -> Option<f64> {
    if text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity") {
        return Some(f64::INFINITY);
    }
    let (start, rest) = text.split_at_checked(3)?;
    let is_payload = match rest {
        [] => true,
        [b'(', payload @ .., b')'] => {
            payload.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        }
        _ => false,
    };
    (start.eq_ignore_ascii_case(b"nan") && is_payload).then_some(f64::NAN)
}

/// Parses the text after `0x`: digits with an optional point, and an optional exponent of two.
fn hexadecimal(text: &[u8]) -> Option<f64> {
    let mantissa = text.iter().position(|byte| matches!(byte, b'p' | b'P'));
    let (digits, exponent) = match mantissa {
        Some(place) => (&text[..place], binary_exponent(&text[place + 1..])?),
        None => (text, 0),
    };
    // The first 60 bits or more, and whether any later bit is set.
    let (mut bits, mut has_rest) = (0_u64, false);
    let mut scale = 0_i64;
    let (mut has_digit, mut has_point) = (false, false);
    for byte in digits {
        if *byte == b'.' && !has_point {
            has_point = true;
            // A point needs a digit right before or after it.
            continue;
        }
        let digit = char::from(*byte).to_digit(16)?;
        has_digit = true;
        let fits = bits >> 60 == 0;
        if fits {
            bits = bits << 4 | u64::from(digit);
        } else {
            has_rest |= digit != 0;
        }
        match (fits, has_point) {
            (true, true) => scale -= 4,
            (false, false) => scale += 4,
            _ => {}
        }
    }
    has_digit.then(|| scaled(bits, has_rest, scale.saturating_add(exponent)))
}

fn binary_exponent(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut exponent = 0_i64;
    for byte in digits {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        exponent = exponent.saturating_mul(10).saturating_add(i64::from(digit));
    }
    Some(if is_negative { -exponent } else { exponent })
}

/// `bits * 2^exponent`, rounded to the nearest double, or to the even one of two. `has_rest` says
/// that the number is slightly larger than its bits.
fn scaled(bits: u64, has_rest: bool, exponent: i64) -> f64 {
    const MANTISSA_BITS: i64 = 53;
    const EXPONENT_MIN: i64 = -1074;
    const EXPONENT_MAX: i64 = 971;
    if bits == 0 {
        return 0.0;
    }
    // With the highest bit set, only the exponent decides how many bits a double keeps.
    let shift = bits.leading_zeros();
    let bits = bits << shift;
    let exponent = exponent.saturating_sub(i64::from(shift));
    let kept_exponent = exponent.saturating_add(64 - MANTISSA_BITS).max(EXPONENT_MIN);
    if kept_exponent > EXPONENT_MAX {
        return f64::INFINITY;
    }
    let Some(cut) =
        u32::try_from(kept_exponent.saturating_sub(exponent)).ok().filter(|cut| *cut <= 64)
    else {
        return 0.0;
    };
    let kept = bits.checked_shr(cut).unwrap_or(0);
    let half = 1_u64 << (cut - 1);
    let rest = bits & (half | (half - 1));
    let is_odd = kept & 1 == 1;
    let rounds_up = rest > half || rest == half && (has_rest || is_odd);
    let kept = kept + u64::from(rounds_up);
    // A mantissa with 53 bits is 1.xxx, and its highest bit adds one to the exponent field; so does
    // one that was rounded up to 54 bits.
    let field = (kept_exponent - EXPONENT_MIN) as u64;
    f64::from_bits((field << (MANTISSA_BITS - 1)).wrapping_add(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbers_as_c_reads_them() {
        let cases: &[(&str, f64)] = &[
            ("1", 1.0),
            (" \t-1.5e3\n", -1500.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e400", f64::INFINITY),
            ("3\0x", 3.0),
            ("0x10", 16.0),
            ("-0XfF", -255.0),
            ("0x.8", 0.5),
            ("0x1.", 1.0),
            ("0x1p4", 16.0),
            ("0xA.8p-1", 5.25),
            ("Inf", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("0x1p1024", f64::INFINITY),
            ("0x1p-1074", f64::from_bits(1)),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", f64::from_bits(1)),
            ("0x1p-99999999999999999999", 0.0),
            // Halves are rounded to even, and more than half is rounded up.
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080000001p0", 1.0 + f64::EPSILON),
            ("0x1.00000000000018p0", 1.0 + 2.0 * f64::EPSILON),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x1.fffffffffffff8p-1023", f64::MIN_POSITIVE),
        ];
        for (text, number) in cases {
            let parsed = parse(text.as_bytes()).map(f64::to_bits);
            assert_eq!(parsed, Some(number.to_bits()), "for {text:?}");
        }
        for text in ["nan", "NAN(1_a)"] {
            assert!(parse(text.as_bytes()).is_some_and(f64::is_nan), "for {text:?}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in [
            "", " ", ".", "-", "+-1", "- 1", "1 2", "1x", "1e", "1e+", "1..2", "0x", "0x.",
            "0x.p1", "0x1p", "0x1.8.2", "0xg", "infx", "nan(", "nan(-)", "1_0", "1,5", "x10",
            "\u{663}",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "for {text:?}");
        }
    }
}
