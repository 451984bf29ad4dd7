//! Discrete families and hidden Markov chains as what is observed.

use tests::vector;
use vi_runtime::burn::tensor::{DType, TensorData};
use vi_runtime::dist::*;
use vi_runtime::prelude::*;

use super::agree;

fn ints<const N: usize>(values: [i64; N]) -> Result<Tensor<1, Int>> {
    Ok(Tensor::from_data(TensorData::from(values), (&tests::device()?, DType::I64)))
}

/// A sequence of `T` categories out of two.
fn sequence<const T: usize>() -> Result<Tensor<1, Int>> {
    ints::<T>(std::array::from_fn(|t| i64::from((t * t) % 7 < 3)))
}

/// The elements as one row.
fn row(x: &Tensor<1>) -> Tensor<2> {
    x.clone().unsqueeze()
}

/// Rows on top of each other.
fn stack(rows: &[&Tensor<1>]) -> Tensor<2> {
    Tensor::cat(rows.iter().map(|x| row(x)).collect(), 0)
}

observes! {
    beta_binomial_observed: Tensor<1, Int> = ints([2, 5]) => |x, p, u| BetaBinomial::new(p.clone(), u.clone() + 1.0, 7.0);
    dirichlet_multinomial_observed: Tensor<1, Int> = ints([2, 5]) => |x, p, u| DirichletMultinomial::new(p.clone() + u.clone(), 7.0);
    discrete_uniform_observed: Tensor<1, Int> = ints([2, 5]) => |x, p, u| DiscreteUniform::new(1.0, (p.clone() + u.clone()) * 4.0);
    geometric_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| Geometric::new(u.clone() * (p.clone() / (p.clone() + 1.0)));
    geometric_logits_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| Geometric::logits(u.clone() - p.clone());
    hurdle_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| Hurdle::new(u.clone(), Poisson::new(p.clone() * 3.0));
    hurdle_logits_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| {
        Hurdle::logits(u.clone() - p.clone(), NegativeBinomial2::new(p.clone() * 3.0, u.clone() + 1.0))
    };
    hypergeometric_observed: Tensor<1, Int> = ints([2, 5]) => |x, p, u| Hypergeometric::new((p.clone() + u.clone()) * 0.0 + 30.0, 12.0, 10.0);
    multinomial_observed: Tensor<1, Int> = ints([2, 5]) => |x, p, u| {
        Multinomial::new(7.0, (u.clone() + p.clone()) / (u.clone() + p.clone()).sum())
    };
    multinomial_logits_observed: Tensor<1, Int> = ints([2, 5]) => |x, p, u| Multinomial::logits(7.0, u.clone() - p.clone());
    negative_binomial_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| NegativeBinomial::new(p.clone() * 4.0, u.clone());
    negative_binomial_logits_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| NegativeBinomial::logits(p.clone(), u.clone() - p.clone());
    negative_binomial2_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| NegativeBinomial2::new(p.clone() * 40.0, u.clone() + 1.0);
    one_hot_categorical_observed: Tensor<1, Int> = ints([0, 1]) => |x, p, u| {
        OneHotCategorical::new((u.clone() + p.clone()) / (u.clone() + p.clone()).sum())
    };
    one_hot_categorical_logits_observed: Tensor<1> = vector([0.0, 1.0]) => |x, p, u| OneHotCategorical::logits(u.clone() - p.clone());
    ordered_logistic_observed: Tensor<1, Int> = ints([2, 0]) => |x, p, u| OrderedLogistic::new(u.clone(), (row(&p) * row(&u)).cumsum(1));
    skellam_observed: Tensor<1, Int> = ints([-3, 5]) => |x, p, u| Skellam::new(p.clone() * 3.0, u.clone() * 20.0);
    zero_inflated_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| ZeroInflated::new(u.clone(), Poisson::new(p.clone() * 3.0));
    zero_inflated_logits_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| {
        ZeroInflated::logits(u.clone() - p.clone(), NegativeBinomial2::new(p.clone() * 3.0, u.clone() + 1.0))
    };
    zipf_observed: Tensor<1, Int> = ints([1, 5]) => |x, p, u| Zipf::new(p.clone() + u.clone() + 1.0);
    hidden_markov_observed: Tensor<1, Int> = sequence::<7>() => |x, p, u| DiscreteHmm::<1, 2, _>::logits(
        u.clone() - p.clone(),
        stack(&[&p, &u]),
        Categorical::logits(stack(&[&(u.clone() * 2.0), &p]).unsqueeze::<3>()).expand([7, 2]),
    );
    long_hidden_markov_observed: Tensor<1, Int> = sequence::<600>() => |x, p, u| DiscreteHmm::<1, 2, _>::new(
        [0.25, 0.75],
        [[0.9, 0.1], [0.2, 0.8]],
        Categorical::logits(stack(&[&(u.clone() * 2.0), &p]).unsqueeze::<3>()).expand([600, 2]),
    );
}

/// The graph of a sequence grows with the logarithm of its length.
#[test]
fn a_long_sequence_has_a_small_graph() -> Result<()> {
    #[model]
    fn chain(times: usize, x: Tensor<1, Int>) {
        let logits = param!("logits", [[0.1, 0.2], [0.3, -0.4]]);
        let emission = Categorical::logits(logits.unsqueeze::<3>()).expand([times, 2]);
        observe!("x", DiscreteHmm::<1, 2, _>::new([0.25, 0.75], [[0.9, 0.1], [0.2, 0.8]], emission), x);
    }
    #[guide(model = chain)]
    fn nothing() {}
    let nodes = |times: usize, x: Tensor<1, Int>| -> Result<usize> {
        let found = vi_runtime::compile::agreement::agreement(&chain(times, x), &nothing(), vi_runtime::burn::tensor::FloatDType::F32, 0)?;
        Ok(found.graph.unwrap_or_else(|refusal| panic!("{refusal}")).graph.ids().count())
    };
    let (short, long) = (nodes(64, sequence::<64>()?)?, nodes(512, sequence::<512>()?)?);
    // Three levels more.
    assert!(long < 2 * short, "{short} nodes at 64 times, {long} at 512");
    Ok(())
}

/// Sequences in a plate, the chain shared, and counts in a plate.
#[test]
fn sequences_and_counts_in_plates() -> Result<()> {
    #[model]
    fn series(x: Tensor<2, Int>, counts: Tensor<2, Int>) {
        let p = param!("p", [0.7, 1.6], support::Positive);
        let g = sample!("g", Beta::new(2.0, 3.0));
        plate!("series", 3, {
            let emission = Categorical::logits(stack(&[&(p.clone() * 2.0), &p]).reshape([1, 1, 2, 2])).expand([1, 4, 2]);
            observe!("x", DiscreteHmm::<2, 3, _>::new([0.25, 0.75], [[0.9, 0.1], [0.2, 0.8]], emission), &x);
            observe!("counts", Multinomial::logits(5.0, row(&p)), &counts);
            observe!("zeros", ZeroInflated::new(g.clone(), Poisson::new(3.0)), ints([0, 4, 0])?);
        });
    }
    #[guide(model = series)]
    fn beta() {
        sample!("g", Beta::new(param!("a", 1.5, support::Positive), 2.0));
    }
    let x = Tensor::cat(vec![ints([0, 1, 1, 0])?, ints([1, 1, 0, 0])?, ints([0, 0, 0, 1])?], 0).reshape([3, 4]);
    let counts = ints([2, 3, 5, 0, 1, 4])?.reshape([3, 2]);
    agree("series", &series(x, counts), &beta())
}
