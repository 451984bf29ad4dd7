//! Burn modules inside a program: their float parameters live in the store under the module's name.

use std::rc::Rc;

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

use super::param::ParamScope;
use crate::error::{Error, Result};
use crate::operand::Placement;

/// Walks a module and keeps the dotted path of where it is.
struct Path(Vec<String>);

impl Path {
    fn push(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }
    fn pop(&mut self) {
        self.0.pop();
    }
    fn full(&self) -> String {
        self.0.join(".")
    }
}

struct Register<'a> {
    path: Path,
    scope: &'a ParamScope,
    placement: &'a Placement,
}

impl ModuleVisitor for Register<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            let value = param.val().without_autodiff().to_device(&self.placement.device).cast(self.placement.dtype);
            self.scope.create_unconstrained(&self.path.full(), value.into());
        }
    }
}

struct Load<'a> {
    path: Path,
    scope: &'a ParamScope,
    placement: &'a Placement,
    error: Option<Error>,
}

impl ModuleMapper for Load<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.full();
        let Some(leaf) = self.scope.leaf(&name) else {
            // A frozen parameter keeps its value.
            let placement = self.placement;
            return param.map(|tensor| tensor.to_device(&placement.device).cast(placement.dtype));
        };
        match leaf.typed::<D, burn::tensor::Float>(&name) {
            Ok(tensor) => Param::initialized(param.id, tensor),
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        let placement = self.placement;
        param.map(|tensor| tensor.to_device(&placement.device))
    }
    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<D, Bool>>) -> Param<Tensor<D, Bool>> {
        let placement = self.placement;
        param.map(|tensor| tensor.to_device(&placement.device))
    }
}

/// Looks for a layer that draws from Burn's own generator while it is trained.
#[derive(Default)]
struct Training {
    container: Vec<String>,
    dropout: bool,
}

impl ModuleVisitor for Training {
    fn enter_module(&mut self, _: &str, container: &str) {
        self.container.push(container.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.container.pop();
    }
    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.dropout |= flag.is_enabled() && self.container.last().is_some_and(|last| last == "Struct:Dropout");
    }
}

/// Puts the trainable parameters of `module` into the store and keeps the module as a template.
pub(crate) fn create<M: Module + 'static>(scope: &ParamScope, name: &str, module: M, placement: &Placement) -> Result<M> {
    let module = module.fork(&placement.device);
    // Off autodiff a parameter does not show whether it is frozen; `train` restores what its module was configured with.
    module.clone().train().visit(&mut Register { path: Path(vec![name.to_owned()]), scope, placement });
    scope.store().borrow_mut().insert_module(name.to_owned(), Rc::new(module));
    find(scope, name, placement)?.ok_or_else(|| Error::Param { name: name.to_owned(), problem: "the module could not be stored".into() })
}

/// The module called `name` with the parameters of this step.
pub(crate) fn find<M: Module + 'static>(scope: &ParamScope, name: &str, placement: &Placement) -> Result<Option<M>> {
    let template = {
        let store = scope.store().borrow();
        let Some(module) = store.module(name) else { return Ok(None) };
        module.downcast_ref::<M>().cloned().ok_or_else(|| Error::Param {
            name: name.to_owned(),
            problem: format!("the module was created with another type than {}", std::any::type_name::<M>()),
        })?
    };
    if scope.is_captured() {
        let mut training = Training::default();
        template.visit(&mut training);
        if training.dropout {
            return Err(Error::Unsupported {
                what: format!("the Dropout in module `{name}`"),
                problem: "its random numbers come from Burn's generator; those of `vi_runtime::nn::Dropout` come from the step".into(),
            });
        }
    }
    let mut load = Load { path: Path(vec![name.to_owned()]), scope, placement, error: None };
    let module = template.map(&mut load);
    match load.error {
        Some(error) => Err(error),
        None => Ok(Some(module)),
    }
}
