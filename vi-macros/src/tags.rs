//! Supports that can be read off the source: a distribution whose constructor is written out in the statement.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, Path};

/// The tag in `vi_runtime::support::tag` that a site gets.
#[derive(Clone, Copy)]
pub struct Tag {
    pub name: &'static str,
    /// The constructor, where there is one to point at.
    pub span: Option<Span>,
}

impl Tag {
    /// Known at run time only.
    pub const UNKNOWN: Tag = Tag { name: "Unknown", span: None };
    /// The sites below a submodel's prefix.
    pub const SUBMODEL: Tag = Tag { name: "Submodel", span: None };

    /// What two exclusive arms that share a site have in common.
    pub fn join(self, other: Tag) -> Tag {
        if self.name == other.name { self } else { Tag::UNKNOWN }
    }
}

/// The tag of a distribution's expression.
pub fn tag(dist: &Expr) -> Tag {
    match dist {
        Expr::Paren(inner) => tag(&inner.expr),
        Expr::Group(inner) => tag(&inner.expr),
        Expr::Reference(inner) => tag(&inner.expr),
        // These change shape and weight, not support.
        Expr::MethodCall(call) if call.method == "expand" || call.method == "masked" || call.method == "independent" => tag(&call.receiver),
        Expr::Call(call) => match &*call.func {
            Expr::Path(constructor) if constructor.qself.is_none() => constructed(&constructor.path),
            _ => Tag::UNKNOWN,
        },
        _ => Tag::UNKNOWN,
    }
}

fn constructed(path: &Path) -> Tag {
    let mut segments = path.segments.iter().rev().skip(1);
    let Some(family) = segments.next() else { return Tag::UNKNOWN };
    let name = match family.ident.to_string().as_str() {
        "Normal" | "Cauchy" | "StudentT" | "AsymmetricLaplace" | "Gumbel" | "Laplace" | "JohnsonSU" | "Logistic" | "SkewNormal"
        | "SoftLaplace" => "Real",
        "LogNormal" | "Gamma" | "Exponential" | "HalfNormal" | "HalfCauchy" | "HalfStudentT" | "Chi2" | "FoldedNormal" | "Gompertz"
        | "InverseGamma" | "InverseGaussian" | "LogLogistic" | "Rayleigh" | "Weibull" => "Positive",
        "Beta" | "BetaProportion" | "ContinuousBernoulli" | "Kumaraswamy" | "LogitNormal" | "RelaxedBernoulli" => "UnitInterval",
        "Dirichlet" | "RelaxedOneHotCategorical" | "RelaxedOneHotCategoricalStraightThrough" => "Simplex",
        "MultivariateNormal" | "LowRankMultivariateNormal" | "MultivariateStudentT" | "GaussianRandomWalk" | "AR" | "CAR" => "RealVector",
        "MatrixNormal" | "GaussianStateSpace" => "Real",
        "ZeroSumNormal" => "ZeroSum",
        "Wishart" | "InverseWishart" => "PositiveDefinite",
        "WishartCholesky" => "LowerCholesky",
        "LKJ" => "Correlation",
        "LKJCholesky" => "CorrelationCholesky",
        "Delta" => "Point",
        "VonMises" => "Circular",
        "ProjectedNormal" => "Sphere",
        "Bernoulli" | "OneHotCategorical" | "RelaxedBernoulliStraightThrough" => "Boolean",
        "Geometric" | "NegativeBinomial" | "NegativeBinomial2" | "Poisson" => "NonNegativeInteger",
        _ => return Tag::UNKNOWN,
    };
    Tag { name, span: Some(path.span()) }
}
