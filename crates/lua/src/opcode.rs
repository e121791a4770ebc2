//! The instructions of the machine: those of Lua 5.1, in its own encoding.
//!
//! An instruction has 32 bits: 6 for the operation, 8 for `A`, and 9 each for `C` and `B`, or 18
//! for both together, as `Bx` or, with a sign, `sBx`. `R(x)` below is register `x`; `RK(x)` is
//! register `x` or, from [`CONSTANT_BIT`] on, a constant.

/// Set in an operand that is the number of a constant.
pub(crate) const CONSTANT_BIT: u32 = 1 << 8;
/// The highest constant that fits in an operand.
pub(crate) const CONSTANT_MAX: u32 = CONSTANT_BIT - 1;
/// The largest `Bx`.
pub(crate) const BX_MAX: u32 = (1 << 18) - 1;
/// `sBx` is `Bx` minus this.
pub(crate) const SBX_OFFSET: i32 = (BX_MAX >> 1) as i32;
/// The largest `A`.
pub(crate) const A_MAX: u32 = (1 << 8) - 1;
/// The largest `C`.
pub(crate) const C_MAX: u32 = (1 << 9) - 1;
/// An operand that names no register.
pub(crate) const NO_REGISTER: u32 = A_MAX;
/// How many elements one `SetList` stores.
pub(crate) const FIELDS_PER_FLUSH: u32 = 50;

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Op {
    /// `R(A) := R(B)`
    Move,
    /// `R(A) := K(Bx)`
    LoadK,
    /// `R(A) := (Bool) B; if C then pc++`
    LoadBool,
    /// `R(A) := ... := R(B) := nil`
    LoadNil,
    /// `R(A) := UpValue[B]`
    GetUpvalue,
    /// `R(A) := Globals[K(Bx)]`
    GetGlobal,
    /// `R(A) := R(B)[RK(C)]`
    GetTable,
    /// `Globals[K(Bx)] := R(A)`
    SetGlobal,
    /// `UpValue[B] := R(A)`
    SetUpvalue,
    /// `R(A)[RK(B)] := RK(C)`
    SetTable,
    /// `R(A) := {}`, with room for `B` elements and `C` fields
    NewTable,
    /// `R(A+1) := R(B); R(A) := R(B)[RK(C)]`
    Method,
    /// `R(A) := RK(B) + RK(C)`
    Add,
    /// `R(A) := RK(B) - RK(C)`
    Sub,
    /// `R(A) := RK(B) * RK(C)`
    Mul,
    /// `R(A) := RK(B) / RK(C)`
    Div,
    /// `R(A) := RK(B) % RK(C)`
    Mod,
    /// `R(A) := RK(B) ^ RK(C)`
    Pow,
    /// `R(A) := -R(B)`
    Negate,
    /// `R(A) := not R(B)`
    Not,
    /// `R(A) := length of R(B)`
    Length,
    /// `R(A) := R(B).. ... ..R(C)`
    Concat,
    /// `pc += sBx`
    Jump,
    /// `if (RK(B) == RK(C)) ~= A then pc++`
    Equal,
    /// `if (RK(B) < RK(C)) ~= A then pc++`
    Less,
    /// `if (RK(B) <= RK(C)) ~= A then pc++`
    LessOrEqual,
    /// `if not (R(A) <=> C) then pc++`
    Test,
    /// `if (R(B) <=> C) then R(A) := R(B) else pc++`
    TestSet,
    /// `R(A), ..., R(A+C-2) := R(A)(R(A+1), ..., R(A+B-1))`
    Call,
    /// `return R(A)(R(A+1), ..., R(A+B-1))`
    TailCall,
    /// `return R(A), ..., R(A+B-2)`
    Return,
    /// `R(A) += R(A+2); if R(A) <?= R(A+1) then { pc += sBx; R(A+3) := R(A) }`
    ForLoop,
    /// `R(A) -= R(A+2); pc += sBx`
    ForPrepare,
    /// `R(A+3), ..., R(A+2+C) := R(A)(R(A+1), R(A+2)); if R(A+3) ~= nil then R(A+2) := R(A+3) else
    /// pc++`
    GenericFor,
    /// `R(A)[(C-1)*FIELDS_PER_FLUSH + i] := R(A+i), 1 <= i <= B`
    SetList,
    /// closes all open upvalues from `R(A)` on
    Close,
    /// `R(A) := closure(Prototype[Bx], R(A), ..., R(A+n))`
    Closure,
    /// `R(A), R(A+1), ..., R(A+B-1) := ...`
    VarArg,
}

