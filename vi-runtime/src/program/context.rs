//! The run of a program: what its statements talk to.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use burn::tensor::Device;
use burn::tensor::kind::Kind;

use super::Program;
use super::collapse::Collapsing;
use super::enumeration::{Enumeration, Strategy};
use super::handler::{Handler, ParamSite};
use super::param::{ParamScope, ParamStore};
use super::plate::{Plate, PlateGuard, PlateIndex};
use super::site::{Site, SiteDraw, SiteKind};
use super::trace::Trace;
use super::validate;
use crate::any_tensor::AnyTensor;
use crate::compile::Recorder;
use crate::error::{Error, Result};
use crate::nn::{Dropped, dropping};
use crate::noise::{HostNoise, NoiseSource};
use crate::operand::Placement;
use crate::setters::setters;
use vi_graph::Key;

/// What happens at an observed site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Observations {
    /// A value must be there.
    #[default]
    Required,
    /// A missing value is simulated.
    SimulateMissing,
    /// Every value is simulated, given or not: the predictive distribution.
    SimulateAll,
}

/// Where a run gets its noise: one source a site, made from the site's key.
pub type NoiseProvider = Rc<dyn Fn(Key, &Placement) -> Box<dyn NoiseSource>>;

/// How to run a program; build one, then [`trace`](Run::trace) programs with it.
#[derive(Clone)]
pub struct Run {
    pub(crate) key: Key,
    pub(crate) plate_key: Key,
    pub(crate) placement: Placement,
    pub(crate) params: ParamScope,
    pub(crate) observations: Observations,
    pub(crate) validate: bool,
    pub(crate) density: bool,
    pub(crate) begin: bool,
    pub(crate) noise: NoiseProvider,
    pub(crate) program: &'static str,
    /// Whether it is a guide that runs: its enumerated sites are averaged over, those of a model summed out.
    pub(crate) is_guide: bool,
    /// Whether a parameter of the model is an error.
    pub(crate) fixed_model: bool,
    /// Present while the run is recorded instead of computed.
    pub(crate) recorder: Option<Rc<Recorder>>,
    /// Present while an objective sums over discrete sites; without it they are drawn.
    pub(crate) enumeration: Option<Rc<Enumeration>>,
    /// Present while an objective integrates sites out; without it they are drawn.
    pub(crate) collapsing: Option<Rc<Collapsing>>,
}

impl Run {
    /// A run with the random streams of `key`, where the tensors live at `placement`, without parameters.
    pub fn new(key: Key, placement: Placement) -> Self {
        Run {
            key,
            plate_key: key,
            placement,
            params: ParamScope::plain(Rc::new(RefCell::new(ParamStore::default()))),
            observations: Observations::Required,
            validate: false,
            density: true,
            begin: false,
            noise: Rc::new(|key, placement| Box::new(HostNoise::new(key, placement.clone()))),
            program: "the program",
            is_guide: false,
            fixed_model: false,
            recorder: None,
            enumeration: None,
            collapsing: None,
        }
    }

    /// A run of `program` from a seed, on the device and in the precision of its first tensor.
    ///
    /// # Errors
    /// [`Error::Device`] where the device cannot compute in that precision.
    pub fn for_program<P: Program>(program: &P, seed: u64) -> Result<Self> {
        Ok(Run::new(Key::new(seed), crate::svi::placement(program, None, None)?))
    }

    setters! {
        /// Parameters and modules are read from and created in `params`.
        params: ParamScope;

        /// What happens at observed sites.
        observations: Observations;

        /// Checks the parameters of every distribution and every given value; reads them back, so it is slow.
        validate: bool;
    }

    /// Whether a latent site that cannot be drawn has the value of [`Distribution::begin`] instead of being an error.
    #[must_use]
    pub(crate) fn begin(mut self, begin: bool) -> Self {
        self.begin = begin;
        self
    }

    setters! {
        /// Whether log densities are computed (they are unless turned off).
        density: bool;

        /// Plates draw their subsample from this key, so that model, guide and particles of one step agree.
        plate_key: Key;

        /// Another source of noise, for an executor that does not draw on the host.
        noise: NoiseProvider;
    }

