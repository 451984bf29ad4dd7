//! Layers of `burn::nn`, activations and the operations on tensors that a program may use, each behind parameters.

use tests::vector;
use vi_runtime::burn;
use vi_runtime::burn::module::Module;
use vi_runtime::burn::nn::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig};
use vi_runtime::burn::nn::pool::{AvgPool1dConfig, AvgPool2dConfig, MaxPool1dConfig, MaxPool2dConfig};
use vi_runtime::burn::nn::{
    Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, PaddingConfig1d, PaddingConfig2d,
};
use vi_runtime::burn::tensor::activation as act;
use vi_runtime::burn::tensor::s;
use vi_runtime::prelude::*;
use vi_runtime::special;

use super::agree;

#[derive(Module, Debug, Arg)]
struct Net {
    embedding: Embedding,
    hidden: Linear,
    norm: LayerNorm,
    conv1d: Conv1d,
    conv2d: Conv2d,
    strided: Conv2d,
}

impl Net {
    fn new(device: &Device) -> Self {
        // The initial weights come from Burn's generator of the process.
        Net {
            embedding: EmbeddingConfig::new(4, 3).init(device),
            hidden: LinearConfig::new(3, 6).init(device),
            norm: LayerNormConfig::new(6).init(device),
            conv1d: Conv1dConfig::new(2, 3, 3).with_padding(PaddingConfig1d::Explicit(1, 1)).init(device),
            conv2d: Conv2dConfig::new([1, 2], [2, 3]).with_padding(PaddingConfig2d::Explicit(1, 1, 0, 0)).init(device),
            strided: Conv2dConfig::new([2, 4], [2, 2])
                .with_groups(2)
                .with_stride([2, 1])
                .with_dilation([1, 2])
                .with_bias(false)
                .init(device),
        }
    }
}

#[model]
fn network(tokens: Tensor<2, Int>, net: Net) {
    let net = module!("net", net);
    let embedded = net.embedding.forward(tokens);
    let hidden = net.norm.forward(net.hidden.forward(embedded));
    factor!("hidden", hidden.clone().powf_scalar(2.0).mul_scalar(0.3));
    let filtered = net.conv1d.forward(hidden.clone());
    factor!("conv1d", filtered.clone().sin());
    let image = net.conv2d.forward(hidden.unsqueeze_dim::<4>(1).reshape([2, 1, 2, 6]));
    factor!("conv2d", image.clone().cos());
    factor!("strided", net.strided.forward(image.clone()).square());
    factor!("max1", MaxPool1dConfig::new(2).with_stride(2).init().forward(filtered.clone()));
    factor!(
        "mean1",
        AvgPool1dConfig::new(3)
            .with_stride(1)
            .with_padding(PaddingConfig1d::Explicit(1, 1))
            .with_count_include_pad(false)
            .init()
            .forward(filtered)
    );
    factor!(
        "max2",
        MaxPool2dConfig::new([2, 2])
            .with_strides([1, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            .init()
            .forward(image.clone())
            .tanh()
    );
    factor!(
        "mean2",
        AvgPool2dConfig::new([2, 2]).with_strides([1, 2]).with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1)).init().forward(image)
    );
}

#[guide(model = network)]
fn nothing() {}

#[test]
fn layers_of_networks() -> Result<()> {
    let device = tests::device()?;
    let tokens = Tensor::<2, Int>::from_data([[0, 3], [1, 1]], &device);
    agree("network", &network(tokens, Net::new(&device)), &nothing())
}

/// Each of these is a factor of its own, weighted so that no gradient is a sum that cancels.
macro_rules! factors {
    ($name:ident($x:ident, $k:ident): $($what:literal => $expr:expr;)*) => {
        #[test]
        fn $name() -> Result<()> {
            #[model]
            fn pieces(data: Tensor<2>, $k: Tensor<1, Int>) {
                let $x = param!("x", [[0.7, -1.6, 0.2, 0.0], [1.1, 0.4, -0.3, 2.3], [0.5, -0.9, 1.7, -2.1]]);
                let $x = $x + data;
                $( factor!($what, $expr); )*
            }
            #[guide(model = pieces)]
            fn none() {}
            if stringify!($name) == "sigmoids" && !tests::has_exact_activations() {
                return Ok(());
            }
            let data = Tensor::<2>::from_floats([[0.0, 0.0, 0.0, 0.0], [0.01, 0.02, 0.03, 0.04], [0.0, 0.1, 0.0, 0.1]], &tests::device()?);
            let units = Tensor::<1, Int>::from_ints([2, 0, 2], &tests::device()?);
            agree(stringify!($name), &pieces(data, units), &none())
        }
    };
}

