//! Expressions whose code is not emitted completely yet.

/// The place of the first jump of a list. All jumps of a list have the same target, which is not
/// known yet. Until then, each jump leads to the next one.
pub(super) type Jumps = Option<u32>;

/// An expression that is being compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    /// Jumps that leave it when it is true.
    pub(super) true_jumps: Jumps,
    /// Jumps that leave it when it is false.
    pub(super) false_jumps: Jumps,
}

/// Where the value of an expression is, or which instruction makes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// The expression has no value.
    Void,
    Nil,
    True,
    False,
    /// The constant with this number.
    Constant(u32),
    Number(f64),
    /// A local variable in this register.
    Local(u32),
    Upvalue(u32),
    /// The global variable whose name is the constant with this number.
    Global(u32),
    /// An element of the table in a register.
    Indexed {
        table: u32,
        /// The register or constant.
        key: u32,
    },
    /// The outcome of the comparison before this jump.
    Jump(u32),
    /// The result of this instruction, whose register is not chosen yet.
    Relocatable(u32),
    /// It is in this register.
    Register(u32),
    /// The call at this place.
    Call(u32),
    /// The `VarArg` at this place.
    VarArg(u32),
}

impl Expression {
    pub(super) const fn new(kind: Kind) -> Expression {
        Expression { kind, true_jumps: None, false_jumps: None }
    }

    pub(super) fn has_jumps(&self) -> bool {
        self.true_jumps != self.false_jumps
    }

    /// The number that the expression is, if constant folding may use it.
    pub(super) const fn numeral(&self) -> Option<f64> {
        match (self.kind, self.true_jumps, self.false_jumps) {
            (Kind::Number(number), None, None) => Some(number),
            _ => None,
        }
    }

    /// Whether it can have any number of values.
    pub(super) const fn has_many_values(&self) -> bool {
        matches!(self.kind, Kind::Call(_) | Kind::VarArg(_))
    }

    /// Whether a statement can assign to it.
    pub(super) const fn is_variable(&self) -> bool {
        matches!(
            self.kind,
            Kind::Local(_) | Kind::Upvalue(_) | Kind::Global(_) | Kind::Indexed { .. }
        )
    }
}
