//! The log density of a model's latent sites in unconstrained space.

use std::cell::{RefCell, RefMut};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use burn::tensor::{Float, FloatDType, Tensor};
use vi_graph::{Key, Precision};

use super::point::{Point, WholePlates, parameter};
use super::unconstrained::Shared;
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::compile::{DensityPlan, ElboGraph, Failure, Refusal, Wanted};
use crate::error::{Error, Result, list};
use crate::execution::Executed;
use crate::objective::{evaluated, summed};
use crate::operand::Placement;
use crate::predictive::{Draw, Given};
use crate::program::handler::Handled;
use crate::program::{DrawsSource, Observations, ParamScope, ParamStore, Program, Run};
use crate::svi::ENUMERATION_LIMIT;

/// `log p(x, T(z)) + ln |det ∂T/∂z|`: the log joint density of data and latent sites as a function of a vector `z` that is free
/// of constraints, up to no constant.
///
/// `T` maps each part of `z` onto the support of its site by [`biject_to`]. The coordinates are those of the latent sites in
/// the order of first occurrence in the model; those of one site are the elements of its unconstrained tensor in row-major
/// order. Subsampled plates are taken whole. Learnable parameters of the model stay at their initial values.
///
/// Made by [`Unconstrained`](super::Unconstrained).
#[derive(Debug)]
pub struct LogDensity<M: Program> {
    pub(super) model: Handled<M, WholePlates>,
    pub(super) point: Point,
    pub(super) placement: Placement,
    pub(super) params: Shared<ParamStore>,
    pub(super) engine: Engine,
    start: Vec<f64>,
}

/// What computes the density.
#[derive(Debug)]
pub(super) enum Engine {
    /// Kernels of our own, one plan for each number of points.
    Compiled(Box<Compiled>),
    /// Burn's operations, and why where that was not asked for.
    Eager(Option<Refusal>),
}

#[derive(Debug)]
pub(super) struct Compiled {
    terms: ElboGraph,
    arguments: Vec<AnyTensor>,
    precision: Precision,
    plans: RefCell<HashMap<(usize, Wanted), DensityPlan>>,
}

impl Engine {
    pub(super) fn compiled(terms: ElboGraph, arguments: Vec<AnyTensor>, precision: Precision) -> Self {
        Engine::Compiled(Box::new(Compiled { terms, arguments, precision, plans: RefCell::default() }))
    }
}

/// The logarithm of the largest number of double precision.
const LARGEST: f64 = 709.0;

/// The most points of one plan; more are evaluated in turns.
const LANES: usize = 64;

impl<M: Program + Clone> LogDensity<M> {
    /// Evaluated by Burn's operations; the parameters of the point are at the start.
    pub(super) fn eager(model: Handled<M, WholePlates>, point: Point, placement: Placement) -> Result<Self> {
        let start = point.layout.start();
        let params: Shared<ParamStore> = Rc::default();
        point.write(&start, &mut params.borrow_mut());
        Ok(LogDensity { model, point, placement, params, engine: Engine::Eager(None), start })
    }

    /// The number of coordinates.
    pub fn dim(&self) -> usize {
        self.start.len()
    }

    /// The median of draws from the prior, coordinate by coordinate.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// Whether the model has learnable parameters of its own.
    pub(crate) fn has_parameters(&self) -> bool {
        self.params.borrow().names().count() > self.point.layout.sites().len()
    }

    /// How the density is computed, and why eagerly where it could not be compiled.
    pub fn executed(&self) -> Executed {
        match &self.engine {
            Engine::Compiled(_) => Executed::Compiled,
            Engine::Eager(None) => Executed::Eager,
            Engine::Eager(Some(refusal)) => Executed::FellBack(refusal.clone()),
        }
    }

    /// The log density at `x`, in nats; `−∞` or NaN where the model's is, and `−∞` where a coordinate that an exponential or logistic function maps is
    /// beyond ±709, the logarithm of the largest number.
    ///
    /// # Errors
    /// [`Error::Config`] where `x` has not [`dim`](Self::dim) elements; of an eager evaluation, those of a run.
    pub fn log_density(&self, x: &[f64]) -> Result<f64> {
        let mut value = [0.0];
        self.log_densities(x, &mut value)?;
        Ok(value[0])
    }

