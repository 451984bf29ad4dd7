//! A program as the macros see it: its signature, and its statements taken out of its body.

use proc_macro2::{Ident, Span};
use syn::{Attribute, Block, Expr, Generics, LitStr, Pat, Path, Type, Visibility};

/// A function marked `#[model]` or `#[guide]`.
pub struct Program {
    pub role: Role,
    pub attributes: Vec<Attribute>,
    pub visibility: Visibility,
    pub name: Ident,
    pub generics: Generics,
    pub arguments: Vec<Argument>,
    /// The return type; absent for `()`.
    pub output: Option<Type>,
    /// The body, with a placeholder for each statement (see [`crate::rewrite`]).
    pub body: Block,
    pub statements: Vec<Statement>,
    /// Names of sites whose statement could not be parsed, so that the guide's pairing still finds them.
    pub rescued: Vec<LitStr>,
    /// A site has a name that could not be read.
    pub lost_site: bool,
    /// It takes `self`: nothing but the errors can be emitted inside an `impl`.
    pub is_method: bool,
}

/// What the attribute says.
pub enum Role {
    Model,
    Guide { model: Option<Path>, auxiliary: Vec<LitStr> },
}

impl Role {
    pub fn is_guide(&self) -> bool {
        matches!(self, Role::Guide { .. })
    }
}

/// One argument of the function.
pub struct Argument {
    pub attributes: Vec<Attribute>,
    pub pattern: Pat,
    pub ty: Type,
    pub form: Form,
}

/// How an argument is kept by the bound program, and how the body sees it.
pub enum Form {
    /// `T`: kept, and cloned for each run.
    Owned,
    /// `&T`: cloned at binding.
    Reference(Type),
    /// `&[T]`: kept as `Vec<T>`.
    Slice(Type),
    /// `&str`: kept as `String`.
    Str,
    /// Not possible; the mistake is noted.
    Refused,
}

/// One statement of the language.
pub struct Statement {
    /// Where the user wrote `sample!`.
    pub span: Span,
    pub attributes: Vec<Attribute>,
    /// Absent for `device!`.
    pub name: Option<Name>,
    pub kind: Kind,
    pub place: Place,
}

/// What a statement does, with its operands.
pub enum Kind {
    Sample { dist: Expr, strategy: Option<Expr> },
    Observe { dist: Expr, value: Expr, mask: Option<Expr> },
    Param { init: Expr, support: Option<Expr> },
    Module { init: Expr },
    Plate { size: Expr, subsample: Option<Expr>, index: Option<Pat>, body: Expr },
    Deterministic { value: Expr },
    Factor { log_weight: Expr },
    Submodel { program: Expr },
    Device,
}

impl Kind {
    /// The operands, in the order of evaluation.
    pub fn operands_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Kind::Sample { dist, strategy } => [dist].into_iter().chain(strategy).collect(),
            Kind::Observe { dist, value, mask } => [dist, value].into_iter().chain(mask).collect(),
            Kind::Param { init, support } => support.iter_mut().chain([init]).collect(),
            Kind::Module { init } => vec![init],
            Kind::Plate { size, subsample, body, .. } => [size].into_iter().chain(subsample).chain([body]).collect(),
            Kind::Deterministic { value } => vec![value],
            Kind::Factor { log_weight } => vec![log_weight],
            Kind::Submodel { program } => vec![program],
            Kind::Device => Vec::new(),
        }
    }
}

/// `"x"`, or `"x"[index]`.
pub struct Name {
    pub literal: LitStr,
    pub index: Option<Expr>,
}

impl Name {
    pub fn text(&self) -> String {
        self.literal.value()
    }
}

/// Where in the control flow a statement stands.
#[derive(Clone, Default)]
pub struct Place {
    pub in_loop: bool,
    /// (`if` or `match`, arm) from the outside in.
    pub arms: Vec<(usize, usize)>,
}

impl Place {
    /// Whether at most one of the two can be reached: they stand in different arms of one `if` or `match`.
    pub fn excludes(&self, other: &Place) -> bool {
        self.arms.iter().any(|(branch, arm)| other.arms.iter().any(|(b, a)| branch == b && arm != a))
    }
}