factors! { activations(x, _k):
    "relu" => act::relu(x.clone()) * 1.1;
    "leaky" => act::leaky_relu(x.clone(), 0.125);
    "log_sigmoid" => act::log_sigmoid(x.clone()) * 0.7;
    "softmax" => act::softmax(x.clone(), 1).square();
    "log_softmax" => act::log_softmax(x.clone(), 0) * x.clone();
    "softmin" => act::softmin(x.clone(), 1).square();
    "softplus" => act::softplus(x.clone(), 1.0);
    "tanh" => act::tanh(x.clone());
    "elu" => act::elu(x.clone(), 1.0);
    "prelu" => act::prelu(x.clone(), Tensor::full([1], 0.25, (&device!(), x.dtype())));
    "mish" => act::mish(x.clone());
}

factors! { sigmoids(x, _k):
    "sigmoid" => act::sigmoid(x.clone());
    "silu" => act::silu(x.clone());
}

factors! { elementwise(x, _k):
    "exp" => x.clone().exp();
    "log" => (x.clone().abs() + 0.5).log();
    "log1p" => x.clone().square().log1p();
    "sqrt" => (x.clone().square() + 0.1).sqrt();
    "erf" => x.clone().erf();
    "trigonometric" => x.clone().sin() * x.clone().cos() + (x.clone() * 0.3).tan();
    "hyperbolic" => x.clone().sinh() + x.clone().cosh() + (x.clone() * 0.2).atanh() + x.clone().asinh() + (x.clone().square() + 1.5).acosh();
    "inverse" => (x.clone() * 0.3).asin() + (x.clone() * 0.2).acos() + x.clone().atan() + x.clone().atan2(x.clone().square() + 1.0);
    "recip" => (x.clone() + 5.0).recip();
    "powers" => x.clone().powi_scalar(3) + (x.clone().abs() + 0.1).powf_scalar(1.75) + (x.clone().abs() + 0.2).powf(x.clone());
    "steps" => x.clone().sign() * x.clone() + x.clone().floor() * x.clone() + x.clone().ceil() * x.clone() + x.clone().round() * x.clone() + x.clone().trunc() * x.clone();
    "clamp" => x.clone().clamp(-0.5, 1.0) + x.clone().clamp_min(0.2) + x.clone().clamp_max(0.1);
    "remainder" => x.clone().remainder_scalar(0.7);
    "pairs" => x.clone().max_pair(x.clone().neg() + 0.3) + x.clone().min_pair(x.clone() * 2.0);
    "choice" => x.clone().mask_where(x.clone().greater_elem(0.3), x.clone().square()) + x.clone().mask_fill(x.clone().lower_equal_elem(0.0), 2.0);
    "logic" => x.clone() * x.clone().lower_elem(0.5).bool_and(x.clone().greater_equal_elem(-1.0)).bool_xor(x.clone().equal_elem(0.4)).float().cast(x.dtype());
    "subtraction" => 2.0 - x.clone() / (x.clone().square() + 1.0);
}

factors! { distribution_functions(x, _k):
    "erf" => special::erf(x.clone());
    "erfc" => special::erfc(x.clone() * 2.0);
    "erfinv" => special::erfinv(x.clone().tanh() * 0.97);
    "ndtr" => special::ndtr(x.clone() * 3.0);
    "log_ndtr" => special::log_ndtr(x.clone() * 8.0);
    "ndtri" => special::ndtri(act::sigmoid(x.clone() * 4.0));
    "log1mexp" => special::log1mexp(x.clone().exp());
    "bessel" => special::i0e(x.clone() * 5.0) + special::i1e(x.clone() * 5.0) + special::log_i0(x.clone() * 9.0);
    "gamma_p" => special::gamma_p(x.clone().exp() * 3.0, (x.clone().square() + 0.5) * 4.0);
    "gamma_q" => special::gamma_q((x.clone() * 3.0).exp(), (x.clone().square() + 0.01) * 40.0);
    "beta_inc" => special::beta_inc((x.clone() * 2.0).exp(), x.clone().square() * 9.0 + 0.2, act::sigmoid(x.clone() * 2.0));
}

