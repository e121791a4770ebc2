//! Lua's patterns, matched in a bounded number of steps.
//!
//! A pattern with several repetitions can take time that grows with a power of the subject's
//! length. So each step of the matcher costs units. A pattern matches what it matches in Lua 5.1.
//! In particular, a zero byte ends the pattern.

use crate::c_string;
use crate::error::{Error, Result};
use crate::machine::Lua;

/// How deep the matcher may recurse.
const DEPTH_MAX: u32 = 200;
/// `LUA_MAXCAPTURES`
const CAPTURES_MAX: usize = 32;

/// Steps are charged for in groups of this many.
const STEPS: u64 = 1_000;

/// A part of the subject that is in parentheses in the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    /// The capture is not closed yet.
    Open {
        start: usize,
    },
    Text {
        start: usize,
        end: usize,
    },
    /// `()`, counted from 1.
    Position(usize),
}

/// What matches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) begin: usize,
    pub(super) end: usize,
    /// The captures, in the order of the pattern.
    pub(super) captures: Vec<Capture>,
}

/// Matches one pattern against one subject.
pub(super) struct Matcher<'a> {
    lua: &'a mut Lua,
    subject: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<Capture>,
    /// Steps that have not been charged for yet.
    steps: u64,
    depth: u32,
}

type Outcome = Result<Option<usize>>;

