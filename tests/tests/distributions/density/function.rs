//! A function of a value and parameters under both executors: Burn's operations, and the graph that is recorded of them.

use std::cell::RefCell;
use std::fmt;

use burn::tensor::{DType, Device, Float, FloatDType, Int, Tensor, TensorData};
use vi_graph::cpu::{Executable, Options};
use vi_graph::ir::{Data, Op};
use vi_graph::{Graph, Id, Key, diff, optimise};

use vi_runtime::compile::function_graph;
use vi_runtime::{AnyTensor, Placement, ValueKind};

use super::super::{burn, numbers};

/// Values, and the gradients of their sum.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub value: Vec<f64>,
    pub x: Option<Vec<f64>>,
    pub params: Vec<Option<Vec<f64>>>,
}

impl Evaluation {
    /// One element of a batch.
    pub fn element(&self, i: usize) -> Self {
        let of = |gradient: &Option<Vec<f64>>| gradient.as_ref().map(|gradient| vec![gradient[i]]);
        Evaluation { value: vec![self.value[i]], x: of(&self.x), params: self.params.iter().map(of).collect() }
    }
}

/// Who computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    Eager,
    Compiled,
}

impl fmt::Display for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Executor::Eager => "eager",
            Executor::Compiled => "compiled",
        })
    }
}

impl Executor {
    /// Those under test: the executor of the graphs works on the tensors of Flex only.
    pub fn under_test(device: &Device) -> &'static [Executor] {
        if *device == Device::flex() { &[Executor::Eager, Executor::Compiled] } else { &[Executor::Eager] }
    }
}

/// What a value is made of.
pub trait Elements: ValueKind {
    /// Whether values are counts.
    const DISCRETE: bool;
    fn tensor(values: &[f64], device: &Device, dtype: DType) -> Tensor<1, Self>;
    /// One that keeps its gradient, where there are gradients.
    fn leaf(values: &[f64], device: &Device, dtype: DType) -> Tensor<1, Self>;
    fn gradient(leaf: &Tensor<1, Self>, of: &burn::tensor::Gradients) -> Option<Vec<f64>>;
    fn data(values: &[f64]) -> Data;
    fn floats<const D: usize>(values: Tensor<D, Self>, dtype: FloatDType) -> Tensor<D>;
}

impl Elements for Float {
    const DISCRETE: bool = false;

    fn tensor(values: &[f64], device: &Device, dtype: DType) -> Tensor<1> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), (device, dtype))
    }

    fn leaf(values: &[f64], device: &Device, dtype: DType) -> Tensor<1> {
        Self::tensor(values, device, dtype).autodiff().require_grad()
    }

    fn gradient(leaf: &Tensor<1>, of: &burn::tensor::Gradients) -> Option<Vec<f64>> {
        leaf.grad(of).map(numbers)
    }

    fn data(values: &[f64]) -> Data {
        Data::Float(values.to_vec())
    }

    fn floats<const D: usize>(values: Tensor<D>, _: FloatDType) -> Tensor<D> {
        values
    }
}

impl Elements for Int {
    const DISCRETE: bool = true;

    fn leaf(values: &[f64], device: &Device, dtype: DType) -> Tensor<1, Int> {
        Self::tensor(values, device, dtype)
    }

    fn tensor(values: &[f64], device: &Device, _: DType) -> Tensor<1, Int> {
        let values: Vec<i64> = values.iter().map(|&x| x as i64).collect();
        let count = values.len();
        Tensor::from_data(TensorData::new(values, [count]), device)
    }

    fn gradient(_: &Tensor<1, Int>, _: &burn::tensor::Gradients) -> Option<Vec<f64>> {
        None
    }

    fn data(values: &[f64]) -> Data {
        Data::Int(values.iter().map(|&x| x as i64).collect())
    }

    fn floats<const D: usize>(values: Tensor<D, Int>, dtype: FloatDType) -> Tensor<D> {
        values.cast(dtype)
    }
}

/// All elements in a row.
pub fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count: usize = tensor.dims().iter().product();
    tensor.reshape([count])
}

type Call<'a, K> = dyn Fn(&Placement, Tensor<1, K>, &[Tensor<1>]) -> Tensor<1> + 'a;

/// A function of a value and parameters, each a flat row of numbers.
pub struct Function<'a, K: ValueKind> {
    call: Box<Call<'a, K>>,
    /// A graph for each precision and shape of the inputs.
    graphs: RefCell<Vec<(DType, Vec<usize>, Compiled)>>,
}

impl<'a, K: Elements> Function<'a, K> {
    pub fn new(call: impl Fn(&Placement, Tensor<1, K>, &[Tensor<1>]) -> Tensor<1> + 'a) -> Self {
        Function { call: Box::new(call), graphs: RefCell::default() }
    }

