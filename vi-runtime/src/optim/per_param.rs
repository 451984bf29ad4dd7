//! An optimiser for each part of the parameters, found by name.

use std::rc::Rc;

use burn::tensor::Tensor;
use vi_graph::cpu::Rule;

use super::{OptimState, Optimizer, Parameter};
use crate::error::{Error, Result, list};

/// One optimiser for the parameters whose names match a pattern, another for the rest.
///
/// In a pattern `*` stands for any characters, also for none; the first pattern that matches decides. What an optimiser does
/// to all its parameters together, such as clipping by norm, it does to those that are its own.
///
/// ```
/// use vi_runtime::optim::PerParam;
/// use vi_runtime::prelude::*;
///
/// let optimizer = PerParam::new(Adam::new(0.01)).matching("decoder.*", Adam::new(0.001));
/// ```
///
/// # Errors
/// [`Error::Config`] at the first step for a pattern that matches no parameter.
#[derive(Clone, Debug)]
pub struct PerParam {
    rest: Rc<dyn Optimizer>,
    patterns: Vec<(String, Rc<dyn Optimizer>)>,
    /// Whether a pattern may match nothing.
    lenient: bool,
}

impl PerParam {
    /// With `rest` for the parameters that no pattern matches.
    pub fn new(rest: impl Optimizer + 'static) -> Self {
        PerParam { rest: Rc::new(rest), patterns: Vec::new(), lenient: false }
    }

    /// `optimizer` for the parameters that match `pattern`, if there are any.
    pub(super) fn beside(rest: &Rc<dyn Optimizer>, pattern: String, optimizer: impl Optimizer + 'static) -> Self {
        PerParam { rest: Rc::clone(rest), patterns: vec![(pattern, Rc::new(optimizer))], lenient: true }
    }

    /// `optimizer` moves the parameters whose names match `pattern`, and no pattern before.
    #[must_use]
    pub fn matching(mut self, pattern: impl Into<String>, optimizer: impl Optimizer + 'static) -> Self {
        self.patterns.push((pattern.into(), Rc::new(optimizer)));
        self
    }

    /// All optimisers, that of the rest first.
    fn optimizers(&self) -> impl Iterator<Item = &dyn Optimizer> {
        std::iter::once(&*self.rest).chain(self.patterns.iter().map(|(_, optimizer)| &**optimizer))
    }

    /// The number among [`optimizers`](Self::optimizers) of the one that moves a parameter, and that optimiser.
    fn find(&self, parameter: &str) -> (usize, &dyn Optimizer) {
        match self.patterns.iter().position(|(pattern, _)| matches(pattern, parameter)) {
            Some(index) => (index + 1, &*self.patterns[index].1),
            None => (0, &*self.rest),
        }
    }
}

impl Optimizer for PerParam {
    /// A parameter without a name is one of the rest.
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        self.rest.update(step, value, gradient, state)
    }

    fn update_all(&self, step: u64, parameters: Vec<Parameter<'_>>) -> Vec<Tensor<1>> {
        let mut moved: Vec<Option<Tensor<1>>> = vec![None; parameters.len()];
        let mut parts: Vec<(Vec<usize>, Vec<Parameter<'_>>)> = self.optimizers().map(|_| Default::default()).collect();
        for (index, parameter) in parameters.into_iter().enumerate() {
            let (indices, part) = &mut parts[self.find(parameter.name).0];
            indices.push(index);
            part.push(parameter);
        }
        for (optimizer, (indices, part)) in self.optimizers().zip(parts) {
            for (index, value) in indices.into_iter().zip(optimizer.update_all(step, part)) {
                moved[index] = Some(value);
            }
        }
        moved.into_iter().flatten().collect()
    }

    fn memory(&self, parameter: &str) -> &'static str {
        self.find(parameter).1.memory(parameter)
    }

    fn groups(&self) -> usize {
        self.optimizers().map(Optimizer::groups).sum()
    }

    fn group(&self, parameter: &str) -> usize {
        let (index, optimizer) = self.find(parameter);
        self.optimizers().take(index).map(Optimizer::groups).sum::<usize>() + optimizer.group(parameter)
    }

    fn rule(&self, step: u64, group: usize) -> Option<Rule> {
        let mut first = 0;
        for optimizer in self.optimizers() {
            let groups = optimizer.groups();
            if group < first + groups {
                return optimizer.rule(step, group - first).map(|rule| rule.shifted(first));
            }
            first += groups;
        }
        None
    }

    fn check(&self, parameters: &[&str]) -> Result<()> {
        let unmatched = |(pattern, _): &&(String, _)| !parameters.iter().any(|name| matches(pattern, name));
        if let Some((pattern, _)) = self.patterns.iter().find(unmatched).filter(|_| !self.lenient) {
            let problem = format!("no parameter matches the pattern `{pattern}`; there are {}", list(parameters));
            return Err(Error::Config { setting: "optimizer".into(), problem });
        }
        self.optimizers().enumerate().try_for_each(|(index, optimizer)| {
            let own: Vec<&str> = parameters.iter().copied().filter(|name| self.find(name).0 == index).collect();
            optimizer.check(&own)
        })
    }
}

/// Whether `name` is `pattern` with some characters in the place of each `*`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(head) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| matches(tail, &rest[at..]))
}
