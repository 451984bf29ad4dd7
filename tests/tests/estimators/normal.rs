//! A normal mean with a normal prior: bound and gradient in closed form.

use tests::{assert_close, executions, has_f64, vector};
use vi_runtime::AnyOperand;
use vi_runtime::noise::Noise;
use vi_runtime::objective::{Baseline, Objective};
use vi_runtime::prelude::*;

use super::Estimates;

pub(super) const Y: [f64; 12] = [2.4785, 2.9876, -0.7966, 0.9346, -0.5406, 3.8866, 2.0111, 0.4878, 2.574, 2.1845, 2.4776, 2.0952];

/// Guide, ELBO and its derivatives in location and log scale; 40 digits by mpmath, rounded.
const POINTS: [[f64; 5]; 4] = [
    [0.0, 1.0, -35.437101105715264, 12.27843550295858, -6.2605917159763305],
    [1.5, 0.3, -23.088017105307475, 1.3875479289940826, 0.3465467455621303],
    [-2.0, 0.05, -73.88966769879588, 26.79961893491124, 0.9818485207100591],
    [1.7, 3.0, -52.99907035550869, -0.06457041420118333, -64.34532544378698],
];

#[model]
pub(super) fn mean_of(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(-0.11, 2.5));
    plate!("n", 12, { observe!("y", Normal::new(mu, 1.3), y) });
}

#[guide]
pub(super) fn normal(loc: f64, scale: f64) {
    let (loc, scale) = (param!("loc", [loc]), param!("scale", [scale], support::Positive));
    sample!("mu", Normal::new(loc, scale));
}

/// The same through a transform: a point that is not the value itself.
#[guide]
fn through_a_line(loc: f64, scale: f64) {
    let (loc, scale) = (param!("loc", [loc]), param!("scale", [scale], support::Positive));
    let half = std::rc::Rc::new(vi_runtime::bijector::Affine::new(1.0, 0.5));
    sample!("mu", TransformedDistribution::new(Normal::new((loc - 1.0) * 2.0, scale * 2.0), half));
}

fn unbiased<O: Objective + Clone + 'static>(objective: &O, compiled: (usize, u64), eager: (usize, u64)) -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    for [loc, scale, bound, by_loc, by_scale] in POINTS {
        for execution in executions() {
            let (particles, seeds) = if execution == Execution::Compiled { compiled } else { eager };
            let what = format!("{} at ({loc}, {scale}), {execution:?}", objective.name());
            let model = mean_of(vector(Y)?);
            let found = Estimates::of(&model, &normal(loc, scale), objective, particles, seeds, execution)?;
            found.assert_mean(&what, &[bound, by_loc, by_scale], 1e-5);
            if execution == Execution::Compiled {
                let found = Estimates::of(&model, &through_a_line(loc, scale), objective, particles, seeds, execution)?;
                found.assert_mean(&format!("{what}, through a line"), &[bound, by_loc, by_scale], 1e-5);
            }
        }
    }
    Ok(())
}

#[test]
fn the_pathwise_gradient_is_that_of_the_elbo() -> Result<()> {
    unbiased(&Pathwise, (2000, 25), (20, 20))
}

#[test]
fn sticking_the_landing_has_the_gradient_of_the_elbo() -> Result<()> {
    unbiased(&StickingTheLanding, (2000, 25), (20, 20))
}

#[test]
fn an_annealed_objective_at_weight_1_has_the_gradient_of_the_elbo() -> Result<()> {
    unbiased(&Annealed::new(KlSchedule::Constant), (2000, 25), (20, 20))
}

#[test]
fn a_divergence_in_closed_form_has_the_gradient_of_the_elbo() -> Result<()> {
    unbiased(&AnalyticKl, (2000, 25), (20, 20))
}

#[test]
fn bounds_of_one_sample_are_the_elbo() -> Result<()> {
    unbiased(&Iwae::new(1), (2000, 25), (20, 20))?;
    unbiased(&Dreg::new(1), (2000, 25), (20, 20))
}

#[test]
fn a_tail_adaptive_divergence_that_weighs_all_draws_alike_has_the_gradient_of_the_elbo() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let [loc, scale, _, by_loc, by_scale] = POINTS[1];
    let objective = TailAdaptive::new(5).beta(0.0);
    let found = Estimates::of(&mean_of(vector(Y)?), &normal(loc, scale), &objective, 400, 25, Execution::Compiled)?;
    let bound = found.mean(0);
    found.assert_mean("tail-adaptive", &[bound, by_loc, by_scale], 1e-5);
    Ok(())
}

/// A normal distribution that hides its pathwise gradient.
#[derive(Clone, Debug)]
struct Pathless(Normal<1>);

impl Distribution<1> for Pathless {
    type Kind = vi_runtime::burn::tensor::Float;
    fn name(&self) -> String {
        "Pathless".into()
    }
    fn shape(&self) -> [usize; 1] {
        self.0.shape()
    }
    fn support(&self) -> Support {
        self.0.support()
    }
    fn log_prob(&self, value: &Tensor<1>) -> Tensor<1> {
        self.0.log_prob(value)
    }
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<1>> {
        self.0.draw(noise)
    }
    fn place(self, to: &vi_runtime::Placement) -> Self {
        Pathless(self.0.place(to))
    }
    fn grow(self, shape: [usize; 1]) -> Self {
        Pathless(self.0.grow(shape))
    }
    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.0.parameters(visit);
    }
}

#[guide]
pub(crate) fn pathless(loc: f64, scale: f64) {
    let (loc, scale) = (param!("loc", [loc]), param!("scale", [scale], support::Positive));
    sample!("mu", Pathless(Normal::new(loc, scale)));
}

/// A recording does not show that no gradient may pass through a draw, so that such a fit is eager.
#[test]
fn the_score_function_has_the_gradient_of_the_elbo() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let [loc, scale, bound, by_loc, by_scale] = POINTS[1];
    for (baseline, steps) in [(Baseline::LeaveOneOut, 500), (Baseline::DecayingAverage { decay: 0.9 }, 100), (Baseline::Zero, 60)] {
        let (objective, guide) = (ScoreFunction::new().baseline(baseline), pathless(loc, scale));
        // What remembers costs has met some before.
        let found = Estimates::along(&mean_of(vector(Y)?), &guide, &objective, 100, (20, steps), Execution::Eager)?;
        found.assert_mean(&format!("score function, {baseline:?}"), &[bound, by_loc, by_scale], 1e-5);
    }
    Ok(())
}

#[test]
fn at_the_posterior_each_draw_sticks_the_landing() -> Result<()> {
    // mean and standard deviation of the posterior
    let (loc, scale) = (1.6911067283870127, 0.3711196860296108);
    for execution in executions() {
        for seed in 0..5 {
            let guide = normal(loc, scale);
            let svi = Svi::new(&mean_of(vector(Y)?), guide).optimizer(Sgd::new(1.0)).seed(seed).execution(execution);
            let mut state = svi.init()?;
            svi.step(&mut state)?;
            let (moved, spread) = (state.param("loc")?.to_f64()?[0], state.param("scale")?.to_f64()?[0]);
            // The data are rounded to single precision.
            assert_close(&[moved - loc, (spread / scale).ln()], &[0.0, 0.0], 1e-5);
        }
    }
    Ok(())
}
