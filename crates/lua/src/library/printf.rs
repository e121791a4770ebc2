//! Items of `string.format`, as C's `printf` writes them.

use crate::c_string;

/// The flags, width and precision between a `%` and its letter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spec {
    is_left: bool,
    has_plus: bool,
    has_space: bool,
    is_alternate: bool,
    has_zeros: bool,
    width: usize,
    pub(super) precision: Option<usize>,
}

/// Why a text is not a specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpecError {
    RepeatedFlags,
    /// A width or a precision of more than two digits.
    TooLong,
}

impl Spec {
    /// Reads a specification. Returns it and its length.
    pub(super) fn parse(text: &[u8]) -> Result<(Spec, usize), SpecError> {
        const FLAGS_MAX: usize = 5;
        let mut spec = Spec::default();
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            match byte {
                b'-' => spec.is_left = true,
                b'+' => spec.has_plus = true,
                b' ' => spec.has_space = true,
                b'#' => spec.is_alternate = true,
                b'0' => spec.has_zeros = true,
                _ => break,
            }
            at += 1;
        }
        if at > FLAGS_MAX {
            return Err(SpecError::RepeatedFlags);
        }
        (spec.width, at) = two_digits(text, at);
        if text.get(at) == Some(&b'.') {
            let (precision, end) = two_digits(text, at + 1);
            (spec.precision, at) = (Some(precision), end);
        }
        if text.get(at).is_some_and(u8::is_ascii_digit) {
            return Err(SpecError::TooLong);
        }
        Ok((spec, at))
    }

    /// Whether it has no flags, no width and no precision.
    pub(super) fn is_plain(&self) -> bool {
        *self == Spec::default()
    }

    /// What it costs in units to write a number with `%e`, `%f` or `%g`. Each digit beyond those
    /// that a double has needs arithmetic on hundreds of digits.
    pub(super) fn float_cost(&self, number: f64) -> u64 {
        const DIGITS: u64 = 17;
        let whole = number.abs().log10().clamp(0.0, 309.0) as u64;
        let digits = whole + self.precision.unwrap_or(6) as u64;
        if digits > DIGITS { 30 + 4 * digits } else { 30 + digits }
    }

    /// `%c`. A zero byte ends the result, as in C.
    pub(super) fn character(&self, byte: u8) -> Vec<u8> {
        let item = self.padded("", &[byte], false);
        c_string(&item).to_vec()
    }

    /// `%s`: up to a zero byte.
    pub(super) fn string(&self, string: &[u8]) -> Vec<u8> {
        let len = self.precision.map_or(string.len(), |precision| precision.min(string.len()));
        self.padded("", c_string(&string[..len]), false)
    }

    /// `%d`
    pub(super) fn signed(&self, integer: i64) -> Vec<u8> {
        let digits = self.with_zeros(integer.unsigned_abs().to_string());
        self.padded(self.sign(integer < 0), digits.as_bytes(), self.precision.is_none())
    }

    /// `%u`, `%o`, `%x` and `%X`
    pub(super) fn unsigned(&self, integer: u64, conversion: u8) -> Vec<u8> {
        let digits = match conversion {
            b'o' => format!("{integer:o}"),
            b'x' => format!("{integer:x}"),
            b'X' => format!("{integer:X}"),
            _ => integer.to_string(),
        };
        let mut digits = self.with_zeros(digits);
        let mut prefix = "";
        if self.is_alternate {
            match conversion {
                b'o' if !digits.starts_with('0') => digits.insert(0, '0'),
                b'x' if integer != 0 => prefix = "0x",
                b'X' if integer != 0 => prefix = "0X",
                _ => {}
            }
        }
        self.padded(prefix, digits.as_bytes(), self.precision.is_none())
    }

    /// `%e`, `%f` and `%g`; `%E` and `%G` write the same in capitals.
    pub(super) fn float(&self, number: f64, conversion: u8) -> Vec<u8> {
        let sign = self.sign(number.is_sign_negative());
        let magnitude = number.abs();
        let mut digits = match conversion.to_ascii_lowercase() {
            _ if number.is_nan() => "nan".to_owned(),
            _ if number.is_infinite() => "inf".to_owned(),
            b'e' => self.exponential(magnitude, self.precision.unwrap_or(6)),
            b'f' => self.fixed(magnitude, self.precision.unwrap_or(6)),
            _ => self.general(magnitude),
        };
        if conversion.is_ascii_uppercase() {
            digits.make_ascii_uppercase();
        }
        self.padded(sign, digits.as_bytes(), number.is_finite())
    }

    fn exponential(&self, magnitude: f64, precision: usize) -> String {
        let (mantissa, exponent) = scientific(magnitude, precision);
        self.with_exponent(&mantissa, exponent)
    }

    fn with_exponent(&self, mantissa: &str, exponent: i32) -> String {
        let point = if self.is_alternate && !mantissa.contains('.') { "." } else { "" };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}{point}e{sign}{:02}", exponent.unsigned_abs())
    }

    fn fixed(&self, magnitude: f64, precision: usize) -> String {
        let point = if self.is_alternate && precision == 0 { "." } else { "" };
        format!("{magnitude:.precision$}{point}")
    }

    fn general(&self, magnitude: f64) -> String {
        let digits = self.precision.unwrap_or(6).max(1);
        let (mantissa, exponent) = scientific(magnitude, digits - 1);
        let limit = i32::try_from(digits).unwrap_or(i32::MAX);
        if (-4..limit).contains(&exponent) {
            let places = usize::try_from(limit - 1 - exponent).unwrap_or(0);
            return self.shortened(&self.fixed(magnitude, places)).to_owned();
        }
        self.with_exponent(self.shortened(&mantissa), exponent)
    }

    /// Without the zeros at the end of a fraction, unless `#` keeps them.
    fn shortened<'a>(&self, text: &'a str) -> &'a str {
        if self.is_alternate || !text.contains('.') {
            return text;
        }
        text.trim_end_matches('0').trim_end_matches('.')
    }

    const fn sign(&self, is_negative: bool) -> &'static str {
        match (is_negative, self.has_plus, self.has_space) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }

    /// Pads an integer with zeros to the precision. A precision of 0 writes 0 as no digits.
    fn with_zeros(&self, digits: String) -> String {
        match self.precision {
            Some(0) if digits == "0" => String::new(),
            Some(precision) => format!("{digits:0>precision$}"),
            None => digits,
        }
    }

    fn padded(&self, sign: &str, digits: &[u8], zeros_fill: bool) -> Vec<u8> {
        let missing = self.width.saturating_sub(sign.len() + digits.len());
        let spaces = vec![b' '; missing];
        if self.is_left {
            return [sign.as_bytes(), digits, &spaces].concat();
        }
        if self.has_zeros && zeros_fill {
            return [sign.as_bytes(), &vec![b'0'; missing], digits].concat();
        }
        [&spaces, sign.as_bytes(), digits].concat()
    }
}

