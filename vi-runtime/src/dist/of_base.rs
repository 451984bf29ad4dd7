//! What a distribution around another one passes on to it.

/// Methods of `Distribution` and of its properties that say what the field `base` says: `of_base! { shape draw place }`.
///
/// `own_conflict` is the method `conflict` of a wrapper that may have one of its own, in the field of that name.
macro_rules! of_base {
    ($($method:ident)+) => {
        $($crate::dist::of_base! { @ $method })+
    };
    (@ shape) => {
        fn shape(&self) -> [usize; D] {
            self.base.shape()
        }
    };
    (@ event_rank) => {
        fn event_rank(&self) -> usize {
            self.base.event_rank()
        }
    };
    (@ support) => {
        fn support(&self) -> $crate::support::Support {
            self.base.support()
        }
    };
    (@ draw) => {
        fn draw(&self, noise: &mut $crate::noise::Noise<'_>) -> $crate::error::Result<burn::tensor::Tensor<D, Self::Kind>> {
            self.base.draw(noise)
        }
    };
    (@ begin) => {
        fn begin(&self, at: &$crate::operand::Placement) -> $crate::error::Result<Option<burn::tensor::Tensor<D, Self::Kind>>> {
            self.base.begin(at)
        }
    };
    (@ is_reparameterised) => {
        fn is_reparameterised(&self) -> bool {
            self.base.is_reparameterised()
        }
    };
    (@ score_vanishes) => {
        fn score_vanishes(&self) -> bool {
            self.base.score_vanishes()
        }
    };
    (@ place) => {
        fn place(mut self, to: &$crate::operand::Placement) -> Self {
            self.base = self.base.place(to);
            self
        }
    };
    (@ grow) => {
        fn grow(mut self, shape: [usize; D]) -> Self {
            self.base = self.base.grow(shape);
            self
        }
    };
    (@ conflict) => {
        fn conflict(&self) -> Option<$crate::dist::ShapeConflict> {
            self.base.conflict()
        }
    };
    (@ own_conflict) => {
        fn conflict(&self) -> Option<$crate::dist::ShapeConflict> {
            self.base.conflict().or_else(|| self.conflict.clone())
        }
    };
    (@ parameters) => {
        fn parameters(&self, visit: &mut dyn FnMut(&'static str, $crate::operand::AnyOperand, $crate::dist::Constraint)) {
            self.base.parameters(visit);
        }
    };
    (@ mean) => {
        fn mean(&self) -> burn::tensor::Tensor<D> {
            self.base.mean()
        }
    };
    (@ variance) => {
        fn variance(&self) -> burn::tensor::Tensor<D> {
            self.base.variance()
        }
    };
    (@ tail) => {
        fn tail(
            &self,
            side: $crate::dist::Side,
            from: &burn::tensor::Tensor<D, Self::Kind>,
            to: &burn::tensor::Tensor<D, Self::Kind>,
        ) -> Option<$crate::dist::Tail<D>> {
            self.base.tail(side, from, to)
        }
    };
    (@ along_tail) => {
        fn along_tail(
            &self,
            side: $crate::dist::Side,
            from: &burn::tensor::Tensor<D, Self::Kind>,
            fall: &burn::tensor::Tensor<D>,
        ) -> Option<burn::tensor::Tensor<D, Self::Kind>> {
            self.base.along_tail(side, from, fall)
        }
    };
    (@ icdf) => {
        fn icdf(&self, p: &burn::tensor::Tensor<D>) -> burn::tensor::Tensor<D, Self::Kind> {
            self.base.icdf(p)
        }
    };
    (@ inverse_survival) => {
        fn inverse_survival(&self, q: &burn::tensor::Tensor<D>) -> burn::tensor::Tensor<D, Self::Kind> {
            self.base.inverse_survival(q)
        }
    };
    // A distribution function: `cdf` and its relatives.
    (@ $of_values:ident) => {
        fn $of_values(&self, value: &burn::tensor::Tensor<D, Self::Kind>) -> burn::tensor::Tensor<D> {
            self.base.$of_values(value)
        }
    };
}
pub(crate) use of_base;
