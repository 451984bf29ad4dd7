//! Learnable tensors: where they are kept between steps, and how one step reads them.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use burn::tensor::Tensor;

use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::compile::Recorder;
use crate::error::{Error, Result, list};
use crate::operand::Placement;
use crate::special::detach_any;
use crate::support::Support;

/// One learnable tensor.
#[derive(Clone, Debug)]
pub struct ParamEntry {
    /// The tensor in unconstrained space, which the optimiser moves.
    pub(crate) unconstrained: AnyTensor,
    /// Where the constrained value lies.
    pub support: Support,
    /// The shape of the constrained value.
    pub shape: Vec<usize>,
}

/// All parameters of model and guide by name, in the order of their first use, and the modules that hold some of them.
#[derive(Clone, Default)]
pub struct ParamStore {
    names: Vec<String>,
    entries: HashMap<String, ParamEntry>,
    modules: HashMap<String, Rc<dyn Any>>,
}

impl std::fmt::Debug for ParamStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.names.iter().map(|name| (name, self.entries.get(name).map(|entry| &entry.shape)))).finish()
    }
}

impl ParamStore {
    /// The names in the order of first use.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&ParamEntry> {
        self.entries.get(name)
    }

    pub(crate) fn entry_mut(&mut self, name: &str) -> Option<&mut ParamEntry> {
        self.entries.get_mut(name)
    }

    pub(crate) fn insert(&mut self, name: String, entry: ParamEntry) {
        if self.entries.insert(name.clone(), entry).is_none() {
            self.names.push(name);
        }
    }

    pub(crate) fn module(&self, name: &str) -> Option<&dyn Any> {
        self.modules.get(name).map(|module| &**module)
    }

    pub(crate) fn insert_module(&mut self, name: String, module: Rc<dyn Any>) {
        self.modules.insert(name, module);
    }

    pub(crate) fn module_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.modules.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The parameters whose names begin so, and all modules.
    pub(crate) fn of_prefix(&self, prefix: &str) -> Self {
        let names: Vec<String> = self.names.iter().filter(|name| name.starts_with(prefix)).cloned().collect();
        let entries = names.iter().filter_map(|name| Some((name.clone(), self.entries.get(name)?.clone()))).collect();
        ParamStore { names, entries, modules: self.modules.clone() }
    }

    /// The same parameters with each tensor replaced by what `f` makes of it.
    pub(crate) fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        let mut mapped = self.clone();
        for name in &self.names {
            if let Some(entry) = mapped.entries.get_mut(name) {
                entry.unconstrained = f(entry.unconstrained.clone());
            }
        }
        mapped
    }

    /// Shows the tensors in the order of first use.
    pub(crate) fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.names.iter().filter_map(|name| self.entries.get(name)).for_each(|entry| f(&entry.unconstrained));
    }

    /// A parameter that took part (`read`) must have a gradient (`moved`); a module may keep weights that a step did not use.
    ///
    /// # Errors
    /// [`Error::MissingGradient`] for the first that has none.
    pub(crate) fn missing_gradient(&self, read: &[&str], moved: &[&str], step: u64) -> Result<()> {
        let modules = self.module_names();
        let module_of = |name: &str| modules.iter().find(|module| name.strip_prefix(**module).is_some_and(|rest| rest.starts_with('.')));
        let excused = |name: &str| module_of(name).is_some_and(|module| moved.iter().any(|other| module_of(other) == Some(module)));
        match read.iter().find(|name| !moved.contains(name) && !excused(name)) {
            Some(name) => Err(Error::MissingGradient { name: (*name).to_owned(), step }),
            None => Ok(()),
        }
    }

    /// The current constrained value of a parameter.
    ///
    /// # Errors
    /// [`Error::Unknown`] where no run has created it.
    pub fn value(&self, name: &str) -> Result<AnyTensor> {
        let entry = self.entries.get(name).ok_or_else(|| Error::Unknown {
            what: "parameter",
            name: name.to_owned(),
            available: list(self.names()),
        })?;
        constrain(&entry.unconstrained, &entry.support)
    }
}

/// How a value in unconstrained space becomes one in `support`.
pub(crate) fn constrain(unconstrained: &AnyTensor, support: &Support) -> Result<AnyTensor> {
    each_rank!(unconstrained.rank(), D => {
        Ok(biject_to::<D>(support)?.forward(unconstrained.typed("parameter")?).into())
    })
}

/// The parameters as one step sees them: leaves of the autodiff graph where gradients are wanted, made at first use.
#[derive(Clone, Debug)]
pub struct ParamScope {
    store: Rc<RefCell<ParamStore>>,
    tracked: bool,
    leaves: Rc<RefCell<Vec<(String, AnyTensor)>>>,
    values: Rc<RefCell<HashMap<String, AnyTensor>>>,
    /// Present while a run is recorded: leaves are then inputs of the graph, and no parameter is created.
    recorder: Option<Rc<Recorder>>,
    /// No gradient leads to the leaves.
    held: bool,
}

impl ParamScope {
    /// Reads without gradients.
    pub fn plain(store: Rc<RefCell<ParamStore>>) -> Self {
        ParamScope { store, tracked: false, leaves: Rc::default(), values: Rc::default(), recorder: None, held: false }
    }

    /// Reads through leaves that keep their gradient.
    pub fn tracked(store: Rc<RefCell<ParamStore>>) -> Self {
        ParamScope { tracked: true, ..Self::plain(store) }
    }

    /// Reads through inputs of the graph that `recorder` records.
    pub(crate) fn captured(store: Rc<RefCell<ParamStore>>, recorder: Rc<Recorder>) -> Self {
        ParamScope { recorder: Some(recorder), ..Self::plain(store) }
    }