const OPS: [Op; 64] = {
    use Op::*;
    let all = [
        Move,
        LoadK,
        LoadBool,
        LoadNil,
        GetUpvalue,
        GetGlobal,
        GetTable,
        SetGlobal,
        SetUpvalue,
        SetTable,
        NewTable,
        Method,
        Add,
        Sub,
        Mul,
        Div,
        Mod,
        Pow,
        Negate,
        Not,
        Length,
        Concat,
        Jump,
        Equal,
        Less,
        LessOrEqual,
        Test,
        TestSet,
        Call,
        TailCall,
        Return,
        ForLoop,
        ForPrepare,
        GenericFor,
        SetList,
        Close,
        Closure,
        VarArg,
    ];
    let mut ops = [Return; 64];
    let mut index = 0;
    while index < all.len() {
        assert!(all[index] as usize == index);
        ops[index] = all[index];
        index += 1;
    }
    ops
};

/// One instruction. Its operation decides which operands it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instruction(u32);

impl Instruction {
    /// An instruction with three operands.
    pub(crate) const fn abc(op: Op, a: u32, b: u32, c: u32) -> Instruction {
        Instruction(op as u32 | a << 6 | c << 14 | b << 23)
    }

    /// An instruction with one large operand.
    pub(crate) const fn abx(op: Op, a: u32, bx: u32) -> Instruction {
        Instruction(op as u32 | a << 6 | bx << 14)
    }

    /// An instruction with one large signed operand.
    pub(crate) const fn asbx(op: Op, a: u32, sbx: i32) -> Instruction {
        Instruction::abx(op, a, (sbx + SBX_OFFSET) as u32)
    }

    /// A number in place of an instruction. It holds the block of a `SetList` whose `C` is 0.
    pub(crate) const fn number(number: u32) -> Instruction {
        Instruction(number)
    }

    /// The number after such a `SetList`.
    pub(crate) const fn as_number(self) -> u32 {
        self.0
    }

    #[inline]
    pub(crate) const fn op(self) -> Op {
        OPS[(self.0 & 0x3f) as usize]
    }

    #[inline]
    pub(crate) const fn a(self) -> u32 {
        self.0 >> 6 & 0xff
    }

    #[inline]
    pub(crate) const fn b(self) -> u32 {
        self.0 >> 23
    }

    #[inline]
    pub(crate) const fn c(self) -> u32 {
        self.0 >> 14 & 0x1ff
    }

    #[inline]
    pub(crate) const fn bx(self) -> u32 {
        self.0 >> 14
    }

    #[inline]
    pub(crate) const fn sbx(self) -> i32 {
        self.bx() as i32 - SBX_OFFSET
    }

    pub(crate) const fn set_op(&mut self, op: Op) {
        self.0 = self.0 & !0x3f | op as u32;
    }

    pub(crate) const fn set_a(&mut self, a: u32) {
        self.0 = self.0 & !(0xff << 6) | a << 6;
    }

    pub(crate) const fn set_b(&mut self, b: u32) {
        self.0 = self.0 & !(0x1ff << 23) | b << 23;
    }

    pub(crate) const fn set_c(&mut self, c: u32) {
        self.0 = self.0 & !(0x1ff << 14) | c << 14;
    }

    pub(crate) const fn set_sbx(&mut self, sbx: i32) {
        self.0 = self.0 & 0x3fff | ((sbx + SBX_OFFSET) as u32) << 14;
    }
}

/// Whether an operand is the number of a constant.
#[inline]
pub(crate) const fn is_constant(operand: u32) -> bool {
    operand & CONSTANT_BIT != 0
}

/// The number of the constant that an operand names.
#[inline]
pub(crate) const fn constant_index(operand: u32) -> usize {
    (operand & !CONSTANT_BIT) as usize
}
