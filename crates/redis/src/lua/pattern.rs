//! Lua's patterns, matched in a bounded number of steps.
//!
//! A pattern with several repetitions can take time that grows with a power of the subject's
//! length, in one instruction of Lua. So patterns are matched here and not in C: each step counts.
//! What matches is what Lua 5.1 says, of which one thing is easily forgotten: a zero byte ends the
//! pattern.

/// How deep repetitions and captures may follow each other.
const DEPTH_MAX: u32 = 200;
const CAPTURES_MAX: usize = 32;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The pattern is wrong, in the words of Lua.
    Pattern(&'static str),
    /// There are no steps left.
    OutOfSteps,
}

/// A part of the subject that is in parentheses in the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    Open { start: usize },
    Text { start: usize, end: usize },
    Position(usize),
}

/// One attempt after the other to match a pattern.
pub(super) struct Matcher<'a> {
    subject: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<Capture>,
    steps: u64,
    depth: u32,
}

type Outcome = Result<Option<usize>, Fault>;

impl<'a> Matcher<'a> {
    /// `pattern` is without the anchor.
    pub(super) fn new(subject: &'a [u8], pattern: &'a [u8], steps: u64) -> Matcher<'a> {
        let end = pattern.iter().position(|byte| *byte == 0).unwrap_or(pattern.len());
        Matcher { subject, pattern: &pattern[..end], captures: Vec::new(), steps, depth: 0 }
    }

    /// The steps that are left.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    /// Where a match that begins at `start` ends.
    pub(super) fn match_at(&mut self, start: usize) -> Outcome {
        self.captures.clear();
        self.depth = 0;
        self.go(start, 0)
    }

    /// The first match at `start` or behind it: where it begins and where it ends.
    pub(super) fn search(
        &mut self,
        start: usize,
        anchored: bool,
    ) -> Result<Option<(usize, usize)>, Fault> {
        for begin in start..=self.subject.len() {
            if let Some(end) = self.match_at(begin)? {
                return Ok(Some((begin, end)));
            }
            if anchored {
                break;
            }
        }
        Ok(None)
    }

    /// The captures of the last match, of which there is at least one: the whole match if the
    /// pattern has none.
    pub(super) fn captures(&self, begin: usize, end: usize) -> Result<Vec<Capture>, Fault> {
        self.own_captures().map(|_| self.unchecked_captures(begin, end))
    }

    /// As [`Matcher::captures`], some of which may not have been closed.
    pub(super) fn unchecked_captures(&self, begin: usize, end: usize) -> Vec<Capture> {
        match &self.captures[..] {
            [] => vec![Capture::Text { start: begin, end }],
            captures => captures.to_vec(),
        }
    }

    /// The captures of the last match.
    pub(super) fn own_captures(&self) -> Result<Vec<Capture>, Fault> {
        if self.captures.iter().any(|capture| matches!(capture, Capture::Open { .. })) {
            return Err(Fault::Pattern("unfinished capture"));
        }
        Ok(self.captures.clone())
    }

    fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        self.steps = self.steps.checked_sub(steps as u64).ok_or(Fault::OutOfSteps)?;
        Ok(())
    }

    /// Matches the pattern from `p` on with the subject from `s` on.
    fn go(&mut self, s: usize, p: usize) -> Outcome {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::Pattern("pattern too complex"));
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
            return Err(Fault::Pattern("too many captures"));
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
        let index = self
            .captures
            .iter()
            .rposition(is_open)
            .ok_or(Fault::Pattern("invalid pattern capture"))?;
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
            return Err(Fault::Pattern("unbalanced pattern"));
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

    /// `%f[set]`: the set is at `p`. Where the pattern goes on, if that is where it changes.
    fn frontier(&mut self, s: usize, p: usize) -> Outcome {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(Fault::Pattern("missing '[' after '%f' in pattern"));
        }
        let end = self.item_end(p)?;
        let before = s.checked_sub(1).map_or(0, |before| self.subject[before]);
        let after = self.subject.get(s).copied().unwrap_or(0);
        let set = &self.pattern[p + 1..end - 1];
        Ok((!in_set(before, set) && in_set(after, set)).then_some(end))
    }

    /// `%1`: what the capture holds, once more.
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
            // A position is a capture without a length that anything could have.
            Some(Capture::Position(_)) => Ok(None),
            _ => Err(Fault::Pattern("invalid capture index")),
        }
    }

    /// Where the item that begins at `p` ends: a byte, a class or a set.
    fn item_end(&self, p: usize) -> Result<usize, Fault> {
        match self.pattern[p] {
            b'%' if p + 1 == self.pattern.len() => {
                Err(Fault::Pattern("malformed pattern (ends with '%')"))
            }
            b'%' => Ok(p + 2),
            b'[' => {
                let mut at = p + 1;
                if self.pattern.get(at) == Some(&b'^') {
                    at += 1;
                }
                loop {
                    match self.pattern.get(at) {
                        None => return Err(Fault::Pattern("malformed pattern (missing ']')")),
                        Some(b'%') if at + 1 < self.pattern.len() => at += 2,
                        Some(_) => at += 1,
                    }
                    if self.pattern.get(at) == Some(&b']') {
                        return Ok(at + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    /// Whether the byte at `s`, if there is one, is one of the item from `p` to `end`.
    fn matches_one(&mut self, s: usize, p: usize, end: usize) -> Result<bool, Fault> {
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

/// How many choices a match has to make that can each go as many ways as the subject is long: its
/// repetitions, and where it begins if it is not anchored. `None` for a pattern that is wrong, or
/// of which that says too little.
pub(super) fn choices(pattern: &[u8]) -> Option<usize> {
    let (pattern, mut choices) = pattern.strip_prefix(b"^").map_or((pattern, 1), |rest| (rest, 0));
    if pattern.contains(&0) {
        return None;
    }
    let matcher = Matcher::new(b"", pattern, 0);
    let (mut at, mut captures, mut open) = (0, 0, 0_usize);
    while let Some(byte) = pattern.get(at) {
        match (byte, pattern.get(at + 1)) {
            (b'(', next) => {
                captures += 1;
                let is_position = next == Some(&b')');
                open += usize::from(!is_position);
                at += 1 + usize::from(is_position);
            }
            (b')', _) => {
                open = open.checked_sub(1)?;
                at += 1;
            }
            (b'%', Some(b'b' | b'f' | b'0'..=b'9')) => return None,
            (b'$', None) => at += 1,
            _ => {
                at = matcher.item_end(at).ok()?;
                if matches!(pattern.get(at), Some(b'*' | b'+' | b'-' | b'?')) {
                    choices += 1;
                    at += 1;
                }
            }
        }
    }
    (open == 0 && captures <= CAPTURES_MAX).then_some(choices)
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

/// Whether the byte is in the class of that letter; in capitals, whether it is not.
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

    #[test]
    fn a_pattern_that_would_take_for_ever_runs_out_of_steps() {
        let subject = vec![b'a'; 30_000];
        let pattern = [&b"a*".repeat(30)[..], b"b"].concat();
        let mut matcher = Matcher::new(&subject, &pattern, 1_000_000);
        assert_eq!(matcher.search(0, false), Err(Fault::OutOfSteps));
    }

    #[test]
    fn choices_are_counted_in_what_is_a_pattern() {
        for (pattern, expected) in [
            ("^(%d+),(%d+),(%d+)$", Some(3)),
            ("a", Some(1)),
            ("^a?[b*]-()", Some(2)),
            ("%bxy", None),
            ("(a", None),
            ("a)", None),
            ("[a", None),
            ("a%", None),
        ] {
            assert_eq!(choices(pattern.as_bytes()), expected, "{pattern}");
        }
    }

    #[test]
    fn repetitions_may_not_nest_too_deep() {
        let pattern = b"a?".repeat(1_000);
        let subject = vec![b'a'; 1_000];
        let mut matcher = Matcher::new(&subject, &pattern, 1_000_000);
        assert_eq!(matcher.match_at(0), Err(Fault::Pattern("pattern too complex")));
    }
}
