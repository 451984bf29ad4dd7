//! Distributions over vectors and matrices, as what is observed and as what is drawn.

use vi_runtime::burn::tensor::TensorData;
use vi_runtime::dist::*;
use vi_runtime::prelude::*;

use super::agree;

fn matrix<const R: usize, const C: usize>(rows: [[f64; C]; R]) -> Result<Tensor<2>> {
    Ok(Tensor::from_data(TensorData::from(rows.map(|row| row.map(|x| x as f32))), &tests::device()?))
}

/// A model that observes the rows of a matrix, whose only parameters are its own.
macro_rules! observes {
    ($($name:ident: $data:expr => |$p:ident, $u:ident| $dist:expr;)*) => { $(
        #[test]
        fn $name() -> Result<()> {
            #[model]
            fn observing(x: Tensor<2>) {
                let $p = param!("p", [0.7, 1.6], support::Positive);
                let $u = param!("u", [0.3, 0.6], support::UnitInterval);
                observe!("x", $dist, x);
            }
            #[guide(model = observing)]
            fn nothing() {}
            agree(stringify!($name), &observing(matrix($data)?), &nothing())
        }
    )* };
}

/// `[[a, 0], [b, c]]`, a batch of one.
fn tril(p: &Tensor<1>, u: &Tensor<1>) -> Tensor<3> {
    let zero = p.clone().narrow(0, 0, 1).zeros_like();
    let rows = [p.clone().narrow(0, 0, 1), zero, u.clone().narrow(0, 0, 1), p.clone().narrow(0, 1, 1)];
    Tensor::cat(rows.to_vec(), 0).reshape([1, 2, 2])
}

fn spd(p: &Tensor<1>, u: &Tensor<1>) -> Tensor<3> {
    let tril = tril(p, u);
    tril.clone().matmul(tril.swap_dims(1, 2))
}

fn flat(matrix: Tensor<3>) -> Tensor<2> {
    matrix.reshape([2, 2])
}

fn row(x: &Tensor<1>) -> Tensor<2> {
    x.clone().reshape([1, 2])
}

/// The first element, one for all rows.
fn first(x: &Tensor<1>) -> Tensor<2> {
    x.clone().narrow(0, 0, 1).reshape([1, 1])
}

const TWO: [[f64; 2]; 2] = [[0.4, 0.9], [-1.2, 0.3]];
const THREE: [[f64; 3]; 2] = [[0.4, 0.9, -0.2], [-1.2, 0.3, 1.1]];
const POSITIVE: [[f64; 2]; 2] = [[1.4, 0.3], [0.3, 0.8]];

fn path() -> Adjacency {
    Adjacency::edges(3, &[(0, 1), (2, 1)]).unwrap()
}

observes! {
    covariance_observed: TWO => |p, u| MultivariateNormal::covariance(row(&u), spd(&p, &u)).expand([2, 2]);
    precision_observed: TWO => |p, u| MultivariateNormal::precision(row(&u), spd(&p, &u)).expand([2, 2]);
    low_rank_observed: TWO => |p, u| LowRankMultivariateNormal::new(row(&u), tril(&p, &u), row(&p)).expand([2, 2]);
    student_t_observed: TWO => |p, u| MultivariateStudentT::new(first(&p) + 2.0, row(&u), tril(&p, &u)).expand([2, 2]);
    zero_sum_observed: [[0.4, -0.4], [-1.2, 1.2]] => |p, u| ZeroSumNormal::new(2, first(&p) * first(&u)).expand([2, 2]);
    random_walk_observed: THREE => |p, u| GaussianRandomWalk::new(3, first(&p) * first(&u)).expand([2, 3]);
    ar_observed: THREE => |p, u| AR::new(3, row(&u) - 0.2, first(&p)).loc(first(&u)).expand([2, 3]);
    ar_given_observed: THREE => |p, u| AR::new(3, row(&u) * 2.0, first(&p)).given(row(&p)).expand([2, 3]);
    car_observed: THREE => |p, u| CAR::new(0.3, first(&u), first(&p), &path()).expand([2, 3]);
    wishart_observed: POSITIVE => |p, u| Wishart::new(first(&p) + 2.0, flat(tril(&p, &u)));
    wishart_cholesky_observed: [[1.4, 0.0], [0.3, 0.8]] => |p, u| WishartCholesky::new(first(&p) + 2.0, flat(tril(&p, &u)));
    inverse_wishart_observed: POSITIVE => |p, u| InverseWishart::new(first(&p) + 2.0, flat(tril(&p, &u)));
    lkj_cholesky_observed: [[1.0, 0.0], [0.6, 0.8]] => |p, u| LKJCholesky::new(2, first(&p) * first(&u));
    lkj_observed: [[1.0, 0.6], [0.6, 1.0]] => |p, u| LKJ::new(2, first(&p) * first(&u));
    matrix_normal_observed: THREE => |p, u| {
        MatrixNormal::new(first(&u), flat(tril(&p, &u)), [[0.8, 0.0, 0.0], [0.1, 0.9, 0.0], [0.3, -0.4, 1.2]])
    };
    state_space_observed: THREE => |p, u| {
        GaussianStateSpace::new(2, flat(tril(&u, &u)), flat(tril(&p, &u)), [[1.0, 0.2], [0.0, 1.0], [0.5, -0.5]], [[0.5, 0.0, 0.0], [0.1, 0.6, 0.0], [0.0, 0.2, 0.7]])
            .initial(row(&u), flat(tril(&p, &p)))
    };
}

