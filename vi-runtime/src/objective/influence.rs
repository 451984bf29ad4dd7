//! What depends on a site without a pathwise gradient, element by element.

use burn::tensor::{Float, Tensor};

use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::Result;
use crate::program::{Site, Trace};

/// One site without a pathwise gradient, and the terms of the log weight that depend on its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Influence {
    /// The site.
    pub(crate) site: String,
    /// The terms.
    pub(crate) terms: Vec<Reached>,
}

/// A term that depends on a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Whether it is a site of the guide.
    pub(crate) of_guide: bool,
    /// The site whose log density it is.
    pub(crate) site: String,
    /// For each dimension of the value: the dimension of the term along which element depends on element alone; absent where
    /// elements mix.
    pub(crate) along: Vec<Option<usize>>,
}

/// What the graph of a recorded run says about its sites.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dependencies {
    /// The sites without a pathwise gradient, in the order of the guide.
    pub(crate) scored: Vec<Influence>,
    /// The sites whose divergence from the prior has a closed form that is the same for every draw of the site itself.
    pub(crate) exact: Vec<String>,
}

impl Dependencies {
    /// Where nothing is known but what was run: everything depends on everything.
    pub(crate) fn whole(guide: &Trace, model: &Trace) -> Self {
        let sites = scored(guide).map(|site| {
            let reached = |of_guide: bool| {
                let rank = site.shape().len();
                move |term: &Site| Reached { of_guide, site: term.name.clone(), along: vec![None; rank] }
            };
            let terms = guide.sites().filter(|term| term.log_prob.is_some()).map(reached(true));
            let terms = terms.chain(model.sites().filter(|term| term.log_prob.is_some()).map(reached(false)));
            Influence { site: site.name.clone(), terms: terms.collect() }
        });
        Dependencies { scored: sites.collect(), exact: Vec::new() }
    }
}

/// The latent sites of both programs that have a closed form, with `KL(q ‖ p)` of each, summed.
///
/// Where the two count differently, by a mask or a scale, their difference is no divergence.
pub(crate) fn divergences<'a>(guide: &'a Trace, model: &'a Trace) -> impl Iterator<Item = (&'a Site, AnyTensor)> {
    guide.latents().filter_map(move |site| {
        let other = model.get(&site.name).filter(|other| other.is_latent())?;
        if site.mask.is_some() || other.mask.is_some() || site.scale != other.scale || !site.fresh {
            return None;
        }
        let divergence = site.distribution.as_ref()?.kl_to(&**other.distribution.as_ref()?)?;
        // A density at a draw has the shape of the draw; the divergence of parameters may be smaller.
        let dims = site.log_prob.as_ref()?.shape();
        let whole = if divergence.shape() == dims { divergence } else { expanded(&divergence, &dims)? };
        Some((site, whole.sum().ok()?.mul_scalar(site.scale).into()))
    })
}

fn expanded(small: &AnyTensor, dims: &[usize]) -> Option<AnyTensor> {
    let fits = small.rank() == dims.len() && small.shape().iter().zip(dims).all(|(small, full)| *small == 1 || small == full);
    if !fits {
        return None;
    }
    each_rank!(dims.len(), D => {
        let full: [usize; D] = std::array::from_fn(|i| dims[i]);
        small.typed::<D, Float>("a divergence").ok().map(|small| small.expand(full).into())
    })
}

/// The sites of a guide that have no pathwise gradient.
pub(crate) fn scored(guide: &Trace) -> impl Iterator<Item = &Site> {
    let drawn = guide.latents().filter(|site| site.strategy.is_none());
    drawn.filter(|site| site.distribution.as_ref().is_some_and(|distribution| !distribution.is_reparameterised()))
}

/// `log q` of each element of the site, and the sum of the terms that depend on it; both flat, of one length.
pub(super) fn costs(influence: &Influence, guide: &Trace, model: &Trace) -> Result<(Tensor<1>, Tensor<1>)> {
    let missing = || crate::Error::UnknownInGuide {
        site: influence.site.clone(),
        why: "an earlier run had other sites",
        model_sites: crate::error::list(model.latents().map(|site| &site.name)),
    };
    let score = guide.get(&influence.site).and_then(|site| site.log_prob.clone()).ok_or_else(missing)?;
    let dims = score.shape();
    let mut cost: Option<Tensor<1>> = None;
    for reached in &influence.terms {
        let trace = if reached.of_guide { guide } else { model };
        let Some(site) = trace.get(&reached.site) else { continue };
        let Some(log_prob) = &site.log_prob else { continue };
        let sign = if reached.of_guide { -site.scale } else { site.scale };
        let term = aligned(log_prob, &reached.along, &dims)?.mul_scalar(sign);
        cost = Some(match cost {
            Some(cost) => cost + term,
            None => term,
        });
    }
    let score: Tensor<1> = score.reshaped(&[score.len()]).typed(&influence.site)?;
    let cost = cost.map_or_else(|| score.zeros_like(), crate::special::detach);
    Ok((score, cost))
}

/// A term summed over all dimensions but those in `along`, and repeated to `dims`, flat.
pub(super) fn aligned(term: &AnyTensor, along: &[Option<usize>], dims: &[usize]) -> Result<Tensor<1>> {
    let shape = term.shape();
    let kept: Vec<(usize, usize)> = along.iter().enumerate().filter_map(|(axis, dim)| Some((axis, (*dim)?))).collect();
    let kept: Vec<(usize, usize)> = kept.into_iter().filter(|&(axis, dim)| shape.get(dim) == dims.get(axis)).collect();
    let summed: AnyTensor = each_rank!(shape.len(), D => {
        let term: Tensor<D> = term.typed::<D, Float>("a term")?;
        let summed = (0..D).filter(|dim| !kept.iter().any(|(_, kept)| kept == dim)).fold(term, |term, dim| term.sum_dim(dim));
        let rest = (0..D).filter(|dim| !kept.iter().any(|(_, kept)| kept == dim));
        let order: Vec<usize> = kept.iter().map(|(_, dim)| *dim).chain(rest).collect();
        let order: [isize; D] = std::array::from_fn(|i| order[i] as isize);
        summed.permute(order).into()
    });
    let mut small = vec![1; dims.len()];
    for &(axis, _) in &kept {
        small[axis] = dims[axis];
    }
    let repeated: AnyTensor = each_rank!(dims.len(), D => {
        let small: Tensor<D> = summed.reshaped(&small).typed::<D, Float>("a term")?;
        let full: [usize; D] = std::array::from_fn(|i| dims[i]);
        small.expand(full).into()
    });
    repeated.reshaped(&[repeated.len()]).typed("a term")
}
