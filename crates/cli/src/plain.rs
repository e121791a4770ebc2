//! Makes foreign text safe for a terminal.
//!
//! Names, values and stories come from scenario files, recordings and arguments, and can contain
//! any characters. Such characters could move the cursor, change colours, reverse the writing
//! direction, or forge a line of rumormill. All output goes through this module. Invisible
//! characters are written as escapes, and the middle of a long line is left out.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The maximum number of characters in a line, without the note about omitted ones.
const LINE_MAX: usize = 4_000;
/// The number of characters kept from the end of a line, where the error often is.
const END: usize = 1_000;

/// Returns a line of text with visible characters only.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    let text = escaped(text, |c, out| out.extend(c.escape_default()));
    let count = text.chars().count();
    if count <= LINE_MAX {
        return text;
    }
    let place = |number: usize| text.char_indices().nth(number).map_or(text.len(), |(at, _)| at);
    let (start, end) = (place(LINE_MAX - END), place(count - END));
    let left_out = count - LINE_MAX;
    let (start, end) = (&text[..start], &text[end..]);
    Cow::Owned(format!("{start} [... {left_out} characters are left out ...] {end}"))
}

/// Returns equivalent JSON. The escapes are within its strings.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    escaped(text, |c, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").expect("to a String");
        }
    })
}

/// Returns safe TOML with several lines.
pub(crate) fn toml(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        escaped(line, |c, out| write!(out, "\\U{:08x}", u32::from(c)).expect("to a String"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Replaces each invisible character of a text.
fn escaped(text: &str, write: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unseen(c) {
            write(c, &mut out);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Invisible characters: control characters, ends of lines and paragraphs, characters without
/// width, changes of the writing direction, tags, and other formatting characters.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_escaped() {
        for (text, expected) in [
            ("plain, ¬ and 界", "plain, ¬ and 界"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("ok\r\nFAIL\t\0", "ok\\r\\nFAIL\\t\\u{0}"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("a\u{202e}b\u{2066}c\u{200b}\u{feff}", "a\\u{202e}b\\u{2066}c\\u{200b}\\u{feff}"),
            ("x\u{2028}y\u{e0041}", "x\\u{2028}y\\u{e0041}"),
        ] {
            assert_eq!(line(text), expected);
        }
    }

    #[test]
    fn of_a_long_line_the_middle_is_left_out() {
        let longest = "é".repeat(LINE_MAX);
        assert_eq!(line(&longest), longest);
        let long = format!("begin{}end", "é".repeat(100_000));
        let expected = format!(
            "begin{} [... 96008 characters are left out ...] {}end",
            "é".repeat(LINE_MAX - END - 5),
            "é".repeat(END - 3)
        );
        assert_eq!(line(&long), expected);
        assert!(line(&"\u{1b}".repeat(100_000)).len() < 2 * LINE_MAX);
    }

    #[test]
    fn json_says_the_same() {
        let said = "\u{9b}31m \u{202e} \u{e0041} é";
        let text = serde_json::to_string(said).expect("a text is JSON");
        assert_eq!(json(&text), r#""\u009b31m \u202e \udb40\udc41 é""#);
        assert_eq!(serde_json::from_str::<String>(&json(&text)).expect("it is JSON"), said);
    }

    #[test]
    fn toml_keeps_its_lines() {
        assert_eq!(toml("a = \"\u{202e}\"\nb = 1\n"), "a = \"\\U0000202e\"\nb = 1\n");
    }
}
