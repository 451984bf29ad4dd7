//! Discrete families, whose divergences are sums by the definition (Kullback and Leibler 1951).

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::real::common;
use super::{deviance, log_deviance};
use crate::dist::density::{log_or_nothing, softplus, spread};
use crate::dist::form::Form;
use crate::dist::rows::align;
use crate::dist::{Batch, Bernoulli, Binomial, Categorical, Geometric, KlTo, OneHotCategorical, Poisson};
use crate::operand::{Operand, Placement};

impl<const D: usize> KlTo<D, Poisson<D>> for Poisson<D> {
    /// `rate ln(rate/rate') − rate + rate'`
    fn kl_to(&self, q: &Poisson<D>) -> Tensor<D> {
        let (rate, rate2) = common!(self, q: self.rate, q.rate);
        deviance(rate.clone(), rate2.clone(), rate2 - rate)
    }
}

impl<const D: usize> KlTo<D, Poisson<D>> for Bernoulli<D> {
    /// `p ln(p/rate) + (1 − p) ln(1 − p) + rate`
    fn kl_to(&self, q: &Poisson<D>) -> Tensor<D> {
        let (success, failure) = self.form.probabilities(&self.parameter);
        let (p, rest, rate) = common!(self, q: success, failure, q.rate);
        let one = rest.ones_like();
        deviance(p.clone(), rate.clone(), rate - p.clone()) + deviance(rest, one, p)
    }
}

/// One trial with either of two outcomes: `p ln(p/p') + (1 − p) ln((1 − p)/(1 − p'))`.
fn of_trials<const D: usize>(batch: &Batch<D>, p: (Form, &Operand<D>), q: (Form, &Operand<D>)) -> Tensor<D> {
    let fill = |operand: &Operand<D>| batch.fill(operand.clone());
    if let ((Form::Probs, p), (Form::Probs, q)) = (p, q) {
        let (p, q) = (fill(p), fill(q));
        let (p0, q0) = (p.clone().neg() + 1.0, q.clone().neg() + 1.0);
        let apart = q.clone() - p.clone();
        return deviance(p, q, apart.clone()) + deviance(p0, q0, apart.neg());
    }
    // ln p and ln(1 − p)
    let logs = |(form, parameter): (Form, &Operand<D>)| {
        let x = fill(parameter);
        match form {
            Form::Probs => [log_or_nothing(x.clone()), log_or_nothing(x.neg() + 1.0)],
            Form::Logits => [softplus(x.clone().neg()).neg(), softplus(x).neg()],
        }
    };
    let ([p1, p0], [q1, q0]) = (logs(p), logs(q));
    log_deviance(p1, q1) + log_deviance(p0, q0)
}

impl<const D: usize> KlTo<D, Bernoulli<D>> for Bernoulli<D> {
    /// `p ln(p/p') + (1 − p) ln((1 − p)/(1 − p'))`
    fn kl_to(&self, q: &Bernoulli<D>) -> Tensor<D> {
        of_trials(&self.batch.join(&q.batch), (self.form, &self.parameter), (q.form, &q.parameter))
    }
}

impl<const D: usize> KlTo<D, Binomial<D>> for Binomial<D> {
    /// `n` times that of one trial where both have `n` trials; infinite where `q` has fewer, NaN where it has more: there is
    /// no closed form.
    fn kl_to(&self, q: &Binomial<D>) -> Tensor<D> {
        let (n, n2) = common!(self, q: self.total_count, q.total_count);
        let each = of_trials(&self.batch.join(&q.batch), (self.form, &self.parameter), (q.form, &q.parameter));
        let (fewer, more) = (n2.clone().lower(n.clone()), n2.greater(n.clone()));
        (n * each).mask_fill(fewer, f64::INFINITY).mask_fill(more, f64::NAN)
    }
}

impl<const D: usize> KlTo<D, Geometric<D>> for Geometric<D> {
    /// `1/p` trials, each with the divergence of one.
    fn kl_to(&self, q: &Geometric<D>) -> Tensor<D> {
        let batch = self.batch.join(&q.batch);
        let p = batch.fill(self.parameter.clone());
        let each = of_trials(&batch, (self.form, &self.parameter), (q.form, &q.parameter));
        match self.form {
            Form::Probs => each / p,
            // 1/p = 1 + e⁻ᵃ
            Form::Logits => each * (p.neg().exp() + 1.0),
        }
    }
}

impl<const D: usize> Categorical<D> {
    /// `ln pₖ` of each row, with minus infinities up to `categories`.
    fn log_rows(&self, categories: usize, to: &Placement) -> Tensor<2> {
        let rows = self.rows.clone().tensor(to);
        let rows = match self.form {
            Form::Probs => log_or_nothing(rows),
            Form::Logits => log_softmax(rows, 1),
        };
        let [count, own] = rows.dims();
        if own == categories {
            return rows;
        }
        let lacking = Tensor::full([count, categories - own], f64::NEG_INFINITY, (&rows.device(), rows.dtype()));
        Tensor::cat(vec![rows, lacking], 1)
    }
}

impl<const D: usize> KlTo<D, Categorical<D>> for Categorical<D> {
    /// `Σₖ pₖ ln(pₖ/p'ₖ)`; infinite where `q` lacks a category that `p` uses.
    fn kl_to(&self, q: &Categorical<D>) -> Tensor<D> {
        let dims = self.batch.join(&q.batch).dims();
        let to = match (&self.rows, &q.rows) {
            (Operand::Tensor(rows), _) | (_, Operand::Tensor(rows)) => {
                Placement { device: rows.device().inner(), dtype: rows.dtype().into() }
            }
            _ => Placement::default(),
        };
        let categories = self.rows.dims()[1].max(q.rows.dims()[1]);
        let [p, q] = [self, q].map(|of| align(of.log_rows(categories, &to), &of.own, &dims));
        let each = log_deviance(p, q).sum_dim(1);
        if each.dims()[0] == 1 { spread(each.reshape([1; D]), dims) } else { each.reshape(dims) }
    }
}

impl<const D: usize> KlTo<D, OneHotCategorical<D>> for OneHotCategorical<D> {
    /// `Σₖ pₖ ln(pₖ/p'ₖ)`
    fn kl_to(&self, q: &OneHotCategorical<D>) -> Tensor<D> {
        let batch = self.batch.join(&q.batch);
        let logs = |of: &OneHotCategorical<D>| {
            let rows = batch.fill(of.parameter.clone());
            match of.form {
                Form::Probs => log_or_nothing(rows),
                Form::Logits => log_softmax(rows, D - 1),
            }
        };
        log_deviance(logs(self), logs(q)).sum_dim(D - 1)
    }
}
