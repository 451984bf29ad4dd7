//! Draws of sites by name: a struct with a field a site, and the rank-erased tensors behind it.

use std::collections::BTreeMap;

use burn::tensor::{Bool, Float, Int, Tensor};

use crate::any_tensor::{AnyTensor, MAX_RANK, ValueKind, each_rank};
use crate::error::{Error, Result, list};

/// The draws of a program's latent and deterministic sites; the macros write one such struct a program.
pub trait Latents: Sized {
    /// The literal names of the latent sites, in order of first appearance.
    const NAMES: &'static [&'static str];

    /// Takes each field from `source`.
    ///
    /// # Errors
    /// None of the library's own; the macros pass on what a field reports.
    fn collect(source: &mut DrawsSource) -> Result<Self>;
}

/// For programs without sites of their own.
impl Latents for () {
    const NAMES: &'static [&'static str] = &[];
    fn collect(_: &mut DrawsSource) -> Result<Self> {
        Ok(())
    }
}

/// All draws of all sites, by full name.
#[derive(Clone, Debug, Default)]
pub struct DrawsSource {
    sites: BTreeMap<String, Vec<AnyTensor>>,
    order: Vec<String>,
    total: usize,
}

impl DrawsSource {
    /// Adds the sites of one draw.
    pub(crate) fn push<'a>(&mut self, sites: impl Iterator<Item = &'a super::site::Site>) {
        self.push_values(sites.filter_map(|site| Some((site.name.as_str(), site.value.clone()?))));
    }

    /// Adds one draw.
    pub(crate) fn push_values<'a>(&mut self, values: impl Iterator<Item = (&'a str, AnyTensor)>) {
        for (name, value) in values {
            if !self.sites.contains_key(name) {
                self.order.push(name.to_owned());
            }
            self.sites.entry(name.to_owned()).or_default().push(value.inner());
        }
        self.total += 1;
    }

    /// The names of the sites, in the order of first appearance.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    /// The draws of one site, or of a whole family under its bare name; empty where there is none.
    pub fn take(&mut self, name: &str) -> Draws {
        self.find(name)
    }

    /// The draws of one site, or of a whole family under its bare name.
    ///
    /// # Errors
    /// [`Error::Unknown`] where there is neither.
    pub fn get(&self, name: &str) -> Result<Draws> {
        let draws = self.find(name);
        if draws.members.is_empty() {
            return Err(Error::Unknown { what: "site", name: name.to_owned(), available: list(self.names()) });
        }
        Ok(draws)
    }

    fn find(&self, name: &str) -> Draws {
        let member = |full: &String| (full.clone(), self.sites.get(full).cloned().unwrap_or_default());
        let (members, is_family) = if self.sites.contains_key(name) {
            (vec![member(&name.to_owned())], false)
        } else {
            let in_family = |full: &&String| full.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
            (self.order.iter().filter(in_family).map(member).collect(), true)
        };
        Draws { name: name.to_owned(), members, is_family, total: self.total }
    }
}

/// The draws of one site, or of one family of sites.
#[derive(Clone, Debug)]
pub struct Draws {
    name: String,
    members: Vec<(String, Vec<AnyTensor>)>,
    is_family: bool,
    total: usize,
}

impl Draws {
    /// The site's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of draws.
    pub fn len(&self) -> usize {
        self.total
    }

    /// Whether there is no draw.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The float draws stacked: `[draw, …]`; for a family `[draw, member, …]`.
    ///
    /// # Errors
    /// [`Error::Rank`] where `D` is not one more than the site's rank (two more for a family),
    /// [`Error::PartialDraws`] where the site did not occur in every draw, [`Error::Unknown`] where it never did.
    pub fn tensor<const D: usize>(&self) -> Result<Tensor<D>> {
        self.stacked()?.typed::<D, Float>(&self.name)
    }

    /// The draws of a discrete site, stacked like [`tensor`](Self::tensor).
    ///
    /// # Errors
    /// As [`tensor`](Self::tensor).
    pub fn int<const D: usize>(&self) -> Result<Tensor<D, Int>> {
        self.stacked()?.typed::<D, Int>(&self.name)
    }

