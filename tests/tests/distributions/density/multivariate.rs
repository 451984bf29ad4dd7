//! Distributions over vectors and matrices.

use std::fmt;

use burn::tensor::{Float, Tensor};
use vi_runtime::dist::*;
use vi_runtime::linalg;
use vi_runtime::noise::Noise;
use vi_runtime::{AnyOperand, Placement, Result, Support};

use super::super::burn;
use super::{float, matrix};

/// One matrix, flattened: what the tables hold.
#[derive(Clone, Debug)]
struct Flat<T>(T);

impl<T: Distribution<2>> Distribution<1> for Flat<T> {
    type Kind = T::Kind;

    fn name(&self) -> String {
        self.0.name()
    }

    fn shape(&self) -> [usize; 1] {
        [self.0.shape().iter().product()]
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        self.0.support()
    }

    fn is_reparameterised(&self) -> bool {
        self.0.is_reparameterised()
    }

    fn log_prob(&self, value: &Tensor<1, T::Kind>) -> Tensor<1> {
        self.0.log_prob(&value.clone().reshape(self.0.shape())).reshape([1])
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<1, T::Kind>> {
        Ok(self.0.draw(noise)?.reshape(self.shape()))
    }

    fn place(self, to: &Placement) -> Self {
        Flat(self.0.place(to))
    }

    fn grow(self, _: [usize; 1]) -> Self {
        self
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.0.parameters(visit);
    }
}

impl<T: Moments<2>> Moments<1> for Flat<T> {
    fn mean(&self) -> Tensor<1> {
        self.0.mean().reshape(self.shape())
    }

    fn variance(&self) -> Tensor<1> {
        self.0.variance().reshape(self.shape())
    }
}

impl<T: Entropy<2>> Entropy<1> for Flat<T> {
    fn entropy(&self) -> Tensor<1> {
        self.0.entropy().reshape([1])
    }
}

/// The size where no value says it.
const SIZE: usize = 12;

/// A distribution whose size is that of the value: the points of some tables differ in size.
#[derive(Clone)]
struct BySize<F>(F);

impl<F> fmt::Debug for BySize<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BySize")
    }
}

impl<T: Distribution<1, Kind = Float>, F: Fn(usize) -> T + Clone + 'static> Distribution<1> for BySize<F> {
    type Kind = Float;

    fn name(&self) -> String {
        (self.0)(SIZE).name()
    }

    fn shape(&self) -> [usize; 1] {
        [SIZE]
    }

    fn support(&self) -> Support {
        (self.0)(SIZE).support()
    }

    fn is_reparameterised(&self) -> bool {
        (self.0)(SIZE).is_reparameterised()
    }

    fn log_prob(&self, value: &Tensor<1>) -> Tensor<1> {
        (self.0)(value.dims()[0]).log_prob(value)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<1>> {
        (self.0)(SIZE).draw(noise)
    }

    fn place(self, _: &Placement) -> Self {
        self
    }

    fn grow(self, _: [usize; 1]) -> Self {
        self
    }

    fn parameters(&self, _: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {}
}

impl<T: Distribution<1, Kind = Float> + Moments<1>, F: Fn(usize) -> T + Clone + 'static> Moments<1> for BySize<F> {
    fn mean(&self) -> Tensor<1> {
        (self.0)(SIZE).mean()
    }

    fn variance(&self) -> Tensor<1> {
        (self.0)(SIZE).variance()
    }
}

impl<T: Distribution<1, Kind = Float> + Entropy<1>, F: Fn(usize) -> T + Clone + 'static> Entropy<1> for BySize<F> {
    fn entropy(&self) -> Tensor<1> {
        (self.0)(SIZE).entropy()
    }
}

/// A square matrix.
fn square(elements: &Tensor<1>) -> Tensor<2> {
    let size = elements.dims()[0].isqrt();
    elements.clone().reshape([size, size])
}

fn one(number: &Tensor<1>) -> Tensor<2> {
    number.clone().reshape([1, 1])
}

/// The Cholesky factor of a square matrix.
fn factor(elements: &Tensor<1>) -> Tensor<2> {
    let matrix = square(elements);
    let [size, _] = matrix.dims();
    linalg::cholesky(matrix.reshape([1, size, size])).reshape([size, size])
}

/// A matrix with this many columns.
fn wide(elements: &Tensor<1>, columns: usize) -> Tensor<2> {
    let rows = elements.dims()[0] / columns;
    elements.clone().reshape([rows, columns])
}

fn path() -> Adjacency {
    Adjacency::edges(4, &[(0, 1), (2, 1), (0, 3)]).unwrap()
}

