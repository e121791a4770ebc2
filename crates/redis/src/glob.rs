//! Glob patterns of `KEYS`, with Redis's quirks.
//!
//! `*` matches any bytes, `?` one byte, `[a-c^]` one byte of a class, and `[^a]` one byte outside a
//! class. `\` escapes the next byte. All elements except `*` match exactly one byte, so
//! backtracking to the last `*` suffices. The time is at most pattern length times text length.
//!
//! The quirks: a class that is not closed extends to the end of the pattern. A range may be written
//! backwards. `]` may end a range (`[a-]`). The bytes of a range are compared as signed numbers. An
//! empty text matches `*` and the empty pattern, but not `**`.

/// Whether the glob `pattern` matches the whole of `text`.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    if text.is_empty() {
        return matches!(pattern, [] | [b'*']);
    }
    let (mut pattern, mut text) = (pattern, text);
    // The pattern after the last star, and the text at which it was last tried.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            if rest.is_empty() {
                return true;
            }
            pattern = rest;
            retry = Some((pattern, text));
            continue;
        }
        let Some((byte, text_rest)) = text.split_first() else {
            return pattern.is_empty();
        };
        match one(pattern, *byte) {
            Some(pattern_rest) => (pattern, text) = (pattern_rest, text_rest),
            None => {
                let Some((after_star, [_, shorter @ ..])) = retry else {
                    return false;
                };
                (pattern, text) = (after_star, shorter);
                retry = Some((after_star, shorter));
            }
        }
    }
}

/// The rest of the pattern if its first element matches `byte`, otherwise `None`. The first element
/// must not be a star.
fn one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    let (found, rest) = match pattern {
        [] => return None,
        [b'?', rest @ ..] => (true, rest),
        [b'[', b'^', class @ ..] => {
            let (found, rest) = in_class(class, byte);
            (!found, rest)
        }
        [b'[', class @ ..] => in_class(class, byte),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (*literal == byte, rest),
    };
    found.then_some(rest)
}

/// Whether the class at the start of `pattern` (after its bracket) contains `byte`, and the pattern
/// after the class.
fn in_class(mut pattern: &[u8], byte: u8) -> (bool, &[u8]) {
    let mut found = false;
    loop {
        pattern = match pattern {
            [] => return (found, pattern),
            [b'\\', literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
            [b']', rest @ ..] => return (found, rest),
            [first, b'-', last, rest @ ..] => {
                let [first, last, byte] = [first, last, &byte].map(|bound| bound.cast_signed());
                found |= (first.min(last)..=first.max(last)).contains(&byte);
                rest
            }
            [literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("**", "", false),
            ("", "a", false),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("a**", "a", true),
            ("*a*b*c", "xxaybzbc", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hello", true),
            ("h[^e]llo", "hello", false),
            ("h[a-f]llo", "hello", true),
            ("h[f-a]llo", "hello", true),
            ("h[\\]x]llo", "h]llo", true),
            ("h[a-]llo", "hallo", false),
            ("x[abc", "xb", true),
            ("x[", "xb", false),
            ("x[^", "xb", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a\\", true),
        ] {
            let found = matches(pattern.as_bytes(), text.as_bytes());
            assert_eq!(found, expected, "{pattern:?} on {text:?}");
        }
    }

    /// The definition as a slow, obvious function.
    fn obvious(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| obvious(rest, &text[skip..])),
            (_, []) => false,
            (_, [byte, text @ ..]) => one(pattern, *byte).is_some_and(|rest| obvious(rest, text)),
        }
    }

    proptest! {
        #[test]
        fn going_back_to_the_last_star_is_enough(
            pattern in r"[ab*?\[\]\\^-]{0,12}",
            text in r"[ab\]\\-]{1,12}",
        ) {
            prop_assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                obvious(pattern.as_bytes(), text.as_bytes())
            );
        }
    }
}