    /// The log density at `x`; its gradient is put into `gradient`.
    ///
    /// # Errors
    /// As [`log_density`](Self::log_density), also where `gradient` has another length than `x`.
    pub fn log_density_and_gradient(&self, x: &[f64], gradient: &mut [f64]) -> Result<f64> {
        let mut value = [0.0];
        self.log_densities_and_gradients(x, &mut value, gradient)?;
        Ok(value[0])
    }

    /// The log density at each of several points, `x`: `[points, dim]` in row-major order, `values`: `[points]`.
    ///
    /// # Errors
    /// As [`log_density`](Self::log_density).
    pub fn log_densities(&self, x: &[f64], values: &mut [f64]) -> Result<()> {
        self.fits("points", x.len(), values.len() * self.dim())?;
        self.evaluate(Wanted::Value, x, values, &mut [])
    }

    /// The log density and its gradient at each of several points, `x` and `gradients`: `[points, dim]` in row-major order,
    /// `values`: `[points]`.
    ///
    /// # Errors
    /// As [`log_density`](Self::log_density).
    pub fn log_densities_and_gradients(&self, x: &[f64], values: &mut [f64], gradients: &mut [f64]) -> Result<()> {
        self.fits("points", x.len(), values.len() * self.dim())?;
        self.fits("gradients", gradients.len(), x.len())?;
        self.evaluate(Wanted::Gradient, x, values, gradients)
    }

    pub(super) fn fits(&self, what: &str, found: usize, expected: usize) -> Result<()> {
        if found == expected && expected != 0 {
            return Ok(());
        }
        let problem = format!("{found} numbers where {expected} are needed (the model has {} coordinates)", self.dim());
        Err(Error::Config { setting: what.into(), problem })
    }

    fn evaluate(&self, wanted: Wanted, x: &[f64], values: &mut [f64], slopes: &mut [f64]) -> Result<()> {
        self.evaluate_all(wanted, x, values, slopes)?;
        for (x, value) in x.chunks_exact(self.dim()).zip(values) {
            if !self.is_represented(x) {
                *value = f64::NEG_INFINITY;
            }
        }
        Ok(())
    }

    /// Whether the image of a point is one of double precision: beyond the logarithm of the largest number exponentials and logistic
    /// functions stay where they are, and the Jacobian is no longer theirs.
    fn is_represented(&self, x: &[f64]) -> bool {
        let bounded = self.point.layout.sites().iter().filter(|site| site.support.is_saturating());
        bounded.flat_map(|site| &x[site.range()]).all(|x| x.abs() <= LARGEST)
    }

    fn evaluate_all(&self, wanted: Wanted, x: &[f64], values: &mut [f64], slopes: &mut [f64]) -> Result<()> {
        let dim = self.dim();
        let engine = match &self.engine {
            Engine::Compiled(_) => &self.engine,
            Engine::Eager(_) => {
                for (i, (x, value)) in x.chunks_exact(dim).zip(values).enumerate() {
                    *value = self.run(x, slopes.get_mut(i * dim..(i + 1) * dim))?;
                }
                return Ok(());
            }
        };
        let lanes = if values.len() == 1 { 1 } else { LANES.min(values.len().next_power_of_two()) };
        let mut plan = self.plan(engine, (lanes, wanted)).map_err(refused)?;
        let lanes = plan.points();
        let whole = values.len() - values.len() % lanes;
        for first in (0..whole).step_by(lanes) {
            let (at, of) = (first..first + lanes, first * dim..(first + lanes) * dim);
            let slopes = slopes.get_mut(of.clone()).unwrap_or_default();
            plan.run(&x[of], None, &mut values[at], slopes)?;
        }
        let rest = values.len() - whole;
        if rest > 0 {
            // The last lanes repeat the last point.
            let mut padded = x[whole * dim..].to_vec();
            let last = x[x.len() - dim..].to_vec();
            padded.extend(last.iter().cycle().take((lanes - rest) * dim));
            let (mut some_values, mut some_slopes) = (vec![0.0; lanes], vec![0.0; if slopes.is_empty() { 0 } else { lanes * dim }]);
            plan.run(&padded, None, &mut some_values, &mut some_slopes)?;
            values[whole..].copy_from_slice(&some_values[..rest]);
            if !slopes.is_empty() {
                slopes[whole * dim..].copy_from_slice(&some_slopes[..rest * dim]);
            }
        }
        Ok(())
    }