    /// All elements in row-major order and the shape `[draw, …]`.
    ///
    /// # Errors
    /// As [`tensor`](Self::tensor), and [`Error::Read`].
    pub fn to_f64(&self) -> Result<(Vec<f64>, Vec<usize>)> {
        let stacked = self.stacked()?;
        Ok((stacked.to_f64()?, stacked.shape()))
    }

    fn stacked(&self) -> Result<AnyTensor> {
        if self.members.is_empty() {
            return Err(Error::Unknown {
                what: "draw of site",
                name: self.name.clone(),
                available: "none: it is observed, conditioned or was never reached".into(),
            });
        }
        for (site, draws) in &self.members {
            if draws.len() != self.total {
                return Err(Error::PartialDraws { site: site.clone(), present: draws.len(), total: self.total });
            }
        }
        let members: Vec<AnyTensor> = self.members.iter().map(|(site, draws)| stack(site, draws)).collect::<Result<_>>()?;
        if self.is_family { join(&self.name, &members) } else { Ok(members[0].clone()) }
    }
}

fn same_shape(name: &str, tensors: &[AnyTensor]) -> Result<Vec<usize>> {
    let shape = tensors[0].shape();
    if let Some(other) = tensors.iter().find(|other| other.shape() != shape) {
        return Err(Error::Shape {
            site: name.to_owned(),
            left_what: "one draw".into(),
            left: shape,
            right_what: "another".into(),
            right: other.shape(),
            hint: "; they cannot be stacked".into(),
        });
    }
    if shape.len() >= MAX_RANK {
        return Err(Error::Unsupported { what: format!("stacking `{name}`"), problem: format!("the rank would exceed {MAX_RANK}") });
    }
    if shape.contains(&0) {
        return Err(Error::Unsupported { what: format!("stacking `{name}`"), problem: format!("its shape {shape:?} has no element") });
    }
    Ok(shape)
}

/// `[draw, …]` from one tensor a draw.
fn stack(name: &str, draws: &[AnyTensor]) -> Result<AnyTensor> {
    let shape = same_shape(name, draws)?;
    cat(name, draws, 0)?.reshaped_checked(&[&[draws.len()], shape.as_slice()].concat())
}

/// `[draw, member, …]` from one `[draw, …]` a member.
fn join(name: &str, members: &[AnyTensor]) -> Result<AnyTensor> {
    let shape = same_shape(name, members)?;
    let with_member = |size: usize| [&shape[..1], &[size], &shape[1..]].concat();
    let lifted: Vec<AnyTensor> = members.iter().map(|member| member.reshaped_checked(&with_member(1))).collect::<Result<_>>()?;
    cat(name, &lifted, 1)
}

fn cat(name: &str, tensors: &[AnyTensor], dim: usize) -> Result<AnyTensor> {
    fn typed<const D: usize, K: ValueKind>(name: &str, tensors: &[AnyTensor], dim: usize) -> Result<AnyTensor> {
        let tensors: Vec<Tensor<D, K>> = tensors.iter().map(|tensor| tensor.typed(name)).collect::<Result<_>>()?;
        Ok(Tensor::cat(tensors, dim).into())
    }
    each_rank!(tensors[0].rank(), D => match tensors[0].kind() {
        burn::tensor::kind::Kind::Float => typed::<D, Float>(name, tensors, dim),
        burn::tensor::kind::Kind::Int => typed::<D, Int>(name, tensors, dim),
        burn::tensor::kind::Kind::Bool => typed::<D, Bool>(name, tensors, dim),
    })
}

impl AnyTensor {
    fn reshaped_checked(&self, shape: &[usize]) -> Result<AnyTensor> {
        if shape.len() > MAX_RANK || shape.iter().product::<usize>() != self.len() {
            return Err(Error::Unsupported { what: "reshape".into(), problem: format!("{:?} to {shape:?}", self.shape()) });
        }
        Ok(self.reshaped(shape))
    }
}