/// Reads up to two digits at `at`. Returns the number, and where they end.
fn two_digits(text: &[u8], at: usize) -> (usize, usize) {
    let digits = text[at..].iter().take(2).take_while(|byte| byte.is_ascii_digit());
    let number = digits.clone().fold(0, |number, digit| 10 * number + usize::from(digit - b'0'));
    (number, at + digits.count())
}

/// The digits, with `precision` of them after the point, and the power of ten.
fn scientific(magnitude: f64, precision: usize) -> (String, i32) {
    let text = format!("{magnitude:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        let (spec, len) = Spec::parse(text.as_bytes()).unwrap();
        assert_eq!(len, text.len());
        spec
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn integers_are_written_as_in_c() {
        let cases = [
            ("", 42, "42"),
            ("5", 42, "   42"),
            ("-5", 42, "42   "),
            ("05", -42, "-0042"),
            ("+", 42, "+42"),
            (" ", 42, " 42"),
            (".4", 42, "0042"),
            ("8.4", -42, "   -0042"),
            ("08.4", 42, "    0042"),
            (".0", 0, ""),
            ("+.0", 0, "+"),
            ("", i64::MIN, "-9223372036854775808"),
        ];
        for (flags, integer, expected) in cases {
            assert_eq!(text(spec(flags).signed(integer)), expected, "{flags}");
        }
        let cases = [
            ("#", 8, b'o', "010"),
            ("#", 255, b'x', "0xff"),
            ("#08", 255, b'X', "0X0000FF"),
            ("#", 0, b'x', "0"),
            ("#.0", 0, b'o', "0"),
            ("#.0", 0, b'x', ""),
            ("#.3", 8, b'o', "010"),
            ("", u64::MAX, b'u', "18446744073709551615"),
        ];
        for (flags, integer, conversion, expected) in cases {
            assert_eq!(text(spec(flags).unsigned(integer, conversion)), expected, "{flags}");
        }
    }

    #[test]
    fn floats_are_written_as_in_c() {
        let cases = [
            ("", 1.5, b'f', "1.500000"),
            (".0", 2.5, b'f', "2"),
            ("#.0", 3.5, b'f', "4."),
            (".20", 0.1, b'f', "0.10000000000000000555"),
            ("", 12_345.678, b'e', "1.234568e+04"),
            (".0", 1e100, b'e', "1e+100"),
            ("#.0", 5e-324, b'E', "5.E-324"),
            ("", 100_000.0, b'g', "100000"),
            ("", 1e6, b'g', "1e+06"),
            ("", 0.000_1, b'g', "0.0001"),
            ("", 0.000_01, b'G', "1E-05"),
            ("#", 1.0, b'g', "1.00000"),
            ("#.0", 1.0, b'g', "1."),
            (".3", 9_999.0, b'g', "1e+04"),
            ("08.2", -1.005, b'f', "-0001.00"),
            ("08", f64::INFINITY, b'f', "     inf"),
            ("+", f64::INFINITY, b'G', "+INF"),
            ("", -f64::NAN, b'g', "-nan"),
            ("", -0.0, b'g', "-0"),
        ];
        for (flags, number, conversion, expected) in cases {
            assert_eq!(text(spec(flags).float(number, conversion)), expected, "{flags} {number}");
        }
    }

    #[test]
    fn strings_are_cut_and_padded() {
        assert_eq!(spec("5.3").string(b"abcdef"), b"  abc");
        assert_eq!(spec("-5").string(b"ab\0cd"), b"ab   ");
        assert_eq!(spec(".").string(b"abc"), b"");
        assert_eq!(spec("3").character(b'x'), b"  x");
        assert_eq!(spec("3").character(0), b"  ");
        assert_eq!(spec("-3").character(0), b"");
    }

    #[test]
    fn what_is_too_long_is_no_spec() {
        assert_eq!(Spec::parse(b"0-+ #0d"), Err(SpecError::RepeatedFlags));
        assert_eq!(Spec::parse(b"100d"), Err(SpecError::TooLong));
        assert_eq!(Spec::parse(b".100d"), Err(SpecError::TooLong));
        assert_eq!(Spec::parse(b"").map(|(_, len)| len), Ok(0));
    }
}
