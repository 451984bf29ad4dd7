//! Univariate families with hard tails, angles and directions, relaxations.

use tests::vector;
use vi_runtime::dist::*;
use vi_runtime::prelude::*;

use super::super::agree;

observes! {
    half_student_t_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| HalfStudentT::new(p.clone() + 2.0, u.clone());
    johnson_su_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| JohnsonSU::new(u.clone(), p.clone(), u.clone() - 1.0, p.clone());
    skew_normal_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| SkewNormal::new(u.clone(), p.clone(), u.clone() * 4.0 - 2.0);
    truncated_normal_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| TruncatedNormal::new(u.clone(), p.clone()).low(u.clone() - 1.0).high(1.5);
    truncated_normal_below_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| TruncatedNormal::new(u.clone() * -3.0, p.clone()).low(0.0);
    truncated_normal_above_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| TruncatedNormal::new(u.clone() * 3.0, 0.7).high(p.clone() + 1.0);
    truncated_normal_of_numbers_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| TruncatedNormal::new(0.3, 1.5).low(0.0).high(2.0).masked(u.clone().lower(p.clone()));
    von_mises_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| VonMises::new(u.clone(), p.clone() * 3.0);
    projected_normal_observed: Tensor<1> = vector([0.6, -0.8]) => |x, p, u| ProjectedNormal::new(p.clone() - u.clone() * 3.0);
    relaxed_bernoulli_observed: Tensor<1> = vector([0.4, 0.99]) => |x, p, u| RelaxedBernoulli::new(p.clone(), u.clone());
    relaxed_bernoulli_logits_observed: Tensor<1> = vector([0.4, 0.99]) => |x, p, u| RelaxedBernoulli::logits(p.clone(), u.clone());
    relaxed_bernoulli_rounded_observed: Tensor<1> = vector([0.0, 1.0]) => |x, p, u| RelaxedBernoulliStraightThrough::logits(0.5, u.clone() * p.clone());
    relaxed_one_hot_categorical_observed: Tensor<1> = vector([0.25, 0.75]) => |x, p, u| RelaxedOneHotCategorical::logits(p.clone().sum(), u.clone());
    relaxed_one_hot_categorical_rounded_observed: Tensor<1> = vector([0.0, 1.0]) => |x, p, u| RelaxedOneHotCategoricalStraightThrough::logits(0.5, u.clone() * p.clone());
    improper_uniform_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| ImproperUniform::new(vi_runtime::Support::Positive, [2]).masked(u.clone().lower(p.clone()));
}

draws! {
    half_student_t_drawn: LogNormal::new([1.1, 0.2], 1.0) => |p, u| HalfStudentT::new(p.clone() + 2.0, u.clone());
    johnson_su_drawn: Cauchy::new([1.1, 0.2], 1.0) => |p, u| JohnsonSU::new(u.clone(), p.clone() + 1.0, u.clone(), p.clone());
    skew_normal_drawn: Normal::new([1.1, 0.2], 2.0) => |p, u| SkewNormal::new(u.clone(), p.clone(), u.clone() * 4.0 - 2.0);
    truncated_normal_drawn: Uniform::new([-3.1, -2.2], 3.0) => |p, u| TruncatedNormal::new(u.clone(), p.clone()).low(u.clone() - 1.0).high(1.5);
    truncated_normal_below_drawn: LogNormal::new([1.1, 0.2], 1.0) => |p, u| TruncatedNormal::new(u.clone() * -3.0, p.clone()).low(0.1);
    von_mises_drawn: Normal::new([1.1, 0.2], 2.0) => |p, u| VonMises::new(u.clone(), p.clone());
    relaxed_bernoulli_drawn: Beta::new([1.1, 2.2], 0.8) => |p, u| RelaxedBernoulli::logits(p.clone(), u.clone());
    relaxed_one_hot_categorical_drawn: Dirichlet::new([1.1, 2.2]) => |p, u| RelaxedOneHotCategorical::logits(p.clone().sum(), u.clone());
    relaxed_bernoulli_rounded_drawn: RelaxedBernoulliStraightThrough::new([0.5, 0.5], [0.3, 0.8]) => |p, u| RelaxedBernoulliStraightThrough::logits(p.clone(), u.clone());
    relaxed_one_hot_categorical_rounded_drawn: RelaxedOneHotCategoricalStraightThrough::new(0.5, [0.3, 0.7]) => |p, u| RelaxedOneHotCategoricalStraightThrough::logits(p.clone().sum(), u.clone());
    projected_normal_drawn: MultivariateNormal::new([0.1, 0.2], [[1.5, 0.0], [0.3, 0.8]]) => |p, u| ProjectedNormal::new(p.clone() - u.clone() * 3.0);
}