impl<'a> Matcher<'a> {
    /// `pattern` excludes the anchor. Errors name the running function.
    pub(super) fn new(lua: &'a mut Lua, subject: &'a [u8], pattern: &'a [u8]) -> Matcher<'a> {
        let steps = (pattern.len() / 32) as u64;
        let pattern = c_string(pattern);
        Matcher { lua, subject, pattern, captures: Vec::new(), steps, depth: 0 }
    }

    /// The first match at or after `start`.
    pub(super) fn search(mut self, start: usize, is_anchored: bool) -> Result<Option<Match>> {
        let mut found = None;
        for begin in start..=self.subject.len() {
            self.captures.clear();
            self.depth = 0;
            found = self.go(begin, 0)?.map(|end| (begin, end));
            if found.is_some() || is_anchored {
                break;
            }
        }
        self.lua.spend(self.steps)?;
        Ok(found.map(|(begin, end)| Match { begin, end, captures: self.captures }))
    }

    #[inline]
    fn spend(&mut self, steps: usize) -> Result<()> {
        self.steps += steps as u64;
        if self.steps < STEPS {
            return Ok(());
        }
        self.lua.spend(std::mem::take(&mut self.steps))
    }

    #[cold]
    fn fault(&mut self, problem: &str) -> Error {
        self.lua.throw(problem)
    }

    /// Matches the pattern from `p` on with the subject from `s` on.
    fn go(&mut self, s: usize, p: usize) -> Outcome {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.fault("pattern too complex"));
        }
        let end = self.go_on(s, p);
        self.depth -= 1;
        end
    }

    fn go_on(&mut self, mut s: usize, mut p: usize) -> Outcome {
        loop {
            self.spend(1)?;
            let Some(byte) = self.pattern.get(p) else {
                return Ok(Some(s));
            };
            match (byte, self.pattern.get(p + 1)) {
                (b'(', Some(b')')) => return self.open(Capture::Position(s + 1), s, p + 2),
                (b'(', _) => return self.open(Capture::Open { start: s }, s, p + 1),
                (b')', _) => return self.close(s, p + 1),
                (b'$', None) => return Ok((s == self.subject.len()).then_some(s)),
                (b'%', Some(b'b')) => match self.balanced(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                (b'%', Some(b'f')) => match self.frontier(s, p + 2)? {
                    Some(end) => p = end,
                    None => return Ok(None),
                },
                (b'%', Some(digit @ b'0'..=b'9')) => match self.repeated(s, *digit)? {
                    Some(end) => (s, p) = (end, p + 2),
                    None => return Ok(None),
                },
                _ => {
                    let end = self.item_end(p)?;
                    match self.pattern.get(end) {
                        Some(b'?') => {
                            if self.matches_one(s, p, end)?
                                && let Some(end) = self.go(s + 1, end + 1)?
                            {
                                return Ok(Some(end));
                            }
                            p = end + 1;
                        }
                        Some(b'*') => return self.longest(s, p, end),
                        Some(b'+') if self.matches_one(s, p, end)? => {
                            return self.longest(s + 1, p, end);
                        }
                        Some(b'+') => return Ok(None),
                        Some(b'-') => return self.shortest(s, p, end),
                        _ if self.matches_one(s, p, end)? => (s, p) = (s + 1, end),
                        _ => return Ok(None),
                    }
                }
            }
        }
    }

    fn longest(&mut self, s: usize, p: usize, end: usize) -> Outcome {
        let mut count = 0;
        while self.matches_one(s + count, p, end)? {
            count += 1;
        }
        loop {
            if let Some(end) = self.go(s + count, end + 1)? {
                return Ok(Some(end));
            }
            if count == 0 {
                return Ok(None);
            }
            count -= 1;
        }
    }

    fn shortest(&mut self, mut s: usize, p: usize, end: usize) -> Outcome {
        loop {
            if let Some(end) = self.go(s, end + 1)? {
                return Ok(Some(end));
            }
            if !self.matches_one(s, p, end)? {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn open(&mut self, capture: Capture, s: usize, p: usize) -> Outcome {
        if self.captures.len() == CAPTURES_MAX {
            return Err(self.fault("too many captures"));
        }
        let level = self.captures.len();
        self.captures.push(capture);
        let end = self.go(s, p)?;
        if end.is_none() {
            self.captures.truncate(level);
        }
        Ok(end)
    }

    fn close(&mut self, s: usize, p: usize) -> Outcome {
        let is_open = |capture: &Capture| matches!(capture, Capture::Open { .. });
        let Some(index) = self.captures.iter().rposition(is_open) else {
            return Err(self.fault("invalid pattern capture"));
        };
        let opened = self.captures[index];
        if let Capture::Open { start } = opened {
            self.captures[index] = Capture::Text { start, end: s };
        }
        let end = self.go(s, p)?;
        if end.is_none() {
            self.captures[index] = opened;
        }
        Ok(end)
    }

    /// `%b()`: the two bytes are at `p`.
    fn balanced(&mut self, s: usize, p: usize) -> Outcome {
        let (Some(&open), Some(&close)) = (self.pattern.get(p), self.pattern.get(p + 1)) else {
            return Err(self.fault("unbalanced pattern"));
        };
        if self.subject.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut nesting = 1_usize;
        for (offset, byte) in self.subject[s + 1..].iter().enumerate() {
            if *byte == close {
                nesting -= 1;
                if nesting == 0 {
                    self.spend(offset)?;
                    return Ok(Some(s + offset + 2));
                }
            } else if *byte == open {
                nesting += 1;
            }
        }
        self.spend(self.subject.len() - s)?;
        Ok(None)
    }

    /// `%f[set]`: the set is at `p`. Returns where the pattern continues, or `None` if there is no
    /// frontier.
    fn frontier(&mut self, s: usize, p: usize) -> Outcome {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(self.fault("missing '[' after '%f' in pattern"));
        }
        let end = self.item_end(p)?;
        let before = s.checked_sub(1).map_or(0, |before| self.subject[before]);
        let after = self.subject.get(s).copied().unwrap_or(0);
        let set = &self.pattern[p + 1..end - 1];
        Ok((!in_set(before, set) && in_set(after, set)).then_some(end))
    }

    /// `%1`: the text of the capture again.
    fn repeated(&mut self, s: usize, digit: u8) -> Outcome {
        let index = usize::from(digit).checked_sub(usize::from(b'1'));
        match index.and_then(|index| self.captures.get(index)) {
            Some(Capture::Text { start, end }) => {
                let text = &self.subject[*start..*end];
                let end = s + text.len();
                let same = self.subject.get(s..end) == Some(text);
                self.spend(text.len() / 16)?;
                Ok(same.then_some(end))
            }
            // In C, a position capture has a length that no text has.
            Some(Capture::Position(_)) => Ok(None),
            _ => Err(self.fault("invalid capture index")),
        }
    }

    /// The end of the item that begins at `p`: a byte, a class or a set.
    fn item_end(&mut self, p: usize) -> Result<usize> {
        match self.pattern[p] {
            b'%' if p + 1 == self.pattern.len() => {
                Err(self.fault("malformed pattern (ends with '%')"))
            }
            b'%' => Ok(p + 2),
            b'[' => {
                let mut at = p + 1;
                if self.pattern.get(at) == Some(&b'^') {
                    at += 1;
                }
                loop {
                    match self.pattern.get(at) {
                        None => {
                            self.spend((at - p) / 4)?;
                            return Err(self.fault("malformed pattern (missing ']')"));
                        }
                        Some(b'%') if at + 1 < self.pattern.len() => at += 2,
                        Some(_) => at += 1,
                    }
                    if self.pattern.get(at) == Some(&b']') {
                        self.spend((at - p) / 4)?;
                        return Ok(at + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    /// Whether there is a byte at `s` that the item from `p` to `end` matches.
    fn matches_one(&mut self, s: usize, p: usize, end: usize) -> Result<bool> {
        self.spend(1 + (end - p) / 8)?;
        let Some(&byte) = self.subject.get(s) else {
            return Ok(false);
        };
        Ok(match self.pattern[p] {
            b'.' => true,
            b'%' => in_class(byte, self.pattern[p + 1]),
            b'[' => in_set(byte, &self.pattern[p + 1..end - 1]),
            literal => literal == byte,
        })
    }
}

/// The pattern without a leading `^`, and whether it had one.
pub(super) fn anchor(pattern: &[u8]) -> (&[u8], bool) {
    pattern.strip_prefix(b"^").map_or((pattern, false), |rest| (rest, true))
}

/// Whether a pattern has special characters.
pub(super) fn has_specials(pattern: &[u8]) -> bool {
    c_string(pattern).iter().any(|byte| b"^$*+?.([%-".contains(byte))
}

/// Whether the byte is in a set, given without its brackets.
fn in_set(byte: u8, set: &[u8]) -> bool {
    let (mut rest, wanted) = match set {
        [b'^', rest @ ..] => (rest, false),
        _ => (set, true),
    };
    loop {
        let found;
        (found, rest) = match rest {
            [] => return !wanted,
            [b'%', class, rest @ ..] => (in_class(byte, *class), rest),
            [low, b'-', high, rest @ ..] => ((*low..=*high).contains(&byte), rest),
            [literal, rest @ ..] => (*literal == byte, rest),
        };
        if found {
            return wanted;
        }
    }
}

/// Whether the byte is in the class of that letter. A capital letter means the complement.
fn in_class(byte: u8, class: u8) -> bool {
    let inside = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | b'\t'..=b'\r'),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    inside != class.is_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::End;

    fn search(subject: &[u8], pattern: &[u8]) -> Result<Option<Match>> {
        let mut lua = Lua::new(1 << 20);
        lua.begin(1_000_000);
        let (pattern, is_anchored) = anchor(pattern);
        Matcher::new(&mut lua, subject, pattern).search(0, is_anchored)
    }

    fn fault(subject: &[u8], pattern: &[u8]) -> String {
        let mut lua = Lua::new(1 << 20);
        lua.begin(1_000_000);
        match Matcher::new(&mut lua, subject, pattern).search(0, false) {
            Err(Error::Thrown(message)) => {
                let message = lua.to_bytes(message).unwrap_or_default();
                String::from_utf8_lossy(&message).into_owned()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pattern_that_would_take_for_ever_uses_up_the_budget() {
        let subject = vec![b'a'; 30_000];
        let pattern = [&b"a*".repeat(30)[..], b"b"].concat();
        assert_eq!(search(&subject, &pattern), Err(End::OutOfInstructions.into()));
    }

    #[test]
    fn matches_are_where_lua_finds_them() {
        let cases = [
            ("hello", "l+", Some((2, 4))),
            ("hello", "^l+", None),
            ("hello", "l-o", Some((2, 5))),
            ("hello", "xx?", None),
            ("hello", "", Some((0, 0))),
            ("hello", "$", Some((5, 5))),
            ("a(b(c)d)e", "%b()", Some((1, 8))),
            ("THE (quick) fox", "%f[%a]%a+", Some((0, 3))),
            ("THE (quick) fox", "%f[%l]%a+%f[%A]", Some((5, 10))),
            ("abcabc", "(abc)%1", Some((0, 6))),
            ("x]y", "[]]", Some((1, 2))),
            ("x^y", "[x^]+", Some((0, 2))),
            ("a-z", "[a%-z]+", Some((0, 3))),
            ("ab\0cd", "b\0xyz", Some((1, 2))),
        ];
        for (subject, pattern, expected) in cases {
            let found = search(subject.as_bytes(), pattern.as_bytes()).unwrap();
            let place = found.map(|found| (found.begin, found.end));
            assert_eq!(place, expected, "{subject} {pattern}");
        }
    }

    #[test]
    fn an_invalid_pattern_raises_the_error_of_lua() {
        let cases = [
            ("[a", "malformed pattern (missing ']')"),
            ("a%", "malformed pattern (ends with '%')"),
            ("%b", "unbalanced pattern"),
            ("%fa", "missing '[' after '%f' in pattern"),
            ("a)", "invalid pattern capture"),
            ("(a%1)", "invalid capture index"),
            ("%0", "invalid capture index"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(fault(b"aaa", pattern.as_bytes()), expected, "{pattern}");
        }
        assert_eq!(fault(b"", &b"()".repeat(33)), "too many captures");
    }

    #[test]
    fn repetitions_may_not_nest_too_deep() {
        assert_eq!(fault(&[b'a'; 1_000], &b"a?".repeat(1_000)), "pattern too complex");
    }
}
