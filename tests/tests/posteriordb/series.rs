//! Series in time: autoregression, moving averages, hidden states, a Gaussian process, a differential equation.

use vi_runtime::linalg::solve_lower;
use vi_runtime::prelude::*;

use super::data::Data;

/// The first `order` values are given.
#[model]
pub fn autoregression(y: Tensor<1>, order: usize) {
    let alpha = sample!("alpha", Normal::new(0.0, 10.0));
    let beta = sample!("beta", Normal::new(0.0, 10.0).expand([order]));
    let sigma = sample!("sigma", HalfCauchy::new(2.5));
    let rest = y.dims()[0] - order;
    let mut mean = alpha;
    for k in 0..order {
        mean = mean + beta.clone().narrow(0, k, 1) * y.clone().narrow(0, order - 1 - k, rest);
    }
    observe!("y", Normal::new(mean, sigma), y.narrow(0, order, rest));
}

pub fn ark(data: &Data) -> Result<impl Program + Clone + use<>> {
    Ok(autoregression(data.vector("y")?, data.number("K")? as usize))
}

/// The errors `e` of `yₜ = mu + phi yₜ₋₁ + theta eₜ₋₁ + eₜ` solve `(I + theta S) e = y − mu − phi S y`, with `S` the matrix that
/// shifts by one; before the first value there is `mu`, and no error.
#[model]
pub fn moving_average(y: Tensor<1>, identity: Tensor<2>, shift: Tensor<2>) {
    let mu = sample!("mu", Normal::new(0.0, 10.0));
    let phi = sample!("phi", Normal::new(0.0, 2.0));
    let theta = sample!("theta", Normal::new(0.0, 2.0));
    let sigma = sample!("sigma", HalfCauchy::new(2.5));
    let before = Tensor::cat(vec![mu.clone(), y.clone().narrow(0, 0, y.dims()[0] - 1)], 0);
    let innovations = y - mu - phi * before;
    let matrix = identity + shift * theta.unsqueeze_dim(1);
    let errors = solve_lower(matrix.unsqueeze_dim(0), innovations.unsqueeze_dim::<2>(1).unsqueeze_dim(0));
    let errors: Tensor<1> = errors.squeeze_dims(&[0, 2]);
    observe!("error", Normal::new(0.0, sigma).expand(errors.dims()), errors);
}

pub fn arma11(data: &Data) -> Result<impl Program + Clone + use<>> {
    let y = data.vector("y")?;
    let n = y.dims()[0];
    let identity = Tensor::<2>::eye(n, &y.device()).cast(y.dtype());
    let zeros = y.clone().zeros_like().unsqueeze_dim(0);
    let shift = Tensor::cat(vec![zeros, identity.clone().narrow(0, 0, n - 1)], 0);
    Ok(moving_average(y, identity, shift))
}

/// Two states, summed out; the first has weight 1 whichever it is. `prior`: means of the two levels; `ln2`: what an even start
/// takes from the log density.
#[model]
pub fn two_states(y: Tensor<1>, prior: Tensor<1>, ln2: Tensor<1>) {
    let theta1 = sample!("theta1", Dirichlet::new([1.0, 1.0]));
    let theta2 = sample!("theta2", Dirichlet::new([1.0, 1.0]));
    let mu = sample!("mu", ImproperUniform::new(Support::PositiveOrdered, [2]));
    observe!("levels", Normal::new(prior, 1.0), mu.clone());
    let transition: Tensor<2> = Tensor::stack(vec![theta1, theta2], 0);
    let emission = Normal::new(mu, 1.0).expand([y.dims()[0], 2]);
    factor!("start", ln2);
    observe!("y", DiscreteHmm::new([0.5, 0.5], transition, emission), y);
}

pub fn hmm_example(data: &Data) -> Result<impl Program + Clone + use<>> {
    Ok(two_states(data.vector("y")?, super::data::vector(vec![3.0, 10.0])?, super::data::vector(vec![2f64.ln()])?))
}