    /// How messages call the program ("the model", "the guide").
    #[must_use]
    pub fn called(mut self, program: &'static str) -> Self {
        self.program = program;
        self
    }

    /// The program that is run is the guide.
    #[must_use]
    pub(crate) fn of_guide(self) -> Self {
        Run { program: "the guide", is_guide: true, ..self }
    }

    /// Runs `program` and records what happened.
    ///
    /// # Errors
    /// Those of its statements.
    pub fn trace<P: Program>(&self, program: &P) -> Result<(P::Output, Trace)> {
        self.trace_with(program, Vec::new())
    }

    /// Runs `program` under `handlers`, the outermost first.
    ///
    /// # Errors
    /// Those of its statements and of the handlers.
    pub fn trace_with<P: Program>(&self, program: &P, handlers: Vec<Box<dyn Handler>>) -> Result<(P::Output, Trace)> {
        let ctx = Ctx {
            run: self.clone(),
            handlers: RefCell::new(handlers),
            plates: RefCell::default(),
            known_plates: RefCell::default(),
            trace: RefCell::default(),
            busy: Cell::new(false),
        };
        let output = dropping(self.dropped(), || program.run(&ctx))?;
        Ok((output, ctx.trace.into_inner()))
    }

    /// The noise of layers that drop elements while parameters are fitted; it belongs to the program, not to a site.
    fn dropped(&self) -> Option<Dropped> {
        if !self.params.is_fitted() {
            return None;
        }
        // No site is called so: its name has a space.
        let name = format!("dropout of {}", self.program);
        Some(Dropped::new(match &self.recorder {
            Some(recorder) => recorder.noise_of(name),
            None => (self.noise)(self.key.site(&name), &self.placement),
        }))
    }
}

/// The run that a program's statements talk to; the macros pass it, user code sees it through `device!()`.
pub struct Ctx {
    run: Run,
    handlers: RefCell<Vec<Box<dyn Handler>>>,
    plates: RefCell<Vec<Plate>>,
    known_plates: RefCell<HashMap<&'static str, Plate>>,
    trace: RefCell<Trace>,
    busy: Cell<bool>,
}

impl Ctx {
    /// The device that the program is running on.
    pub fn device(&self) -> Device {
        self.run.placement.device.clone()
    }

    /// Device and precision of the run.
    pub fn placement(&self) -> &Placement {
        &self.run.placement
    }