    /// # Errors
    /// Why there is no graph.
    pub fn evaluate(&self, by: Executor, x: &[f64], params: &[Vec<f64>], device: &Device, dtype: DType) -> Result<Evaluation, String> {
        match by {
            Executor::Eager => Ok(self.eager(x, params, device, dtype)),
            Executor::Compiled => self.compiled(x, params, device, dtype),
        }
    }

    fn eager(&self, x: &[f64], params: &[Vec<f64>], device: &Device, dtype: DType) -> Evaluation {
        let placement = Placement { device: device.clone(), dtype: dtype.into() };
        let (x, params) = (K::leaf(x, device, dtype), params.iter().map(|p| Float::leaf(p, device, dtype)).collect::<Vec<_>>());
        let value = (self.call)(&placement, x.clone(), &params);
        let numbers = numbers(value.clone());
        if !value.is_tracked() {
            return Evaluation { value: numbers, x: None, params: vec![None; params.len()] };
        }
        let gradients = value.sum().backward();
        let params = params.iter().map(|leaf| Float::gradient(leaf, &gradients)).collect();
        Evaluation { value: numbers, x: K::gradient(&x, &gradients), params }
    }

    fn compiled(&self, x: &[f64], params: &[Vec<f64>], device: &Device, dtype: DType) -> Result<Evaluation, String> {
        let shapes: Vec<usize> = std::iter::once(x.len()).chain(params.iter().map(Vec::len)).collect();
        let mut graphs = self.graphs.borrow_mut();
        let known = graphs.iter().position(|(precision, known, _)| *precision == dtype && *known == shapes);
        let place = match known {
            Some(place) => place,
            None => {
                let graph = self.record(x, params, device, dtype)?;
                graphs.push((dtype, shapes, Compiled::new(graph)?));
                graphs.len() - 1
            }
        };
        let data = std::iter::once(K::data(x)).chain(params.iter().map(|p| Data::Float(p.clone()))).collect::<Vec<_>>();
        graphs[place].2.run(&data)
    }

    fn record(&self, x: &[f64], params: &[Vec<f64>], device: &Device, dtype: DType) -> Result<Graph, String> {
        let placement = Placement { device: device.clone(), dtype: FloatDType::from(dtype) };
        let inputs: Vec<AnyTensor> = std::iter::once(AnyTensor::from(K::tensor(x, device, dtype)))
            .chain(params.iter().map(|p| AnyTensor::from(Float::tensor(p, device, dtype))))
            .collect();
        let graph = function_graph(&placement, &inputs, |to, inputs| {
            let params: Vec<Tensor<1>> = inputs[1..].iter().map(|p| p.typed("a parameter").unwrap()).collect();
            (self.call)(to, inputs[0].typed("a value").unwrap(), &params)
        });
        graph.map_err(|refusal| refusal.to_string())
    }
}

/// Value and gradients, optimised and on the executor.
struct Compiled {
    executable: Executable,
    /// Which output the gradient in each input is; absent where there is none.
    gradients: Vec<Option<usize>>,
}

impl Compiled {
    fn new(mut graph: Graph) -> Result<Self, String> {
        let value = graph.outputs[0];
        let total = graph.sum_all(value);
        let inputs: Vec<(usize, Id)> = graph
            .ids()
            .filter_map(|id| match graph.node(id).op {
                Op::Input(input) if graph.node(id).ty == vi_graph::Type::Float => Some((input, id)),
                _ => None,
            })
            .collect();
        let wrt: Vec<Id> = inputs.iter().map(|(_, id)| *id).collect();
        let found = diff::gradient(&mut graph, total, &wrt).map_err(|error| format!("{error}\n{graph}"))?;
        let mut gradients = vec![None; graph.inputs.len()];
        for ((input, _), gradient) in inputs.iter().zip(found) {
            if let Some(gradient) = gradient {
                gradients[*input] = Some(graph.outputs.len());
                graph.outputs.push(gradient);
            }
        }
        let graph = optimise::optimise(&graph);
        let executable = Executable::compile(&graph, &Options::default()).map_err(|error| format!("{error}\n{graph}"))?;
        Ok(Compiled { executable, gradients })
    }

    fn run(&mut self, inputs: &[Data]) -> Result<Evaluation, String> {
        for (number, data) in inputs.iter().enumerate() {
            self.executable.set(number, data).map_err(|error| error.to_string())?;
        }
        self.executable.prologue();
        self.executable.run(Key::new(0));
        let output = |number: usize| match self.executable.get(number) {
            Data::Float(x) => Ok(x),
            other => Err(format!("floats expected, found {other:?}")),
        };
        let mut gradients = self.gradients.iter().map(|gradient| gradient.map(output).transpose()).collect::<Result<Vec<_>, _>>()?;
        let params = gradients.split_off(1);
        Ok(Evaluation { value: output(0)?, x: gradients.pop().flatten(), params })
    }
}