    /// The product of the Hessian at `x` with `direction`, in `product`; absent (`false`) where it has to be had from
    /// differences of the gradient.
    ///
    /// # Errors
    /// As [`log_density`](Self::log_density).
    pub(super) fn hessian_product(&self, x: &[f64], direction: &[f64], product: &mut [f64]) -> Result<bool> {
        if !matches!(self.engine, Engine::Compiled(_)) {
            return Ok(false);
        }
        match self.plan(&self.engine, (1, Wanted::HessianProduct)) {
            Ok(mut plan) => plan.run(x, Some(direction), &mut [0.0], product).map(|()| true),
            Err(Failure::Refused(_)) => Ok(false),
            Err(Failure::Error(error)) => Err(error),
        }
    }

    /// The plan for this number of points, compiled where it is new.
    pub(super) fn plan<'a>(&self, engine: &'a Engine, key: (usize, Wanted)) -> Result<RefMut<'a, DensityPlan>, Failure> {
        let Engine::Compiled(compiled) = engine else { return Err(Refusal::new("the density is evaluated eagerly").into()) };
        let mut plans = compiled.plans.borrow_mut();
        if let Entry::Vacant(place) = plans.entry(key) {
            let blocks = self.point.layout.sites().iter().map(|site| (parameter(&site.name), site.len()));
            let blocks: Vec<(String, usize)> = blocks.collect();
            let Compiled { terms, arguments, precision, .. } = &**compiled;
            let plan = DensityPlan::compile(terms, &blocks, key, *precision, arguments, &self.params.borrow())?;
            place.insert(plan);
        }
        RefMut::filter_map(plans, |plans| plans.get_mut(&key)).map_err(|_| Refusal::new("the plan has gone").into())
    }

    /// An evaluation by Burn's operations.
    fn run(&self, x: &[f64], slopes: Option<&mut [f64]>) -> Result<f64> {
        self.point.write(x, &mut self.params.borrow_mut());
        let scope = match &slopes {
            Some(_) => ParamScope::tracked(Rc::clone(&self.params)),
            None => ParamScope::plain(Rc::clone(&self.params)),
        };
        let run = self.run_with(scope.clone());
        let Some(value) = summed(&self.model, &self.point, &run, ENUMERATION_LIMIT, false)?.elbo() else {
            return Err(Error::Config { setting: "model".into(), problem: "it has no site with a density".into() });
        };
        if let Some(slopes) = slopes {
            slopes.fill(0.0);
            if value.is_tracked() {
                let mut gradients = value.clone().backward();
                let leaves = scope.leaves();
                for site in self.point.layout.sites() {
                    let name = parameter(&site.name);
                    let Some((_, leaf)) = leaves.iter().find(|(known, _)| *known == name) else { continue };
                    let gradient = each_rank!(leaf.rank(), D => {
                        leaf.typed::<D, Float>(&name)?.grad_remove(&mut gradients).map(AnyTensor::from)
                    });
                    if let Some(gradient) = gradient {
                        slopes[site.range()].copy_from_slice(&gradient.to_f64()?);
                    }
                }
            }
        }
        Ok(AnyTensor::from(value.inner()).to_f64()?.iter().sum())
    }

    fn run_with(&self, scope: ParamScope) -> Run {
        Run::new(Key::new(0), self.placement.clone()).params(scope)
    }

    /// A run at the start with every check.
    pub(super) fn check(&self) -> Result<()> {
        let run = self.run_with(ParamScope::plain(Rc::clone(&self.params))).validate(true);
        evaluated(&self.model, &self.point, &run, true).map(drop)
    }

    /// The value of every latent site at `x`, by name in the order of the coordinates.
    ///
    /// # Errors
    /// [`Error::Config`] where `x` has not [`dim`](Self::dim) elements.
    pub fn constrain(&self, x: &[f64]) -> Result<Vec<(String, AnyTensor)>> {
        self.fits("the point", x.len(), self.dim())?;
        self.point.write(x, &mut self.params.borrow_mut());
        let run = self.run_with(ParamScope::plain(Rc::clone(&self.params))).density(false);
        let (_, trace) = run.trace(&self.point)?;
        Ok(trace.latents().filter_map(|site| Some((site.name.clone(), site.value.clone()?))).collect())
    }

    /// The coordinates of given values of all latent sites.
    ///
    /// # Errors
    /// [`Error::Unknown`] where a name is no latent site or a site has no value, [`Error::Shape`] for another shape, and
    /// [`Error::Value`] for a value outside the support or on its edge.
    pub fn unconstrain<N: AsRef<str>, T: Into<AnyTensor>>(&self, values: impl IntoIterator<Item = (N, T)>) -> Result<Vec<f64>> {
        let sites = self.point.layout.sites();
        let names = || list(sites.iter().map(|site| &site.name));
        let mut found = vec![f64::NAN; self.dim()];
        let mut given = vec![false; sites.len()];
        for (name, value) in values {
            let name = name.as_ref();
            let Some(index) = sites.iter().position(|site| site.name == name) else {
                return Err(Error::Unknown { what: "latent site", name: name.to_owned(), available: names() });
            };
            let site = &sites[index];
            let value = value.into().matching(&self.placement);
            let x = each_rank!(site.shape.len(), D => {
                let bijector = biject_to::<D>(&site.support)?;
                if value.shape() != site.shape {
                    return Err(Error::Shape {
                        site: name.to_owned(),
                        left_what: "the given value".into(),
                        left: value.shape(),
                        right_what: "the site".into(),
                        right: site.shape.clone(),
                        hint: String::new(),
                    });
                }
                let value: Tensor<D> = value.typed(name)?;
                AnyTensor::from(bijector.inverse(value)).to_f64()?
            });
            let shown = value.to_f64()?;
            let outside =
                site.support.fault(&shown, &value.shape(), |_| true).is_some() || shown.iter().any(|y| !site.support.holds_inside(*y));
            if outside || x.iter().any(|x| !x.is_finite()) {
                return Err(Error::Value {
                    site: name.to_owned(),
                    distribution: "the site's distribution".into(),
                    support: site.support.to_string(),
                    found: format!("{shown:?}"),
                });
            }
            found[site.range()].copy_from_slice(&x);
            given[index] = true;
        }
        match given.iter().position(|given| !given) {
            Some(missing) => {
                let name = sites[missing].name.clone();
                Err(Error::Unknown { what: "given value", name, available: "values of other sites".into() })
            }
            None => Ok(found),
        }
    }

    /// Latent and deterministic sites of the model at each of several points, `[points, dim]` in row-major order.
    ///
    /// Collapsed sites are drawn given the point; of enumerated ones there is no draw.
    ///
    /// # Errors
    /// [`Error::Config`] where there is no whole number of points; those of a run of the model.
    pub fn draws(&self, points: &[f64]) -> Result<DrawsSource> {
        self.fits("points", points.len(), points.len().div_ceil(self.dim()).max(1) * self.dim())?;
        let mut source = DrawsSource::default();
        let mut given = Given::new(&self.model);
        for (number, x) in points.chunks_exact(self.dim()).enumerate() {
            self.point.write(x, &mut self.params.borrow_mut());
            let run = self.run_with(ParamScope::plain(Rc::clone(&self.params))).density(false);
            let run = Run { key: run.key.fold_in(number as u64), ..run };
            let values = given.on(&run, run.clone().of_guide().trace(&self.point)?.1, false)?;
            let run = run.observations(Observations::SimulateMissing).called("the model");
            let (_, trace) = run.trace_with(&self.model, values.handlers)?;
            source.push(trace.sites().filter(|site| Draw::Posterior.keeps(site.kind) && !values.names.lack(site)));
        }
        Ok(source)
    }

    /// The distance from 1 to the next number in the precision of the evaluations.
    pub(super) fn rounding(&self) -> f64 {
        let single = match &self.engine {
            Engine::Compiled(compiled) => compiled.precision == Precision::F32,
            Engine::Eager(_) => self.placement.dtype != FloatDType::F64,
        };
        if single { f64::from(f32::EPSILON) } else { f64::EPSILON }
    }

    /// The names of the latent sites in the order of the coordinates, each with its coordinates.
    pub fn coordinates(&self) -> impl Iterator<Item = (&str, std::ops::Range<usize>)> {
        self.point.layout.sites().iter().map(|site| (site.name.as_str(), site.range()))
    }
}

fn refused(failure: Failure) -> Error {
    match failure {
        Failure::Error(error) => error,
        Failure::Refused(refusal) => Error::Unsupported { what: "a compiled log density".into(), problem: refusal.to_string() },
    }
}
