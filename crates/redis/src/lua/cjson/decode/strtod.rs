//! C's `strtod`, which lua-cjson reads numbers with.

use lua::number;

/// The number at the start of `text`, and its length. `None` if there is no number.
pub(super) fn strtod(text: &[u8]) -> Option<(f64, usize)> {
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let len = sign + magnitude_len(&text[sign..])?;
    Some((number::parse(&text[..len])?, len))
}

fn magnitude_len(text: &[u8]) -> Option<usize> {
    let begins =
        |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    for word in ["infinity", "inf", "nan"] {
        if begins(word.as_bytes()) {
            return Some(word.len());
        }
    }
    if begins(b"0x") {
        // Hexadecimal numbers have no fraction and no exponent here.
        let digits = text[2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 0 {
            return Some(2 + digits);
        }
    }
    decimal_len(text)
}

fn decimal_len(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let whole = digits(0);
    let mut len = whole;
    if text.get(len) == Some(&b'.') {
        let fraction = digits(len + 1);
        if whole + fraction == 0 {
            return None;
        }
        len += 1 + fraction;
    } else if whole == 0 {
        return None;
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let exponent = digits(len + 1 + signed);
        if exponent > 0 {
            len += 1 + signed + exponent;
        }
    }
    Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_c_stops() {
        let cases = [
            ("1,", Some((1.0, 1))),
            ("-12.5e-1]", Some((-1.25, 8))),
            ("1e", Some((1.0, 1))),
            ("1e+x", Some((1.0, 1))),
            ("0x1fz", Some((31.0, 4))),
            ("0xg", Some((0.0, 1))),
            ("-infinityx", Some((f64::NEG_INFINITY, 9))),
            ("info", Some((f64::INFINITY, 3))),
            (".5", Some((0.5, 2))),
            (".", None),
            ("-", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(strtod(text.as_bytes()), expected, "{text}");
        }
    }
}
