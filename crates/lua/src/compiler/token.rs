//! The words of the language.

use std::borrow::Cow;

use crate::value::StringRef;

/// A token, with its value if it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    /// A token of one byte, also one that means nothing in Lua.
    Char(u8),
    And,
    Break,
    Do,
    Else,
    ElseIf,
    End,
    False,
    For,
    Function,
    If,
    In,
    Local,
    Nil,
    Not,
    Or,
    Repeat,
    Return,
    Then,
    True,
    Until,
    While,
    Concat,
    Dots,
    Equal,
    GreaterOrEqual,
    LessOrEqual,
    NotEqual,
    Number(f64),
    Name(StringRef),
    String(StringRef),
    EndOfText,
}

impl Token {
    /// The reserved word with these letters.
    pub(super) fn reserved(word: &[u8]) -> Option<Token> {
        Some(match word {
            b"and" => Token::And,
            b"break" => Token::Break,
            b"do" => Token::Do,
            b"else" => Token::Else,
            b"elseif" => Token::ElseIf,
            b"end" => Token::End,
            b"false" => Token::False,
            b"for" => Token::For,
            b"function" => Token::Function,
            b"if" => Token::If,
            b"in" => Token::In,
            b"local" => Token::Local,
            b"nil" => Token::Nil,
            b"not" => Token::Not,
            b"or" => Token::Or,
            b"repeat" => Token::Repeat,
            b"return" => Token::Return,
            b"then" => Token::Then,
            b"true" => Token::True,
            b"until" => Token::Until,
            b"while" => Token::While,
            _ => return None,
        })
    }

    /// How messages name the kind of token.
    pub(super) fn describe(self) -> Cow<'static, [u8]> {
        let text: &'static str = match self {
            Token::Char(byte) if byte.is_ascii_control() => {
                return Cow::Owned(format!("char({byte})").into_bytes());
            }
            Token::Char(byte) => return Cow::Owned(vec![byte]),
            Token::And => "and",
            Token::Break => "break",
            Token::Do => "do",
            Token::Else => "else",
            Token::ElseIf => "elseif",
            Token::End => "end",
            Token::False => "false",
            Token::For => "for",
            Token::Function => "function",
            Token::If => "if",
            Token::In => "in",
            Token::Local => "local",
            Token::Nil => "nil",
            Token::Not => "not",
            Token::Or => "or",
            Token::Repeat => "repeat",
            Token::Return => "return",
            Token::Then => "then",
            Token::True => "true",
            Token::Until => "until",
            Token::While => "while",
            Token::Concat => "..",
            Token::Dots => "...",
            Token::Equal => "==",
            Token::GreaterOrEqual => ">=",
            Token::LessOrEqual => "<=",
            Token::NotEqual => "~=",
            Token::Number(_) => "<number>",
            Token::Name(_) => "<name>",
            Token::String(_) => "<string>",
            Token::EndOfText => "<eof>",
        };
        Cow::Borrowed(text.as_bytes())
    }

    /// Whether a block ends before this token.
    pub(super) const fn ends_block(self) -> bool {
        matches!(self, Token::Else | Token::ElseIf | Token::End | Token::Until | Token::EndOfText)
    }
}
