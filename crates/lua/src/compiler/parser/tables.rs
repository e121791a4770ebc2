//! Table constructors.

use super::super::code::Count;
use super::super::expression::{Expression, Kind};
use super::{Compiler, Result, Token};
use crate::opcode::{FIELDS_PER_FLUSH, Instruction, Op};

/// The state of a table constructor.
struct Constructor {
    /// The register of the table.
    table: u32,
    /// The last element, if it is not in a register yet.
    element: Expression,
    fields: u32,
    elements: u32,
    /// How many elements are in registers and not stored yet.
    waiting: u32,
}

impl Compiler<'_> {
    /// `{a, b; name = c, [key] = d}`
    pub(super) fn table(&mut self) -> Result<Expression> {
        let line = self.lexer.line;
        let place = self.emit(Instruction::abc(Op::NewTable, 0, 0, 0))?;
        let mut table = Expression::new(Kind::Relocatable(place));
        self.put_in_next_register(&mut table)?;
        let mut constructor = Constructor {
            table: self.at(place).a(),
            element: Expression::new(Kind::Void),
            fields: 0,
            elements: 0,
            waiting: 0,
        };
        self.expect(Token::Char(b'{'))?;
        while self.token() != Token::Char(b'}') {
            self.close_element(&mut constructor)?;
            match self.token() {
                Token::Char(b'[') => self.record(&mut constructor)?,
                Token::Name(_) if self.lexer.look_ahead()? == Token::Char(b'=') => {
                    self.record(&mut constructor)?;
                }
                _ => {
                    constructor.element = self.expression()?;
                    constructor.elements += 1;
                    constructor.waiting += 1;
                }
            }
            if !(self.skip_if(Token::Char(b','))? || self.skip_if(Token::Char(b';'))?) {
                break;
            }
        }
        self.expect_closing(Token::Char(b'}'), Token::Char(b'{'), line)?;
        self.close_last_element(&mut constructor)?;
        let instruction = self.at(place);
        instruction.set_b(rounded_size(constructor.elements));
        instruction.set_c(rounded_size(constructor.fields));
        Ok(table)
    }

    /// `name = value` or `[key] = value`
    fn record(&mut self, constructor: &mut Constructor) -> Result<()> {
        let register = self.function().free_register;
        let mut key = match self.token() {
            Token::Name(_) => self.name_constant()?,
            _ => self.bracketed()?,
        };
        constructor.fields += 1;
        self.expect(Token::Char(b'='))?;
        let key = self.make_operand(&mut key)?;
        let mut value = self.expression()?;
        let value = self.make_operand(&mut value)?;
        self.emit(Instruction::abc(Op::SetTable, constructor.table, key, value))?;
        self.function().free_register = register;
        Ok(())
    }

    /// Closes the last element, because another item follows.
    fn close_element(&mut self, constructor: &mut Constructor) -> Result<()> {
        if constructor.element.kind == Kind::Void {
            return Ok(());
        }
        self.put_in_next_register(&mut constructor.element)?;
        constructor.element.kind = Kind::Void;
        if constructor.waiting == FIELDS_PER_FLUSH {
            let count = Count::Exactly(constructor.waiting);
            self.emit_set_list(constructor.table, constructor.elements, count)?;
            constructor.waiting = 0;
        }
        Ok(())
    }

    /// Stores the remaining elements at the end of the constructor.
    fn close_last_element(&mut self, constructor: &mut Constructor) -> Result<()> {
        if constructor.waiting == 0 {
            return Ok(());
        }
        if constructor.element.has_many_values() {
            self.set_returns(&constructor.element, Count::All)?;
            self.emit_set_list(constructor.table, constructor.elements, Count::All)?;
            // The number of its values is not known.
            constructor.elements -= 1;
            return Ok(());
        }
        if constructor.element.kind != Kind::Void {
            self.put_in_next_register(&mut constructor.element)?;
        }
        let count = Count::Exactly(constructor.waiting);
        self.emit_set_list(constructor.table, constructor.elements, count)
    }
}

/// A size as `NewTable` encodes it: `xxx` for a size below 8, and `eeeeexxx` for
/// `1xxx << (eeeee - 1)`, rounded up.
fn rounded_size(mut size: u32) -> u32 {
    let mut exponent = 0;
    while size >= 16 {
        size = (size + 1) >> 1;
        exponent += 1;
    }
    if size < 8 { size } else { ((exponent + 1) << 3) | (size - 8) }
}