    /// The same parameters as constants: no gradient leads to them.
    pub(crate) fn held(&self) -> Self {
        ParamScope { held: true, values: Rc::default(), ..self.clone() }
    }

    /// Whether a step is made: parameters are leaves of a gradient.
    pub(crate) fn is_fitted(&self) -> bool {
        self.tracked || self.recorder.is_some()
    }

    /// Whether the run is recorded.
    pub(crate) fn is_captured(&self) -> bool {
        self.recorder.is_some()
    }

    /// The leaves that were read, with their names.
    pub(crate) fn leaves(&self) -> Vec<(String, AnyTensor)> {
        self.leaves.borrow().clone()
    }

    pub(crate) fn store(&self) -> &Rc<RefCell<ParamStore>> {
        &self.store
    }

    /// The unconstrained tensor of `name`, if it exists.
    pub(crate) fn leaf(&self, name: &str) -> Option<AnyTensor> {
        let store = self.store.borrow();
        let entry = store.entry(name)?;
        if !self.tracked && self.recorder.is_none() {
            return Some(entry.unconstrained.clone());
        }
        let mut leaves = self.leaves.borrow_mut();
        let known = leaves.iter().find(|(known, _)| known == name).map(|(_, leaf)| leaf.clone());
        let leaf = known.unwrap_or_else(|| {
            let leaf = match &self.recorder {
                Some(recorder) => recorder.parameter(name, &entry.unconstrained),
                None => entry.unconstrained.clone().leaf(),
            };
            leaves.push((name.to_owned(), leaf.clone()));
            leaf
        });
        Some(if self.held { detach_any(&leaf) } else { leaf })
    }

    /// The constrained tensor of `name`, if it exists; computed once a step.
    pub(crate) fn find<const D: usize>(&self, name: &str, support: &Support) -> Result<Option<Tensor<D>>> {
        let Some(known) = self.store.borrow().entry(name).map(|entry| entry.support) else { return Ok(None) };
        if known != *support {
            return Err(Error::Param {
                name: name.to_owned(),
                problem: format!("it was created with support {known}, and is now read with support {support}"),
            });
        }
        if let Some(value) = self.values.borrow().get(name) {
            return value.typed(name).map(Some);
        }
        let Some(leaf) = self.leaf(name) else { return Ok(None) };
        let value = biject_to::<D>(support)?.forward(leaf.typed(name)?);
        self.values.borrow_mut().insert(name.to_owned(), (&value).into());
        Ok(Some(value))
    }

    /// Creates `name` with the constrained value `init`.
    pub(crate) fn create<const D: usize>(&self, name: &str, init: Tensor<D>, support: Support) -> Result<Tensor<D>> {
        if self.is_captured() {
            return Err(Error::Param { name: name.to_owned(), problem: "the steps before this one did not read it".into() });
        }
        let values = AnyTensor::from(&init).to_f64()?;
        let bijector = biject_to::<D>(&support)?;
        let outside = |what: String| {
            let problem = format!("its initial value {what} is not inside its support, {support}");
            Err(Error::Param { name: name.to_owned(), problem })
        };
        if let Some(bad) = values.iter().find(|x| !x.is_finite() || !support.holds_inside(**x)) {
            return outside(bad.to_string());
        }
        if let Some(fault) = support.fault(&values, &init.dims(), |_| true) {
            return outside(format!("with {fault}"));
        }
        let shape = init.dims().to_vec();
        let unconstrained = bijector.inverse(init.without_autodiff()).into();
        self.store.borrow_mut().insert(name.to_owned(), ParamEntry { unconstrained, support, shape });
        self.find(name, &support)?.ok_or_else(|| Error::Param { name: name.to_owned(), problem: "it could not be stored".into() })
    }

    pub(crate) fn create_unconstrained(&self, name: &str, value: AnyTensor) {
        let shape = value.shape();
        self.store.borrow_mut().insert(name.to_owned(), ParamEntry { unconstrained: value.inner(), support: Support::Real, shape });
    }
}

/// What can be the initial value of a parameter: numbers, arrays, vectors and tensors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the initial value of a parameter",
    label = "expected `f64`, `[f64; N]`, `[[f64; M]; N]`, `Vec<f64>` or `Tensor<D>`"
)]
pub trait Init<const D: usize> {
    /// The tensor on the device of the run.
    fn tensor(self, to: &Placement) -> Tensor<D>;
}

impl<const D: usize> Init<D> for Tensor<D> {
    fn tensor(self, to: &Placement) -> Tensor<D> {
        self.to_device(&to.device).cast(to.dtype)
    }
}
impl<const D: usize> Init<D> for &Tensor<D> {
    fn tensor(self, to: &Placement) -> Tensor<D> {
        self.clone().to_device(&to.device).cast(to.dtype)
    }
}
impl Init<1> for f64 {
    fn tensor(self, to: &Placement) -> Tensor<1> {
        [self].tensor(to)
    }
}
impl<const N: usize> Init<1> for [f64; N] {
    fn tensor(self, to: &Placement) -> Tensor<1> {
        Tensor::from_data(self, (&to.device, to.dtype.into()))
    }
}
impl<const N: usize, const M: usize> Init<2> for [[f64; M]; N] {
    fn tensor(self, to: &Placement) -> Tensor<2> {
        Tensor::from_data(self, (&to.device, to.dtype.into()))
    }
}
impl Init<1> for Vec<f64> {
    fn tensor(self, to: &Placement) -> Tensor<1> {
        Tensor::from_data(self.as_slice(), (&to.device, to.dtype.into()))
    }
}