    /// How messages call the program.
    pub fn program(&self) -> &'static str {
        self.run.program
    }

    pub(crate) fn is_validating(&self) -> bool {
        self.run.validate
    }

    pub(crate) fn params(&self) -> &ParamScope {
        &self.run.params
    }

    /// The plates around the current statement.
    pub(crate) fn plates(&self) -> Vec<Plate> {
        self.plates.borrow().clone()
    }

    /// A site before any handler has seen it.
    pub(crate) fn site(&self, name: String, kind: SiteKind) -> Site {
        let plates = self.plates();
        let scale = plates.iter().map(Plate::scale).product();
        Site {
            name,
            kind,
            distribution: None,
            value: None,
            base: None,
            fresh: false,
            scale,
            mask: None,
            plates,
            hidden: false,
            images: Vec::new(),
            strategy: None,
            key: self.run.key,
            log_prob: None,
        }
    }

    /// Takes a site through handlers, draw, density and trace, and gives back its value.
    ///
    /// # Errors
    /// Those of the handlers, of a missing observation, of shapes that do not fit, and of validation.
    pub fn process(&self, mut site: Site) -> Result<AnyTensor> {
        if self.busy.replace(true) {
            return Err(Error::Unsupported { what: format!("site `{}`", site.name), problem: "a handler may not run statements".into() });
        }
        if let Some(recorder) = &self.run.recorder {
            recorder.enter(&site.name);
        }
        let result = self.process_alone(&mut site);
        self.busy.set(false);
        let value = result?;
        if let Some(recorder) = &self.run.recorder {
            recorder.leave();
        }
        if !site.images.is_empty() {
            return self.record_images(site, value);
        }
        if !site.hidden {
            self.trace.borrow_mut().push(site, self.run.program)?;
        }
        Ok(value)
    }

    /// Records a site that is drawn in other coordinates, and what its value is made of; the last change of coordinates is
    /// undone first.
    fn record_images(&self, mut site: Site, value: AnyTensor) -> Result<AnyTensor> {
        let images = std::mem::take(&mut site.images);
        let statement = Site { kind: SiteKind::Deterministic, distribution: None, base: None, log_prob: None, ..site.clone() };
        let record = |site: Site| if site.hidden { Ok(()) } else { self.trace.borrow_mut().push(site, self.run.program) };
        record(site)?;
        images.into_iter().rev().try_fold(value, |value, image| {
            let value = (image.map)(value)?;
            record(Site { name: image.name, value: Some(value.clone()), ..statement.clone() })?;
            Ok(value)
        })
    }

    fn process_alone(&self, site: &mut Site) -> Result<AnyTensor> {
        let mut handlers = self.handlers.borrow_mut();
        let mut outermost = handlers.len();
        for (i, handler) in handlers.iter_mut().enumerate().rev() {
            handler.before(site)?;
            outermost = i;
            if site.hidden {
                break;
            }
        }
        // What a handler put there may live elsewhere.
        site.value = site.value.take().map(|value| value.matching(&self.run.placement));
        site.mask = site.mask.take().map(|mask| mask.matching(&self.run.placement));
        let given = site.value.is_some();
        let SiteDraw { value, log_prob: scored, base } = self.value(site)?;
        site.value = Some(value.clone());
        site.base = base;
        site.fresh = !given && site.is_latent() && site.key == self.run.key;
        if self.run.density && site.kind != SiteKind::Intervened {
            match scored {
                Some(log_prob) if site.mask.is_none() => site.log_prob = Some(log_prob),
                _ => self.density(site, &value)?,
            }
        }
        for handler in handlers.iter_mut().skip(outermost) {
            handler.after(site)?;
        }
        Ok(value)
    }

    /// The value of a site, with what a draw came with.
    fn value(&self, site: &Site) -> Result<SiteDraw> {
        let given = |value: AnyTensor| SiteDraw { value, log_prob: None, base: site.base.clone() };
        let simulated = site.kind == SiteKind::Observed && self.run.observations == Observations::SimulateAll;
        let Some(distribution) = &site.distribution else {
            let value = site.value.clone().ok_or_else(|| Error::MissingObservation { site: site.name.clone() })?;
            return Ok(given(value));
        };
        match &site.value {
            Some(value) if !simulated => {
                validate::shape(site, value, &**distribution)?;
                if self.run.validate {
                    validate::parameters(site, &**distribution)?;
                    validate::value(site, value, &**distribution)?;
                }
                return Ok(given(value.clone()));
            }
            None if site.kind == SiteKind::Observed && self.run.observations == Observations::Required => {
                return Err(Error::MissingObservation { site: site.name.clone() });
            }
            _ => {}
        }
        if self.run.validate {
            validate::parameters(site, &**distribution)?;
        }
        if let Some(enumeration) = self.enumeration(site) {
            return enumeration.value(site, &self.run);
        }
        if let (Some(collapsing), Some(Strategy::Collapse), true) = (&self.run.collapsing, site.strategy, site.is_latent()) {
            return collapsing.value(site, self.run.is_guide);
        }
        if self.run.begin
            && site.is_latent()
            && let Some(value) = distribution.begin(&self.run.placement)?
        {
            return Ok(given(value));
        }
        let mut noise = match &self.run.recorder {
            Some(recorder) => recorder.noise(site, self.run.key),
            None => (self.run.noise)(site.key.site(&site.name), &self.run.placement),
        };
        let drawn = distribution.draw(&mut *noise)?;
        if distribution.is_reparameterised() {
            return Ok(drawn);
        }
        if self.run.recorder.is_some() && drawn.value.kind() == Kind::Float {
            return Err(Error::Unsupported {
                what: format!("the draw at site `{}`", site.name),
                problem: "no gradient may pass through it, which a recording does not show".into(),
            });
        }
        Ok(SiteDraw { value: drawn.value.detach(), log_prob: None, base: None })
    }

    /// What gives a site its values in turn; absent where it is drawn.
    fn enumeration(&self, site: &Site) -> Option<&Rc<Enumeration>> {
        self.run.enumeration.as_ref().filter(|_| site.is_latent() && site.strategy == Some(Strategy::Enumerate))
    }

    fn density(&self, site: &mut Site, value: &AnyTensor) -> Result<()> {
        if let Some(distribution) = &site.distribution {
            if let Some(mask) = &site.mask {
                validate::mask(site, mask, &**distribution)?;
            }
            site.log_prob = Some(match (&site.base, &site.mask) {
                (Some(base), None) => distribution.log_prob_from(base, value)?,
                _ => distribution.log_prob(value, site.mask.as_ref())?,
            });
            if let (Some(enumeration), false) = (self.enumeration(site), self.run.is_guide) {
                site.log_prob = enumeration.weight(site)?;
            }
        } else if site.kind == SiteKind::Factor {
            site.log_prob = Some(value.clone());
        }
        Ok(())
    }

    /// Takes a parameter's name through the handlers.
    pub(crate) fn param_site(&self, name: String) -> Result<ParamSite> {
        let mut site = ParamSite { name, value: None };
        for handler in self.handlers.borrow_mut().iter_mut().rev() {
            handler.param(&mut site)?;
        }
        site.value = site.value.map(|value| value.matching(&self.run.placement));
        if self.run.fixed_model && !self.run.is_guide && site.value.is_none() {
            let problem = "the model reads it, and the objective moves a guide towards a posterior that stays: it has no gradient for the \
                           model; fit it by another objective, such as `Dreg`, or fix it by `handler::substitute`";
            return Err(Error::Param { name: site.name, problem: problem.to_owned() });
        }
        Ok(site)
    }

    pub(crate) fn enter_plate(&self, name: &'static str, size: usize, subsample: Option<usize>) -> Result<(PlateGuard<'_>, PlateIndex)> {
        let mut plate = Plate::new(name, size, subsample)?;
        if self.plates.borrow().iter().any(|outer| outer.name == name) {
            return Err(Error::Plate {
                plate: name.to_owned(),
                problem: "it stands inside itself; give the inner plate another name".into(),
            });
        }
        let known = self.known_plates.borrow().get(name).cloned();
        let plate = match known {
            Some(known) if known.size == size && (known.index.is_some() || known.len == plate.len) => known,
            Some(known) => {
                return Err(Error::Plate {
                    plate: name.to_owned(),
                    problem: format!("it was entered with {} of {} units before, now with {} of {size}", known.len, known.size, plate.len),
                });
            }
            None => {
                for handler in self.handlers.borrow_mut().iter_mut().rev() {
                    handler.plate(&mut plate)?;
                }
                plate.index = plate.index.map(|index| index.matching(&self.run.placement));
                if plate.index.is_none() && plate.len < plate.size {
                    plate.index = Some(match &self.run.recorder {
                        Some(recorder) => recorder.units(&plate),
                        None => plate.draw(self.run.plate_key, &self.run.placement),
                    });
                }
                self.known_plates.borrow_mut().insert(name, plate.clone());
                plate
            }
        };
        self.plates.borrow_mut().push(plate.clone());
        Ok((PlateGuard { ctx: self }, PlateIndex { plate }))
    }

    pub(crate) fn leave_plate(&self) {
        self.plates.borrow_mut().pop();
    }

    /// Runs `body` under one more handler, the innermost.
    ///
    /// # Errors
    /// Those of `body`.
    pub fn under<T>(&self, handler: Box<dyn Handler>, body: impl FnOnce() -> Result<T>) -> Result<T> {
        self.handlers.borrow_mut().push(handler);
        let result = body();
        self.handlers.borrow_mut().pop();
        result
    }
}
