//! Regressions of counts and of successes.

use vi_runtime::prelude::*;

use super::data::{Data, design, vector};

#[model]
pub fn cubic(year: Tensor<1>, count: Tensor<1>) {
    let alpha = sample!("alpha", Uniform::new(-20.0, 20.0));
    let beta1 = sample!("beta1", Uniform::new(-10.0, 10.0));
    let beta2 = sample!("beta2", Uniform::new(-10.0, 10.0));
    let beta3 = sample!("beta3", Uniform::new(-10.0, 10.0));
    let square = year.clone() * year.clone();
    let log_rate = alpha + beta1 * year.clone() + beta2 * square.clone() + beta3 * square * year;
    observe!("count", Poisson::new(log_rate.exp()), count);
}

pub fn glm_poisson(data: &Data) -> Result<impl Program + Clone + use<>> {
    Ok(cubic(data.vector("year")?, data.vector("C")?))
}

#[model]
pub fn learning(x: Tensor<2>, y: Tensor<1>) {
    let beta = sample!("beta", Normal::new(0.0, 100.0).expand([3]));
    observe!("y", Bernoulli::logits(x.matmul(beta.unsqueeze_dim(1)).squeeze_dim::<1>(1)), y);
}

/// Each dog's numbers of avoidances and of shocks in the trials before.
pub fn dogs(data: &Data) -> Result<impl Program + Clone + use<>> {
    let (y, trials) = (data.numbers("y")?, data.number("n_trials")? as usize);
    let before = |outcome: f64| {
        let each = y.chunks(trials).flat_map(move |dog| {
            dog.iter().scan(0.0, move |count, &y| Some(std::mem::replace(count, *count + f64::from(u8::from(y == outcome)))))
        });
        each.collect::<Vec<f64>>()
    };
    Ok(learning(design([vec![1.0; y.len()], before(0.0), before(1.0)])?, vector(y)?))
}

#[model]
pub fn switching(distance: Tensor<1>, switched: Tensor<1>) {
    let alpha = sample!("alpha", ImproperUniform::new(Support::Real, [1]));
    let beta = sample!("beta", ImproperUniform::new(Support::Real, [1]));
    observe!("switched", Bernoulli::logits(alpha + beta * distance), switched);
}

pub fn wells(data: &Data) -> Result<impl Program + Clone + use<>> {
    Ok(switching(data.vector("dist")? / 100.0, data.vector("switched")?))
}