/// `sigma` is the variance of the noise.
#[model]
pub fn gaussian_process(squares: Tensor<2>, identity: Tensor<2>, y: Tensor<1>) {
    let rho = sample!("rho", Gamma::new(25.0, 4.0));
    let alpha = sample!("alpha", HalfNormal::new(2.0));
    let sigma = sample!("sigma", HalfNormal::new(1.0));
    let [rho, alpha, sigma]: [Tensor<2>; 3] = [rho, alpha, sigma].map(|x| x.unsqueeze());
    let kernel = alpha.clone() * alpha * (squares / (rho.clone() * rho) * -0.5).exp() + identity * sigma;
    observe!("y", MultivariateNormal::covariance(y.zeros_like(), kernel), y);
}

pub fn gp_regr(data: &Data) -> Result<impl Program + Clone + use<>> {
    let (x, y) = (data.vector("x")?, data.vector("y")?);
    let identity = Tensor::<2>::eye(x.dims()[0], &y.device()).cast(y.dtype());
    let difference = x.clone().unsqueeze_dim::<2>(0) - x.unsqueeze_dim(1);
    Ok(gaussian_process(difference.clone() * difference, identity, y))
}

/// `dz/dt = z (growth + coupling · other)`, with `other` the two populations exchanged.
fn derivative(z: &Tensor<1>, growth: &Tensor<1>, coupling: &Tensor<1>) -> Tensor<1> {
    z.clone() * (growth.clone() + coupling.clone() * z.clone().flip([0]))
}

/// Hares and lynxes; the equation is integrated by the classical Runge-Kutta method in `substeps` a year.
#[model]
pub fn predation(first: Tensor<1>, y: Tensor<2>, signs: Tensor<1>, priors: Tensor<2>, substeps: usize) {
    let rows = |i: usize| priors.clone().narrow(0, i, 1).squeeze_dim::<1>(0);
    let theta = sample!("theta", TruncatedNormal::new(rows(0), rows(1)).low(0.0));
    let z_init = sample!("z_init", LogNormal::new(10f64.ln(), 1.0).expand([2]));
    let sigma = sample!("sigma", LogNormal::new(-1.0, 1.0).expand([2]));
    let theta: Tensor<2> = theta.reshape([2, 2]);
    let growth = theta.clone().narrow(1, 0, 1).squeeze_dim::<1>(1) * signs.clone();
    let coupling = theta.narrow(1, 1, 1).squeeze_dim::<1>(1) * -signs;
    observe!("y_init", LogNormal::new(z_init.clone().log(), &sigma), first);
    let h = 1.0 / substeps as f64;
    let slope = |z: &Tensor<1>| derivative(z, &growth, &coupling);
    let mut z = z_init;
    let mut years: Vec<Tensor<1>> = Vec::new();
    for _ in 0..y.dims()[0] {
        for _ in 0..substeps {
            let a = slope(&z);
            let b = slope(&(z.clone() + a.clone() * (0.5 * h)));
            let c = slope(&(z.clone() + b.clone() * (0.5 * h)));
            let d = slope(&(z.clone() + c.clone() * h));
            z = z + (a + d + (b + c) * 2.0) * (h / 6.0);
        }
        years.push(z.clone());
    }
    let path: Tensor<2> = Tensor::stack(years, 0);
    observe!("y", LogNormal::new(path.log(), sigma.unsqueeze_dim::<2>(0)), y);
}

fn hares(data: &Data, substeps: usize) -> Result<impl Program + Clone + use<>> {
    let signs = super::data::vector(vec![1.0, -1.0])?;
    let priors = super::data::matrix(vec![1.0, 0.05, 1.0, 0.05, 0.5, 0.05, 0.5, 0.05], 2)?;
    Ok(predation(data.vector("y_init")?, data.matrix("y")?, signs, priors, substeps))
}

/// As the reference integrates it.
pub fn lotka_volterra(data: &Data) -> Result<impl Program + Clone + use<>> {
    hares(data, 16)
}

/// In four steps a year, of which the error is a hundredth of a standard deviation of the noise at most.
pub fn lotka_volterra_coarse(data: &Data) -> Result<impl Program + Clone + use<>> {
    hares(data, 4)
}