/// A guide that draws a matrix of two columns from the family, under a prior of the same support.
macro_rules! draws {
    ($($name:ident: $prior:expr => |$p:ident, $u:ident| $dist:expr;)*) => { $(
        #[test]
        fn $name() -> Result<()> {
            #[model]
            fn latent(y: Tensor<2>) {
                let z = sample!("z", $prior);
                observe!("y", Normal::new(z.square().sum_dim(1), 1.5).independent(1), y);
            }
            #[guide(model = latent)]
            fn drawing() {
                let $p = param!("p", [0.7, 1.6], support::Positive);
                let $u = param!("u", [0.3, 0.6], support::UnitInterval);
                sample!("z", $dist);
            }
            agree(stringify!($name), &latent(matrix([[0.4], [-1.2]])?), &drawing())
        }
    )* };
}

draws! {
    covariance_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(1) => |p, u| MultivariateNormal::covariance(row(&u), spd(&p, &u)).expand([2, 2]);
    precision_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(1) => |p, u| MultivariateNormal::precision(row(&u), spd(&p, &u)).expand([2, 2]);
    low_rank_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(1) => |p, u| LowRankMultivariateNormal::new(row(&u), tril(&p, &u), row(&p)).expand([2, 2]);
    student_t_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(1) => |p, u| MultivariateStudentT::new(first(&p) + 2.0, row(&u), tril(&p, &u)).expand([2, 2]);
    zero_sum_drawn: ZeroSumNormal::new(2, 1.0).expand([2, 2]) => |p, u| ZeroSumNormal::new(2, first(&p) * first(&u)).expand([2, 2]);
    random_walk_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(1) => |p, u| GaussianRandomWalk::new(2, first(&p) * first(&u)).expand([2, 2]);
    ar_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(1) => |p, u| AR::new(2, row(&u) - 0.2, first(&p)).loc(first(&u)).expand([2, 2]);
    ar_given_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(1) => |p, u| AR::new(2, row(&u), first(&p)).given(row(&p)).expand([2, 2]);
    car_drawn: Normal::new(0.0, 2.0).expand([2, 3]).independent(1) => |p, u| CAR::new(0.3, first(&u), first(&p), &path()).expand([2, 3]);
    wishart_drawn: Wishart::new(3.0, [[1.0, 0.0], [0.2, 0.8]]) => |p, u| Wishart::new(first(&p) + 2.0, flat(tril(&p, &u)));
    wishart_cholesky_drawn: WishartCholesky::new(3.0, [[1.0, 0.0], [0.2, 0.8]]) => |p, u| WishartCholesky::new(first(&p) + 2.0, flat(tril(&p, &u)));
    inverse_wishart_drawn: InverseWishart::new(3.0, [[1.0, 0.0], [0.2, 0.8]]) => |p, u| InverseWishart::new(first(&p) + 4.0, flat(tril(&p, &u)));
    lkj_cholesky_drawn: LKJCholesky::new(2, 1.5) => |p, u| LKJCholesky::new(2, first(&p) * first(&u));
    lkj_drawn: LKJ::new(2, 1.5) => |p, u| LKJ::new(2, first(&p) * first(&u));
    matrix_normal_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(2) => |p, u| MatrixNormal::new(first(&u), flat(tril(&p, &u)), flat(tril(&p, &u)));
    state_space_drawn: Normal::new(0.0, 2.0).expand([2, 2]).independent(2) => |p, u| {
        GaussianStateSpace::new(2, flat(tril(&u, &u)), flat(tril(&p, &u)), [[1.0, 0.2], [0.5, -0.5]], [[0.5, 0.0], [0.1, 0.6]])
    };
}

/// 300 steps of a local linear trend.
#[test]
fn a_long_state_space() -> Result<()> {
    #[model]
    fn trend(y: Tensor<2>) {
        let p = param!("p", [0.3, 0.1], support::Positive);
        let u = param!("u", [0.5], support::UnitInterval);
        let noise: Tensor<2> = u.reshape([1, 1]);
        let moves = tril(&p, &(p.clone() * 0.0)).reshape([2, 2]);
        observe!("y", GaussianStateSpace::new(300, [[1.0, 1.0], [0.0, 0.9]], moves, [[1.0, 0.0]], noise), y);
    }
    #[guide(model = trend)]
    fn nothing() {}
    let y: Vec<f32> = (0..300).map(|t| (t as f32 * 0.1).sin() + 0.3 * (t as f32 * 1.7).cos()).collect();
    let y = Tensor::from_data(TensorData::new(y, [300, 1]), &tests::device()?);
    agree("trend", &trend(y), &nothing())
}