factors! { reductions(x, _k):
    "sum" => x.clone().square().sum();
    "sum_dim" => x.clone().sum_dim(1).square();
    "mean" => x.clone().mean().exp();
    "mean_dim" => x.clone().mean_dim(0).exp();
    "prod" => (x.clone() + 3.0).prod().log();
    "prod_dim" => (x.clone() + 3.0).prod_dim(1);
    "max" => x.clone().max() * 1.3;
    "max_dim" => x.clone().max_dim(0).square();
    "min_dim" => x.clone().min_dim(1).square();
    "max_abs" => x.clone().max_abs_dim(1).square();
    "var" => x.clone().var(1) + x.clone().var_bias(1);
    "cumsum" => x.clone().cumsum(1).square();
    "cumprod" => (x.clone() + 3.0).cumprod(0) * 0.1;
    "cummax" => x.clone().cummax(1).square();
    "sort" => x.clone().sort(1) * x.clone();
    "topk" => x.clone().topk(2, 1).square();
    "with_indices" => { let (largest, index) = x.clone().max_dim_with_indices(1); largest * index.float().cast(x.dtype()) };
    "argmax" => x.clone() * x.clone().argmax(1).float().cast(x.dtype());
    "argmin" => x.clone() * x.clone().argmin(0).float().cast(x.dtype());
    "any" => x.clone() * x.clone().greater_elem(2.0).any_dim(1).float().cast(x.dtype());
    "matmul" => x.clone().matmul(x.clone().transpose()).sin();
    "batched" => x.clone().reshape([3, 2, 2]).matmul(x.clone().slice([0..1, 0..4]).reshape([1, 2, 2])).sin();
}

factors! { movement(x, k):
    "slice" => x.clone().slice([1..3, 0..2]).square();
    "strided" => x.clone().slice(s![.., 0..4;2]).square() + x.clone().slice(s![.., ..;-2]).square() * 0.7;
    "flip" => x.clone().flip([0, 1]) * x.clone();
    "transposed" => x.clone().transpose().slice([0..3, 0..3]) * x.clone().slice([0..3, 0..3]);
    "permuted" => x.clone().reshape([3, 2, 2]).permute([2, 0, 1]).slice([0..1, 0..3, 0..2]).square();
    "repeated" => x.clone().repeat_dim(1, 2).square() * 0.3;
    "expanded" => x.clone().slice([0..1, 0..4]).expand([3, 4]) * x.clone();
    "joined" => Tensor::cat(vec![x.clone(), x.clone().square()], 0).sin();
    "stacked" => Tensor::stack::<3>(vec![x.clone(), x.clone().square()], 1).sin();
    "selected" => x.clone().select(0, k.clone()).square() * 0.9;
    "gathered" => x.clone().slice([0..3, 0..3]).gather(0, k.clone().unsqueeze_dim::<2>(0).repeat_dim(0, 2)).square();
    "scattered" => x.clone().slice([0..3, 0..3]).scatter(0, k.clone().unsqueeze_dim::<2>(0), x.clone().slice([0..1, 0..3]), burn::tensor::IndexingUpdateOp::Add).square();
    "select_assigned" => x.clone().select_assign(0, k.clone(), x.clone().square(), burn::tensor::IndexingUpdateOp::Add).square();
    "assigned" => x.clone().slice_assign([1..2, 0..2], x.clone().slice([0..1, 2..4]).square()).sin();
    "padded" => x.clone().pad((1, 0, 2, 0), 0.7).square();
    "tril" => x.clone().slice([0..3, 0..3]).tril(0).square();
    "narrow" => x.clone().narrow(1, 1, 2).square();
    "compared" => x.clone().slice([0..1, 0..3]) * k.clone().equal_elem(2).float().cast(x.dtype()).unsqueeze_dim::<2>(0);
    "counted" => x.clone().slice([0..1, 0..3]) * (k.clone() * 2 + 1).float().cast(x.dtype()).unsqueeze_dim::<2>(0);
    "unfolded" => x.clone().unfold::<3, _>(1, 2, 1).square() * 0.5;
}

/// Burn's own derivative of `gelu` is that of an approximation, and its `hard_sigmoid` on an autodiff device rounds to
/// single precision: what their formulas say, at parameters that the density does not depend on otherwise.
#[test]
fn activations_by_their_formulas() -> Result<()> {
    #[model]
    fn activated(x: Tensor<1>) {
        let p = param!("p", [1.0]);
        factor!("gelu", act::gelu(x.clone()) * p.clone());
        factor!("hard_sigmoid", act::hard_sigmoid(x, 0.25, 0.5) * p);
    }
    #[guide(model = activated)]
    fn nothing() {}
    agree("activated", &activated(vector([-3.0, -1.0, 0.0, 0.5, 3.0])?), &nothing())
}

#[test]
fn a_tensor_made_in_the_program_is_a_constant() -> Result<()> {
    #[model]
    fn constant(y: Tensor<1>) {
        let mu = sample!("mu", Normal::new(0.0, 1.0));
        let w = Tensor::<1>::from_data([1.0, 2.0, 3.0], (&device!(), y.dtype()));
        plate!("n", 3, { observe!("y", Normal::new(mu * w, 1.0), y) });
    }
    agree("constant", &constant(vector([0.1, 0.2, 0.3])?), &AutoNormal::new())
}
