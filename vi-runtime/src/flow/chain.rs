//! Layers of a flow one after the other.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

use super::Flow;
use crate::Arg;
use crate::bijector::{Bijector, Permute};

/// Layers one after the other, each of which may see the elements in an order of its own.
///
/// A layer's order is undone after it, so that a chain of fresh layers is the identity.
#[derive(Module, Debug, Arg)]
pub struct Chain<L: Module + ModuleDisplay> {
    layers: Vec<L>,
    #[module(skip)]
    orders: Vec<Permute>,
}

impl<L: Module + ModuleDisplay> Chain<L> {
    /// Every layer sees the elements as they are.
    pub fn new(layers: Vec<L>) -> Self {
        Chain { layers, orders: Vec::new() }
    }

    /// Every other layer sees the `features` elements in reverse.
    pub fn alternating(features: usize, layers: Vec<L>) -> Self {
        let orders = (0..layers.len()).map(|i| if i % 2 == 0 { Permute::identity(features) } else { Permute::reverse(features) });
        Chain { orders: orders.collect(), layers }
    }

    /// Each layer sees the elements in its order; layers for which there is none see them as they are.
    pub fn permuted(layers: Vec<L>, orders: Vec<Permute>) -> Self {
        Chain { layers, orders }
    }

    /// The layers with their orders, the identity left out.
    fn ordered(&self) -> impl DoubleEndedIterator<Item = (&L, Option<&Permute>)> {
        self.layers.iter().enumerate().map(|(i, layer)| (layer, self.orders.get(i).filter(|order| !order.is_identity())))
    }
}

fn inside(order: Option<&Permute>, x: Tensor<2>) -> Tensor<2> {
    order.map_or(x.clone(), |order| order.forward(x))
}

fn back(order: Option<&Permute>, x: Tensor<2>) -> Tensor<2> {
    order.map_or(x.clone(), |order| order.inverse(x))
}

impl<L: Flow + Module + ModuleDisplay> Flow for Chain<L> {
    fn push(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let start = Tensor::zeros([x.dims()[0], 1], (&x.device().inner(), x.dtype()));
        self.ordered().fold((x, start), |(x, sum), (layer, order)| {
            let (y, log_det) = layer.push(inside(order, x));
            (back(order, y), sum + log_det)
        })
    }

    fn pull(&self, y: Tensor<2>) -> Tensor<2> {
        self.ordered().rev().fold(y, |y, (layer, order)| back(order, layer.pull(inside(order, y))))
    }
}
