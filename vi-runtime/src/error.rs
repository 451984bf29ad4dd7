//! The one error type: every variant names the site and both facts.

use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what was expected.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant says what its fields hold")]
#[non_exhaustive]
pub enum Error {
    /// A parameter of a distribution violates its constraint.
    #[error("site `{site}`: parameter `{parameter}` of {distribution} must be {constraint}, but holds {found}")]
    Parameter { site: String, distribution: String, parameter: String, constraint: String, found: String },

    /// An observed or substituted value lies outside the support of its distribution, or is NaN.
    #[error("site `{site}`: the value {found} is outside the support of {distribution}, {support}")]
    Value { site: String, distribution: String, support: String, found: String },

    /// Two shapes at a site do not fit.
    #[error("site `{site}`: {left_what} has shape {left:?}, but {right_what} has shape {right:?}{hint}")]
    Shape { site: String, left_what: String, left: Vec<usize>, right_what: String, right: Vec<usize>, hint: String },

    /// A dimension that belongs to a plate is neither 1 nor the plate's size.
    #[error(
        "site `{site}`: dimension {dim} belongs to plate `{plate}` of size {plate_size}, but the distribution has size {found} there (shape {shape:?})"
    )]
    PlateSize { site: String, plate: String, plate_size: usize, dim: usize, found: usize, shape: Vec<usize> },

    /// A site has fewer batch dimensions than enclosing plates.
    #[error(
        "site `{site}`: the distribution has {batch_rank} batch dimension(s) (shape {shape:?}, of which {event_rank} belong to the event), but it stands in {plates} plate(s) ({plate_names}); event dimensions follow plate dimensions, and a scalar is written `.expand([1{more}])`"
    )]
    PlateRank { site: String, shape: Vec<usize>, batch_rank: usize, event_rank: usize, plates: usize, plate_names: String, more: String },

    /// A plate was asked for with an impossible size or subsample.
    #[error("plate `{plate}`: {problem}")]
    Plate { plate: String, problem: String },

    /// A site has another rank or kind than asked for.
    #[error(
        "`{what}` is a rank-{found_rank} {found_kind} tensor of shape {found_shape:?}, but a rank-{wanted_rank} {wanted_kind} tensor was asked for"
    )]
    Rank {
        what: String,
        found_rank: usize,
        found_kind: &'static str,
        found_shape: Vec<usize>,
        wanted_rank: usize,
        wanted_kind: &'static str,
    },

    /// The same site name was used twice in one run.
    #[error("site `{site}` appears twice in one run of {program}; give each site its own name, or index the family: \"{site}\"[i]")]
    DuplicateSite { site: String, program: String },

    /// The guide lacks a latent site of the model.
    #[error("the model has a latent site `{site}` that the guide does not sample; the guide's sites are {guide_sites}")]
    MissingInGuide { site: String, guide_sites: String },

    /// The guide samples a site that the model does not have as a latent site.
    #[error("the guide samples `{site}`, which is not a latent site of the model ({why}); the model's latent sites are {model_sites}")]
    UnknownInGuide { site: String, why: &'static str, model_sites: String },

    /// Guide and model disagree about the shape of a site.
    #[error("site `{site}`: the guide draws shape {guide:?}, the model expects {model:?}{hint}")]
    GuideShape { site: String, guide: Vec<usize>, model: Vec<usize>, hint: String },

    /// The guide's support is not inside the model's.
    #[error(
        "site `{site}`: the guide's {guide_distribution} has support {guide_support}, which is not inside the model's {model_distribution} with support {model_support}{hint}"
    )]
    Support {
        site: String,
        guide_distribution: String,
        guide_support: String,
        model_distribution: String,
        model_support: String,
        hint: String,
    },

    /// A site cannot be differentiated by the chosen objective.
    #[error("site `{site}`: {distribution} cannot be reparameterised, and the objective differentiates through its draws; {ways_out}")]
    NotReparameterised { site: String, distribution: String, ways_out: String },

    /// An observed value is absent where one is needed.
    #[error("site `{site}` has no observed value; fitting needs one (an absent value is simulated only by the predictive)")]
    MissingObservation { site: String },

    /// A name that does not exist where it was looked up.
    #[error("there is no {what} named `{name}`; there are {available}")]
    Unknown { what: &'static str, name: String, available: String },

    /// A site did not occur in every draw.
    #[error("site `{site}` occurred in {present} of {total} draws; its draws cannot be stacked")]
    PartialDraws { site: String, present: usize, total: usize },

    /// A sum over discrete sites with too many terms.
    #[error("summing over {sites} takes {cost}, more than the limit of {limit} (`Svi::enumeration_limit`){hint}")]
    Enumeration { sites: String, cost: String, limit: u64, hint: String },

    /// A step produced a number that is not finite.
    #[error("step {step}: {what} is {value} at `{site}`; {hint}")]
    NonFinite { step: u64, site: String, what: String, value: f64, hint: String },

    /// A parameter took part in the step but received no gradient.
    #[error(
        "parameter `{name}` was read in step {step} but no gradient reached it; detach nothing between `param!` and the density, or leave the parameter out"
    )]
    MissingGradient { name: String, step: u64 },

    /// A parameter or module changed its shape, support or type between runs.
    #[error("parameter `{name}`: {problem}")]
    Param { name: String, problem: String },

    /// An operation that a support or bijector does not offer.
    #[error("{what}: {problem}")]
    Unsupported { what: String, problem: String },

    /// A setting that cannot be used.
    #[error("{setting}: {problem}")]
    Config { setting: String, problem: String },

    /// A device that was not compiled in, is not present, or cannot do what was asked.
    #[error("device {device}: {problem}")]
    Device { device: String, problem: String },

    /// Reading a tensor back failed.
    #[error("reading `{what}` from its device failed: {source}")]
    Read { what: String, source: Box<dyn std::error::Error + Send + Sync> },

    /// An error of the user's own, passed through a program by `?`.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Wraps an error of another library, for `map_err(Error::other)?` inside a program.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error::Other(error.into())
    }
}

/// The most names that a message lists.
const SHOWN: usize = 10;

/// Lists names for a message: `` `a`, `b` ``, the first ten of them and the number of the others, or "none".
pub(crate) fn list<I: IntoIterator<Item = S>, S: fmt::Display>(names: I) -> String {
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match (shown.is_empty(), names.count()) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{}, … and {more} more", shown.join(", ")),
    }
}