fn weighted() -> Adjacency {
    let weights = [
        [0.0, 1.0, 1.0, 0.0, 0.0],
        [1.0, 0.0, 1.0, 0.0, 0.0],
        [1.0, 1.0, 0.0, 2.5, 0.0],
        [0.0, 0.0, 2.5, 0.0, 1.0],
        [0.0, 0.0, 0.0, 1.0, 0.0],
    ];
    Adjacency::dense(&weights).unwrap()
}

families! {
    covariance: "MultivariateNormalCov", ["loc", "covariance_matrix"], float, has [moments, entropy], |p| MultivariateNormal::covariance(&p[0], square(&p[1]));
    precision: "MultivariateNormalPrecision", ["loc", "precision_matrix"], float, has [moments, entropy], |p| MultivariateNormal::precision(&p[0], square(&p[1]));
    low_rank: "LowRankMultivariateNormal", ["loc", "cov_factor", "cov_diag"], float, has [moments, entropy], |p| {
        let rank = p[1].dims()[0] / p[0].dims()[0];
        LowRankMultivariateNormal::new(&p[0], wide(&p[1], rank), &p[2])
    };
    student_t: "MultivariateStudentT", ["df", "loc", "scale_tril"], float, has [moments, entropy], |p| MultivariateStudentT::new(&p[0], &p[1], square(&p[2]));
    wishart: "Wishart", ["df", "scale_matrix"], matrix, has [moments, entropy], |p| Wishart::new(one(&p[0]), factor(&p[1]));
    inverse_wishart: "InverseWishart", ["df", "scale_matrix"], matrix, has [moments, entropy], |p| InverseWishart::new(one(&p[0]), factor(&p[1]));
    wishart_cholesky: "WishartCholesky", ["df", "scale_tril"], matrix, has [moments, entropy], |p| WishartCholesky::new(one(&p[0]), square(&p[1]));
    lkj: "LKJ", ["concentration"], matrix, has [moments, entropy], |p| LKJ::new(2, one(&p[0]));
    matrix_normal: "MatrixNormal", ["loc", "scale_tril_row", "scale_tril_column"], float, has [moments, entropy], |p| {
        let column = square(&p[2]);
        Flat(MatrixNormal::new(wide(&p[0], column.dims()[0]), square(&p[1]), column))
    };
    lkj_cholesky: "LKJCholesky", ["concentration"], float, has [moments, entropy], |p| {
        let p = one(&p[0]);
        BySize(move |size: usize| Flat(LKJCholesky::new(size.isqrt(), &p)))
    };
    zero_sum_normal: "ZeroSumNormal", ["scale"], float, has [moments, entropy], |p| {
        let p = p[0].clone();
        BySize(move |size| ZeroSumNormal::new(size, &p))
    };
    ar: "AR", ["coefficients", "loc", "scale"], float, has [moments, entropy], |p| {
        let p = p.to_vec();
        BySize(move |steps| AR::new(steps, &p[0], &p[2]).loc(&p[1]))
    };
    ar_given: "ARGiven", ["coefficients", "loc", "scale", "initial"], float, has [moments, entropy], |p| {
        let p = p.to_vec();
        BySize(move |steps| AR::new(steps, &p[0], &p[2]).loc(&p[1]).given(&p[3]))
    };
    state_space: "GaussianStateSpace",
        ["transition_matrix", "process_factor", "observation_matrix", "observation_scale_tril", "initial_loc", "initial_factor"], float, has [moments, entropy], |p| {
        let p = p.to_vec();
        BySize(move |size: usize| {
            let (transition, noise) = (square(&p[0]), square(&p[3]));
            let ([states, _], [outputs, _]) = (transition.dims(), noise.dims());
            let tall = |elements: &Tensor<1>| wide(elements, elements.dims()[0] / states);
            let observation = wide(&p[2], states);
            Flat(GaussianStateSpace::new(size / outputs, transition, tall(&p[1]), observation, noise).initial(wide(&p[4], states), tall(&p[5])))
        })
    };
    random_walk: "GaussianRandomWalk", ["scale"], float, has [moments, entropy], |p| GaussianRandomWalk::new(4, &p[0]);
    car: "CAR", ["loc", "correlation", "precision"], float, has [moments, entropy], |p| CAR::new(&p[0], &p[1], &p[2], &path());
    car_of_weights: "CARWeighted", ["loc", "correlation", "precision"], float, has [moments, entropy], |p| CAR::new(&p[0], &p[1], &p[2], &weighted());
}
